"""What a back-test told, as it is kept of one in the background."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from rules.engine import Position, TransitionKind
from rules.services.backtests import Backtest, Hit

_COUNTS = ("alerts", "told", "passes", "keys", "events", "errors")


def backtest_to_json(found: Backtest) -> dict[str, object]:
    """Write what the engine found; only columns draw curves and tell of near misses."""
    return {
        **{name: getattr(found, name) for name in _COUNTS},
        "told_by_output": dict(found.told_by_output),
        "per_day": {day.isoformat(): count for day, count in found.per_day.items()},
        "per_key": [[key, count] for key, count in found.per_key],
        "earliest": found.earliest and found.earliest.isoformat(),
        "latest": found.latest and found.latest.isoformat(),
        "is_cut": found.is_cut,
        "error": found.error,
        "hits": [
            {**asdict(hit), "kind": hit.kind.value, "at": hit.at.isoformat()}
            for hit in found.hits
        ],
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
