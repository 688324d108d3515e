"""What a back-test told, as it is kept of one in the background."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rules.engine import Position, TransitionKind
from rules.services.backtests import Backtest, Closest, Hit
from rules.services.comparisons import Comparison

_COUNTS = ("alerts", "told", "passes", "keys", "events", "errors")


def backtest_to_json(found: Backtest) -> dict[str, object]:
    """Write what was found; curves are drawn at once or not at all."""
    return {
        **{name: getattr(found, name) for name in _COUNTS},
        "told_by_output": dict(found.told_by_output),
        "per_day": {day.isoformat(): count for day, count in found.per_day.items()},
        "per_key": [[key, count] for key, count in found.per_key],
        "earliest": found.earliest and found.earliest.isoformat(),
        "latest": found.latest and found.latest.isoformat(),
        "is_cut": found.is_cut,
        "error": found.error,
        "hits": _hits_to_json(found.hits),
        "closest": found.closest and _closest_to_json(found.closest),
    }


def backtest_from_json(kept: Mapping[str, Any]) -> Backtest:  # Any: JSON as decoded
    """Read it back."""
    return Backtest(
        alerts=kept["alerts"],
        told=kept["told"],
        passes=kept["passes"],
        keys=kept["keys"],
        events=kept["events"],
        errors=kept["errors"],
        told_by_output=kept["told_by_output"],
        per_day={
            date.fromisoformat(day): count for day, count in kept["per_day"].items()
        },
        per_key=[(key, count) for key, count in kept["per_key"]],
        earliest=_instant(kept["earliest"]),
        latest=_instant(kept["latest"]),
        is_cut=kept["is_cut"],
        error=kept["error"],
        hits=tuple(_hit(one) for one in kept["hits"]),
        closest=_closest(kept.get("closest")),
    )


def comparison_to_json(compared: Comparison) -> dict[str, object]:
    """Write how an edited rule differs from the rule as it stands."""
    return {
        "before": backtest_to_json(compared.before),
        "after": backtest_to_json(compared.after),
        "added": compared.added,
        "removed": compared.removed,
        "kept": compared.kept,
        "added_hits": _hits_to_json(compared.added_hits),
        "removed_hits": _hits_to_json(compared.removed_hits),
    }


def comparison_from_json(kept: Mapping[str, Any]) -> Comparison:  # Any: JSON as decoded
    """Read it back."""
    return Comparison(
        before=backtest_from_json(kept["before"]),
        after=backtest_from_json(kept["after"]),
        added=kept["added"],
        removed=kept["removed"],
        kept=kept["kept"],
        added_hits=tuple(map(_hit, kept["added_hits"])),
        removed_hits=tuple(map(_hit, kept["removed_hits"])),
    )


def _hits_to_json(hits: Iterable[Hit]) -> list[dict[str, object]]:
    return [
        {**asdict(hit), "kind": hit.kind.value, "at": hit.at.isoformat()}
        for hit in hits
    ]


def _closest_to_json(closest: Closest) -> dict[str, object]:
    return {**asdict(closest), "at": closest.at.isoformat()}


def _closest(kept: Mapping[str, Any] | None) -> Closest | None:  # Any: JSON as decoded
    """Read how near a rule came; what was kept before nearness was has none."""
    if kept is None:
        return None
    return Closest(
        key=kept["key"],
        at=datetime.fromisoformat(kept["at"]),
        value=Decimal(kept["value"]),
        margin=Decimal(kept["margin"]),
    )


def _hit(kept: Mapping[str, Any]) -> Hit:  # Any: JSON as decoded
    return Hit(
        kind=TransitionKind(kept["kind"]),
        key=kept["key"],
        at=datetime.fromisoformat(kept["at"]),
        position=Position(**kept["position"]),
        value=kept["value"],
        reason=kept["reason"],
        told=tuple(kept["told"]),
    )


def _instant(kept: str | None) -> datetime | None:
    return None if kept is None else datetime.fromisoformat(kept)
