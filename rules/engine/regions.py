"""The numbers for which a comparison holds: intervals, and the nearest in them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from rules.engine.values import Number, Value, is_number, show

# Wide enough for every number that people write; what it rounds is found not to fit.
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN, traps=[])
_UNIT = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Numbers between two ends; an end that is ``None`` lies nowhere."""

    low: Number | None = None
    high: Number | None = None
    has_low: bool = True
    has_high: bool = True

    def holds(self, number: Number) -> bool:
        """Tell whether a number lies inside."""
        above = self.low is None or (
            number > self.low or (self.has_low and number == self.low)
        )
        below = self.high is None or (
            number < self.high or (self.has_high and number == self.high)
        )
        return above and below

    @property
    def is_empty(self) -> bool:
        """Tell whether no number lies inside."""
        if self.low is None or self.high is None:
            return False
        if self.low == self.high:
            return not (self.has_low and self.has_high)
        return self.low > self.high

    def meet(self, other: "Interval") -> "Interval":
        """Give what lies in both."""
        low, has_low = self.low, self.has_low
        if other.low is not None and (low is None or other.low >= low):
            has_low = other.has_low and (other.low != low or has_low)
            low = other.low
        high, has_high = self.high, self.has_high
        if other.high is not None and (high is None or other.high <= high):
            has_high = other.has_high and (other.high != high or has_high)
            high = other.high
        return Interval(low=low, high=high, has_low=has_low, has_high=has_high)

    def nearest_to(self, number: Number) -> Number | None:
        """Give the number inside that is nearest, to the last digit that is written.

        Beyond an end that does not count itself it is one unit of the last digit of
        either, or, where that is too far, the middle. ``None`` if it would take more
        digits than anybody writes.
        """
        if self.holds(number):
            return number
        end, counts, way = self._end_before(number)
        if counts:
            return end
        for tried in (_step(end, number, way), self._middle()):
            if tried is not None and self.holds(tried):
                return tried
        return None

    def say_from(self, number: Number) -> str:
        """Say where the interval begins, seen from a number outside of it."""
        end, counts, way = self._end_before(number)
        if self.low == self.high:
            return f"at {show(end)}"
        side = "above" if way > 0 else "below"
        return f"at or {side} {show(end)}" if counts else f"{side} {show(end)}"

    def _end_before(self, number: Number) -> tuple[Number, bool, int]:
        """Give the end on the way from a number outside, and the way: 1 is upward."""
        if self.low is not None and number <= self.low:
            return self.low, self.has_low, 1
        if self.high is None:
            raise ValueError(f"{number} lies inside.")
        return self.high, self.has_high, -1

    def _middle(self) -> Number | None:
        if self.low is None or self.high is None:
            return None
        return _EXACT.divide(_EXACT.add(Decimal(self.low), Decimal(self.high)), 2)


Region = tuple[Interval, ...]
"""All the numbers for which something holds; its intervals do not overlap."""
NOWHERE: Region = ()
EVERYWHERE: Region = (Interval(),)


def region_of(op: str, wanted: Value) -> Region | None:
    """Give the numbers for which a comparison with these numbers holds.

    ``None`` for other operators, and beside what is no number.
    """
    if op not in _REGIONS:
        return None
    # A list on the other side of other operators is one value, and no number.
    ends = wanted if op in _SEVERAL and isinstance(wanted, list) else [wanted]
    if not all(map(is_number, ends)):
        return None
    return tuple(one for one in _REGIONS[op](*ends) if not one.is_empty)


def complement(region: Region) -> Region:
    """Give what lies outside of a region."""
    left = EVERYWHERE
    for one in region:
        left = meet(left, _around(one))
    return left


def meet(one: Region, other: Region) -> Region:
    """Give what lies in both regions."""
    both = (here.meet(there) for here in one for there in other)
    return tuple(interval for interval in both if not interval.is_empty)


def holds(region: Iterable[Interval], number: Number) -> bool:
    """Tell whether a number lies in a region."""
    return any(interval.holds(number) for interval in region)


def _around(one: Interval) -> Region:
    """Give what lies below an interval, and what lies above."""
    below = Interval(high=one.low, has_high=not one.has_low)
    above = Interval(low=one.high, has_low=not one.has_high)
    sides = ((below, one.low), (above, one.high))
    return tuple(side for side, end in sides if end is not None)


def _points(*ends: Number) -> Region:
    return tuple(Interval(low=end, high=end) for end in sorted(set(ends)))


def _step(end: Number, number: Number, way: int) -> Number:
    """Give the next number beyond an end, written as finely as it or the other."""
    if isinstance(end, int) and isinstance(number, int):
        return end + way
    exponents = [Decimal(one).as_tuple().exponent for one in (end, number)]
    finest = min(0, *(one for one in exponents if isinstance(one, int)))
    return _EXACT.add(Decimal(end), (way * _UNIT).scaleb(finest, _EXACT))


_Ends = Callable[..., Region]
_REGIONS: Mapping[str, _Ends] = {
    "gt": lambda end: (Interval(low=end, has_low=False),),
    "gte": lambda end: (Interval(low=end),),
    "lt": lambda end: (Interval(high=end, has_high=False),),
    "lte": lambda end: (Interval(high=end),),
    "eq": lambda end: (Interval(low=end, high=end),),
    "ne": lambda end: (
        Interval(high=end, has_high=False),
        Interval(low=end, has_low=False),
    ),
    "between": lambda low, high: (Interval(low=low, high=high),),
    "outside": lambda low, high: (
        Interval(high=low, has_high=False),
        Interval(low=high, has_low=False),
    ),
    "in": _points,
    "nin": lambda *ends: complement(_points(*ends)),
}
_SEVERAL = frozenset(("between", "outside", "in", "nin"))
