"""A verdict in words: what was found of each condition, for people to read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from rules.engine import OPERATORS, Operand, Operator, is_number, show, show_brief

_GROUPS = {
    "all": "All of these",
    "any": "At least one of these",
    "not": "The opposite of this",
}
_READ = Context(prec=12, rounding=ROUND_HALF_EVEN, traps=[])
# Their right side is written as text, and is none: "1%", "15m".
_MEASURES = frozenset({Operand.AMOUNT, Operand.SPAN, Operand.TIME})


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A condition or a group as it was found; `truth` None means unknown.

    `details` are the two sides of a condition by their names, and how far they lie
    apart. `seen_at` is when the value on the left came.
    """

    truth: bool | None
    text: str
    fact: str = ""
    details: tuple[tuple[str, str], ...] = ()
    seen_at: datetime | None = None
    members: tuple[Finding, ...] = ()


def finding_of(verdict: Mapping[str, Any]) -> Finding:  # Any: JSON
    """Say a verdict that was written as plain data, by this release or an older one."""
    truth = verdict.get("truth")
    known = truth if isinstance(truth, bool) else None
    group = _GROUPS.get(str(verdict.get("kind", ""))) or _over_time(verdict)
    if group:
        members = tuple(map(finding_of, _members(verdict)))
        return Finding(truth=known, text=group, members=members)
    return Finding(
        truth=known,
        text=str(verdict.get("reason", "")),
        fact=str(verdict.get("fact", "")),
        details=tuple(_details(verdict)),
        seen_at=verdict.get("seen_at"),
    )


def _over_time(verdict: Mapping[str, Any]) -> str:
    """Return what was counted of a condition that must last, or come about often."""
    progress = verdict.get("progress")
    if not isinstance(progress, Mapping):
        return ""
    said = str(progress.get("said") or "not so yet")
    return said[:1].upper() + said[1:]


def _members(verdict: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    members = verdict.get("members")
    return members if isinstance(members, list) else []


def _details(verdict: Mapping[str, Any]) -> list[tuple[str, str]]:
    operator = OPERATORS.get(str(verdict.get("op", "")))
    details = [("Found", _taken(verdict, "found"))]
    if operator is None:
        return details
    if operator.deviates:
        return [*details, *_band(verdict)]
    return [*details, *_sides(verdict, operator)]


def _sides(verdict: Mapping[str, Any], operator: Operator) -> list[tuple[str, str]]:
    details = []
    if operator.looks_back:
        details.append(("Before", _shown(verdict.get("before"))))
    if verdict.get("side"):
        details.append(("Came from", str(verdict["side"])))
    wanted = operator.phrase
    if operator.operand in _MEASURES:
        wanted = f"{wanted} {verdict.get('wanted')}"
    elif operator.operand is not Operand.NOTHING:
        wanted = f"{wanted} {_shown(verdict.get('wanted'))}"
    if verdict.get("wanted_fact"):
        wanted = f"{wanted}, of {verdict['wanted_fact']}"
    details.append(("Wanted", wanted))
    if verdict.get("margin") and operator.compares_alike:
        details.append(("Apart", _taken(verdict, "margin")))
    return details


def _band(verdict: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Give how unusual a value is, and between what it would not be."""
    band = verdict.get("band")
    if isinstance(band, Mapping):
        low, centre, high = map(_shown_brief, map(band.get, ("low", "centre", "high")))
        yield "Band", f"{low} to {high}"
        yield "Median", f"{centre}, of {band.get('count')} values"
        yield "Score", _shown_brief(band.get("score"), digits=2)
    direction = verdict.get("direction")
    side = f", {direction}" if direction in ("above", "below") else ""
    yield "Wanted", f"a score of more than {_shown(verdict.get('wanted'))}{side}"


def _shown_brief(value: Any, *, digits: int | None = None) -> str:  # Any: JSON
    if not is_number(value):
        return "unknown"
    number = Decimal(value)
    return show_brief(number if digits is None else round(number, digits))


def _taken(verdict: Mapping[str, Any], name: str) -> str:  # Any: JSON
    """Show a value; of one that was taken of a window nobody reads all 34 digits."""
    value = verdict.get(name)
    if "contents" in verdict and is_number(value):
        number = Decimal(value)
        if len(number.as_tuple().digits) > _READ.prec:
            return show(_READ.plus(number))
    return _shown(value)


def _shown(value: Any) -> str:  # Any: JSON
    return "no value" if value is None else show(value)
