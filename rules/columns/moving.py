"""One value arrives: where it stands now, and which cuts it passed on the way."""

from dataclasses import dataclass
from decimal import Decimal

from rules.columns.cuts import UP
from rules.columns.readings import Reading
from rules.columns.segments import Segments
from rules.columns.series import NO_SEGMENT, Column, Positions


@dataclass(frozen=True, slots=True)
class Step:
    """What one value did among the cuts of one segment.

    It moved from position ``old`` to ``new``; if ``was`` or ``now`` is false, it was or
    is unknown. ``last`` is the number before, ``prior`` the distinct one before that;
    they are given while a rule waits for a crossing.
    """

    standing: Positions
    segment: int
    old: int
    new: int
    was: bool
    now: bool
    last: Decimal | None
    prior: Decimal | None

    @classmethod
    def of_numbers(
        cls, standing: Positions, segment: int, old: int, new: int
    ) -> "Step":
        """Describe a move between numbers that no rule waits to see cross."""
        return cls(
            standing, segment, old, new, was=True, now=True, last=None, prior=None
        )


def take_in(
    column: Column, key: int, reading: Reading | None, segments: Segments
) -> list[Step]:
    """Take in a value of a key, and say what it did in each segment.

    1. An unknown value leaves the last number and its position where they were.
    2. A number finds its position by its double, or by its decimal if need be.
    3. The column remembers it, unless it is the same number again.
    """
    was = column.known.view[key]
    last = prior = None
    if column.crossings:
        last, prior = column.number_of(key), column.prior_of(key)
    steps = []
    for standing in column.standings:
        segment = standing.segment_of(key)
        if segment != NO_SEGMENT:
            old = standing.position.view[key]
            new = old if reading is None else _find(segments, segment, reading)
            now = reading is not None
            if new != old or not was:
                standing.settle(key, segments, new)
            steps.append(Step(standing, segment, old, new, was, now, last, prior))
    column.known.view[key] = reading is not None
    if reading is not None and _is_other(column, key, reading):
        column.keep(key, *reading)
    return steps


def is_crossed(step: Step, bound: Decimal, kind: int) -> bool:
    """Tell whether passing a cut crosses it: with a side remembered, from the other.

    A number equal to the threshold keeps the side it came from.
    """
    if step.last is None or bool(kind & UP) is not (step.new > step.old):
        return False
    if step.last != bound:
        return True
    return step.prior is not None and (step.prior < bound) is bool(kind & UP)


def _find(segments: Segments, segment: int, reading: Reading) -> int:
    double, exact = reading
    if exact is None:
        return segments.position(segment, double)
    return segments.exact_position(segment, exact, double)


def _is_other(column: Column, key: int, reading: Reading) -> bool:
    double, exact = reading
    if double != column.value.view[key]:
        return True
    return exact != column.exact.get(key)
