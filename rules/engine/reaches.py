"""Where a number must lie for a condition to be so, the past being as it was."""

from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction

from rules.engine.operands import Direction, Scores
from rules.engine.operators import Sides
from rules.engine.operators.moves import least_move, side_before
from rules.engine.regions import (
    EVERYWHERE,
    NOWHERE,
    Interval,
    Region,
    complement,
    region_of,
)
from rules.engine.values import Number, Value, is_number, same_value

_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[])


def reach(op: str, wanted: Value, sides: Sides, *, truth: bool) -> Region | None:
    """Give the numbers on the left side of which an operator says ``truth``.

    Nowhere if the past leaves it open whatever the number is. ``None`` for operators
    that compare no numbers, and beside what is no number. ``wanted`` is the right side
    as JSON writes it.
    """
    if op in _MOVES:
        region = _MOVES[op](sides)
        if region is _OPEN:
            return NOWHERE
    else:
        region = region_of(op, wanted)
    if region is None or truth:
        return region
    return complement(region)


def _crossing(*, up: bool, down: bool) -> "_Reach":
    def reach_of(sides: Sides) -> Region | None:
        level, came_from = sides.wanted, side_before(sides)
        if came_from is None or not is_number(level):
            return _OPEN
        if up and came_from < 0:
            return (Interval(low=level, has_low=False),)
        if down and came_from > 0:
            return (Interval(high=level, has_high=False),)
        return NOWHERE

    return reach_of


def _moving(*, up: bool, down: bool) -> "_Reach":
    def reach_of(sides: Sides) -> Region | None:
        base = sides.before
        if not is_number(base):
            return _OPEN
        least = least_move(base, sides.wanted)
        if least is None:
            return _OPEN
        if least <= 0 and up and down:
            return EVERYWHERE
        below = (Interval(high=_moved(base, -least)),) if down else ()
        above = (Interval(low=_moved(base, least)),) if up else ()
        return (*below, *above)

    return reach_of


def _unusual(sides: Sides) -> Region | None:
    scores: Scores = sides.wanted
    band = sides.baseline and sides.baseline.band(scores)
    if not band or band.low == band.high:
        return _OPEN
    below = (Interval(high=band.low, has_high=False),)
    above = (Interval(low=band.high, has_low=False),)
    return {
        Direction.BELOW: below,
        Direction.ABOVE: above,
        Direction.EITHER: (*below, *above),
    }[scores.direction]


def _changed(sides: Sides) -> Region | None:
    if sides.last is None:
        return _OPEN
    return region_of("ne", sides.last) or EVERYWHERE


def _changed_to(sides: Sides) -> Region | None:
    if sides.last is None:
        return _OPEN
    if same_value(sides.last, sides.wanted) and is_number(sides.wanted):
        return NOWHERE
    return region_of("eq", sides.wanted)


def _moved(base: Number, by: Fraction) -> Number:
    """Move a number by a share of itself, which has few digits behind the point."""
    if isinstance(base, int) and by.denominator == 1:
        return base + by.numerator
    far = _EXACT.divide(Decimal(by.numerator), Decimal(by.denominator))
    return _EXACT.add(Decimal(base), far)


_Reach = Callable[[Sides], Region | None]
#: Stands for "unknown, whatever the number is"; no other region is this very tuple.
_OPEN: Region = (Interval(low=1, high=0),)
_MOVES: Mapping[str, _Reach] = {
    "cross_up": _crossing(up=True, down=False),
    "cross_down": _crossing(up=False, down=True),
    "cross": _crossing(up=True, down=True),
    "rise": _moving(up=True, down=False),
    "fall": _moving(up=False, down=True),
    "change": _moving(up=True, down=True),
    "anomaly": _unusual,
    "changed": _changed,
    "changed_to": _changed_to,
}
