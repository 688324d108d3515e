"""Operators as cuts of the line of numbers.

Every threshold is a cut ``c <= v``: a value passes the cuts at or below it. A condition
over one number is true on some intervals of the line, so it is the truth below all its
cuts and a turn at each of them: ``gte 5`` is false, then true from 5 on; ``eq 5`` is
false, true from 5 on, false again after 5.

Doubles decide exactly. Two decimals of at most 15 significant digits never share a
double, so a cut at ``x`` stands at the double nearest to ``x``, and one just after
``x`` at the double that follows. A constant with more digits is compared once, here,
with the shortest decimal of its double, and stands there or at the next: right for
every value that is its own shortest decimal, ties included. Only a value with more
digits than that is compared as a decimal, and only among the cuts that share its
double. Numbers outside the normal range of doubles are left to the engine.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact
from fractions import Fraction
from itertools import groupby
from math import inf, nextafter
from typing import TypeGuard

from rules.engine import Condition, Constant, Constants

Number = int | Decimal

UP = 1
"""The condition turns true where the value passes the cut from below; else false."""
HEAD = 2
"""The first cut of its condition: it stands for the condition when a value comes."""
BASE = 4
"""On a head: the condition is true below all its cuts."""
OPEN = 8
"""The constant itself lies below the cut: it stands just after it."""
EXACT = 16
"""The constant has more digits than its double; its decimal is kept apart."""
MEMBER = 32
"""The condition belongs to a group; otherwise it is a whole rule."""
CROSSING = 64
"""Passing the cut is what the rule waits for, in one direction, not being beyond it."""

LEAST, MOST = 1e-300, 1e300
EXACT_INTEGERS = 10**15
_SHORT = Context(prec=15, traps=[Inexact])


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut at a double. ``exact`` is the constant, where the double is not enough."""

    at: float
    kind: int
    exact: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Where a condition over one number is true.

    ``base`` is the truth below all cuts; it turns at each of them. Every bound is a
    constant and whether the constant itself still lies below the cut.
    """

    base: bool
    bounds: tuple[tuple[Number, bool], ...]

    def inverted(self) -> "Line":
        """Be true where this is false."""
        return Line(not self.base, self.bounds)

    @property
    def cuts(self) -> tuple[Cut, ...] | None:
        """Place the bounds among the doubles; none if one lies outside their range."""
        placed = [place(number, is_open=is_open) for number, is_open in self.bounds]
        turned: list[Cut] = []
        turns_up = not self.base
        for cut in placed or (Cut(inf, 0),):
            if cut is None:
                return None
            kind = cut.kind | (UP if turns_up else 0)
            if not turned:
                kind |= HEAD | (BASE if self.base else 0)
            turned.append(Cut(cut.at, kind, cut.exact))
            turns_up = not turns_up
        return tuple(turned)


def place(number: Number, *, is_open: bool) -> Cut | None:
    """Place a cut at a number, or just after it; none outside the normal range."""
    nearest = as_double(number)
    if not is_ordinary(nearest) and number:
        return None
    exact, shortest = Decimal(number), Decimal(repr(nearest))
    passes = shortest > exact if is_open else shortest >= exact
    at = nearest if passes else nextafter(nearest, inf)
    kind = OPEN if is_open else 0
    return Cut(at, kind) if shortest == exact else Cut(at, kind | EXACT, exact)


def bound_of(cut: Cut) -> tuple[Decimal, bool]:
    """Give back the constant of a cut, and whether it lies below: cuts sort by this."""
    is_open = bool(cut.kind & OPEN)
    if cut.exact is not None:
        return cut.exact, is_open
    nearest = nextafter(cut.at, -inf) if is_open else cut.at
    return Decimal(repr(nearest)), is_open


def as_double(number: Number | Fraction) -> float:
    """Give the double nearest to a number; infinite where there is none."""
    try:
        return float(number)
    except OverflowError:
        return inf if number > 0 else -inf


def is_ordinary(double: float) -> bool:
    """Tell whether a double is far from where doubles lose digits."""
    return LEAST < abs(double) < MOST


def is_short(number: Number) -> bool:
    """Tell whether a finite number is decided by its double alone."""
    if isinstance(number, int):
        return -EXACT_INTEGERS < number < EXACT_INTEGERS
    try:
        _SHORT.plus(number)
    except Inexact:
        return False
    return not number or is_ordinary(as_double(number))


def above(number: Number) -> Line:
    """Be true above a number."""
    return Line(base=False, bounds=((number, True),))


def at_or_above(number: Number) -> Line:
    """Be true at a number and above it."""
    return Line(base=False, bounds=((number, False),))


def below(number: Number) -> Line:
    """Be true below a number."""
    return at_or_above(number).inverted()


def at_or_below(number: Number) -> Line:
    """Be true at a number and below it."""
    return above(number).inverted()


def between(least: Number, most: Number) -> Line:
    """Be true from one number to another, both of them included."""
    bounds = ((least, False), (most, True)) if least <= most else ()
    return Line(base=False, bounds=bounds)


def outside(least: Number, most: Number) -> Line:
    """Be true below one number and above another."""
    return between(least, most).inverted()


def one_of(numbers: Iterable[Number]) -> Line:
    """Be true at each of some numbers."""
    distinct = [number for number, _ in groupby(sorted(numbers))]
    bounds = [(number, is_open) for number in distinct for is_open in (False, True)]
    return Line(base=False, bounds=tuple(bounds))


def equal_to(number: Number) -> Line:
    """Be true at a number."""
    return one_of([number])


def other_than(number: Number) -> Line:
    """Be true at every number but one."""
    return equal_to(number).inverted()


def none_of(numbers: Iterable[Number]) -> Line:
    """Be true at every number but some."""
    return one_of(numbers).inverted()


_OF_ONE: Mapping[str, Callable[[Number], Line]] = {
    "gt": above,
    "gte": at_or_above,
    "lt": below,
    "lte": at_or_below,
    "eq": equal_to,
    "ne": other_than,
}
_OF_TWO: Mapping[str, Callable[[Number, Number], Line]] = {
    "between": between,
    "outside": outside,
}
_OF_SOME: Mapping[str, Callable[[Iterable[Number]], Line]] = {
    "in": one_of,
    "nin": none_of,
}


def line_of(condition: Condition) -> Line | None:
    """Draw a condition on the line of numbers; none if it is not about one number.

    An operator that is not in the tables is left to the engine.
    """
    wanted, op = condition.wanted, condition.op
    line = None
    if isinstance(wanted, Constant) and is_number(wanted.value):
        if op in _OF_ONE:
            line = _OF_ONE[op](wanted.value)
    elif isinstance(wanted, Constants):
        numbers = [value for value in wanted.values if is_number(value)]
        if len(numbers) == len(wanted.values):
            if op in _OF_SOME:
                line = _OF_SOME[op](numbers)
            elif op in _OF_TWO and len(numbers) == 2:
                line = _OF_TWO[op](*numbers)
    return line


def is_number(value: object) -> TypeGuard[Number]:
    """Tell whether a value is a finite number; true and false are none."""
    if isinstance(value, Decimal):
        return value.is_finite()
    return isinstance(value, int) and not isinstance(value, bool)
