"""What lies in a stretch of time: how many events, and how near a rule came."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.cuts import Number
from rules.columns.history.records import shortest
from rules.columns.history.truths import Source, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How many events there are, and the times of the first and the last."""

    events: int = 0
    earliest: int | None = None
    latest: int | None = None

    def __add__(self, other: "Span") -> "Span":
        """Put the events of another span with these."""
        found = [one for one in (self, other) if one.events]
        return Span(
            events=self.events + other.events,
            earliest=min((one.earliest or 0 for one in found), default=None),
            latest=max((one.latest or 0 for one in found), default=None),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """The place of the value that came nearest, the value, and what it missed by."""

    place: int
    value: Decimal
    margin: Decimal


def span_of(
    stretches: Iterable[Longs], earliest: int | None, latest: int | None
) -> Span:
    """Sum up the times of some stretches that lie within bounds."""
    total = Span()
    for at in stretches:
        if earliest is not None or latest is not None:
            at = at[within(at, earliest, latest)]  # noqa: PLW2901 - the rest of it
        if len(at):
            total += Span(events=len(at), earliest=int(at.min()), latest=int(at.max()))
    return total


def nearest_of(
    source: Source, bounds: Iterable[Number], asked: Flags | None
) -> Miss | None:
    """Find the value nearest to one of some bounds; none if nothing is known."""
    values = values_of(source)
    if asked is not None:
        values = np.where(asked, values, np.nan)
    best: Miss | None = None
    for bound in bounds:
        margins = np.abs(values - float(bound))
        # Unlike other ways to the least, this one passes over what is unknown at once.
        least = np.fmin.reduce(margins, initial=np.inf)
        if not np.isfinite(least):
            continue
        place = int(np.argmax(margins == least))
        value = shortest(float(values[place]))
        found = Miss(place=place, value=value, margin=abs(value - Decimal(bound)))
        if best is None or found.margin < best.margin:
            best = found
    return best


def within(at: Longs, earliest: int | None, latest: int | None) -> Flags:
    """Tell which times lie within bounds, both of them included."""
    inside = np.ones(len(at), dtype=np.bool_)
    if earliest is not None:
        inside &= at >= earliest
    if latest is not None:
        inside &= at <= latest
    return inside
