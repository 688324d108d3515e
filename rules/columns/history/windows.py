"""Which values lie in a window at each of a rule's runs, and what is taken of them."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.cuts import Number, place
from rules.columns.history.moves import scale
from rules.columns.history.records import shortest
from rules.columns.history.runs import Runs
from rules.engine import Take, Window, take_over

#: Values that the engine keeps of a window at most.
MOST_MEMBERS = 100_000
#: So many values are taken one by one, where doubles leave it open, before columns
#: leave it to the engine.
_MOST_TAKEN = 2_000_000
_EPS = 2.0**-52
#: Whole numbers below this are exact as doubles, and so is their sum.
_EXACT = 2.0**53
#: Decimals of at most 15 digits are told apart by their doubles.
_SHORT = 1e15
_ROOM = 2**62


class LeftToEngine(Exception):
    """Columns cannot tell, for what the field has carried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """For each run the members of its window: those from ``low`` to before ``high``.

    ``members`` are the values that count, each key's in the order of their times;
    ``first`` is where those of the run's key begin.
    """

    members: Runs
    first: Longs
    low: Longs
    high: Longs

    @property
    def count(self) -> Longs:
        """Count the members."""
        return self.high - self.low

    def before(self, own: Longs) -> "Stretch":
        """Leave out so many of the newest."""
        high = self.high - own
        return Stretch(
            members=self.members,
            first=self.first,
            low=np.minimum(self.low, high),
            high=high,
        )

    def with_value_in_force(self) -> "Stretch":
        """Put in the value that was in force when the stretch began."""
        low = np.maximum(np.minimum(self.low, self.high) - 1, self.first)
        return Stretch(members=self.members, first=self.first, low=low, high=self.high)

    def extreme(self, *, highest: bool) -> Floats:
        """Give the highest or the lowest member of each; NaN if there is none."""
        return _extremes(self.members.value, self.low, self.high, highest=highest)

    def exact(self, window: Window, place_of: int) -> Number | None:
        """Take of the members at a place what the engine does."""
        low, high = int(self.low[place_of]), int(self.high[place_of])
        values = self.members.value[low:high].tolist()
        return take_over(window, map(shortest, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What is taken at each run: its double, and by how much that may be wrong.

    ``known`` tells where anything is. Where there is no doubt the double is the one
    nearest to a number of at most 15 digits, or it is the exact quotient of ``whole``
    and ``parts``, whole numbers that are compared themselves.
    """

    value: Floats
    known: Flags
    doubt: Floats | None = None
    whole: Longs | None = None
    parts: Longs | None = None
    unit: int = 1
    exact: Callable[[int], Number | None] | None = None
    sizes: Longs | None = None

    def passed(self, number: Number, *, is_open: bool) -> Flags:
        """Tell which are at a number or above it, or above it only.

        Raises:
            LeftToEngine: too many cannot be told apart from the number by doubles.
        """
        if self.whole is not None and self.parts is not None:
            return self._compared(number, is_open=is_open)
        cut = place(number, is_open=is_open)
        if cut is None:
            raise LeftToEngine(f"{number} lies outside of the doubles.")
        passed: Flags = self.value >= cut.at
        if self.doubt is not None:
            level = float(number)
            near = np.abs(self.value - level) <= self.doubt + abs(level) * _EPS
            self._decide(
                passed, np.flatnonzero(near & self.known), number, is_open=is_open
            )
        return passed

    def _decide(
        self, passed: Flags, unsure: Longs, number: Number, *, is_open: bool
    ) -> None:
        if self.exact is None or self.sizes is None:
            raise LeftToEngine("There is nothing exact to take.")
        if int(self.sizes[unsure].sum()) > _MOST_TAKEN:
            raise LeftToEngine("Too many lie on the level itself.")
        for one in unsure.tolist():
            found = self.exact(one)
            if found is not None:
                passed[one] = found > number if is_open else found >= number

    def _compared(self, number: Number, *, is_open: bool) -> Flags:
        """Compare a quotient by multiplying it out, in whole numbers."""
        assert self.whole is not None and self.parts is not None  # noqa: S101, PT018
        level = Fraction(number)
        left, right = level.denominator, level.numerator * self.unit
        most = max(int(np.abs(self.whole).max(initial=0)), 1)
        parts = max(int(self.parts.max(initial=0)), 1)
        if most * left >= _ROOM or parts * abs(right) >= _ROOM:
            raise LeftToEngine(f"{number} has too many digits.")
        ours, theirs = self.whole * left, self.parts * right
        compared: Flags = ours > theirs if is_open else ours >= theirs
        return compared


def stretch_of(
    own: Runs, last: Longs, runs: Runs, window: Window, length: int | None
) -> Stretch:
    """Find the members of a window at each run.

    ``last`` names at each run the newest of the field's ``own`` by then, -1 if there
    is none. A window of some ``length`` is ``(t - length, t]``, otherwise it has the
    last so many values.

    Raises:
        LeftToEngine: times of a key fall, or a window is too large.
    """
    if len(own.exacts.rows) or not runs.in_order.all():
        raise LeftToEngine("The times of a key fall, or numbers are too long.")
    is_known = ~np.isnan(own.value)
    members = own.only(is_known)
    key = np.repeat(np.arange(len(runs.starts) - 1), np.diff(runs.starts))
    first = members.starts[key]
    until = np.concatenate([[0], np.cumsum(is_known)])
    high = np.where(last >= 0, until[last + 1], first)
    if length is None:
        low = np.maximum(high - window.last, first)
    else:
        low = np.minimum(left_by(members, runs, key, length), high)
    if int((high - low).max(initial=0)) > MOST_MEMBERS:
        raise LeftToEngine("More values lie in a window than the engine keeps.")
    return Stretch(members=members, first=first, low=low, high=high)


def take_of(stretch: Stretch, window: Window) -> Taken:
    """Take what a window asks for at every run."""
    count = stretch.count
    known = count > 0
    ends = np.maximum(stretch.high - 1, 0)
    values = stretch.members.value
    if window.take in (Take.COUNT, Take.DISTINCT):
        counted = count if window.take is Take.COUNT else _different(stretch)
        return Taken(value=counted.astype(np.float64), known=np.ones_like(known))
    if not len(values):
        return Taken(value=np.zeros(len(count)), known=known)
    match window.take:
        case Take.FIRST:
            return Taken(value=_at(values, stretch.low, known), known=known)
        case Take.LAST:
            return Taken(value=_at(values, ends, known), known=known)
        case Take.MIN | Take.MAX:
            highest = window.take is Take.MAX
            return Taken(value=stretch.extreme(highest=highest), known=known)
    return _reckoned(stretch, window, known)


def _different(stretch: Stretch) -> Longs:
    """Count the different members of each, which come and go with the runs of a key.

    A member counts at the runs that have it, until an equal one comes.
    """
    members, runs = stretch.members, len(stretch.low)
    found = np.zeros(runs + 1, dtype=np.int64)
    if not len(members):
        return found[:runs]
    places = np.arange(len(members))
    comes = np.searchsorted(stretch.high, places, side="right")
    goes = np.searchsorted(stretch.low, places, side="right")
    key = np.repeat(np.arange(len(members.starts) - 1), np.diff(members.starts))
    order = np.lexsort((places, members.value, key))
    earlier, later = order[:-1], order[1:]
    same = (key[earlier] == key[later]) & (
        members.value[earlier] == members.value[later]
    )
    again = earlier[same]
    goes[again] = np.minimum(goes[again], comes[later[same]])
    counts = comes < goes
    np.add.at(found, comes[counts], 1)
    np.add.at(found, goes[counts], -1)
    return np.cumsum(found)[:runs]


def _reckoned(stretch: Stretch, window: Window, known: Flags) -> Taken:
    """Take a sum or what follows from one, in whole numbers of a unit if there is one.

    1. Sums of whole numbers are exact while none comes near 2^53; so is a difference.
    2. Otherwise each addition may be wrong by its share of what was added up so far.
    """
    values, count = stretch.members.value, stretch.count
    scaled = scale(values)
    whole, unit = scaled or (values, 1.0)
    is_whole = scaled is not None and float(np.abs(whole).sum()) < _EXACT

    def exact(one: int) -> Number | None:
        return stretch.exact(window, one)

    if window.take is Take.CHANGE:
        ends = np.maximum(stretch.high - 1, 0)
        newest, oldest = (_at(whole, one, known) for one in (ends, stretch.low))
        total = newest - oldest
        wrong = np.zeros(len(total))
        if not is_whole:
            wrong = (np.abs(newest) + np.abs(oldest)) * 2 * _EPS
    elif window.take is Take.STDDEV:
        return _spread(stretch, whole, unit, known, exact)
    else:
        total, wrong = _sums(whole, stretch, is_whole=is_whole)
    parts = np.maximum(count, 1)
    if window.take is Take.AVG and is_whole:
        return Taken(
            value=total / unit / parts,
            known=known,
            whole=total.astype(np.int64),
            parts=parts,
            unit=int(unit),
        )
    if (
        window.take is not Take.AVG
        and is_whole
        and np.abs(total[known]).max(initial=0) < _SHORT
    ):
        return Taken(value=total / unit, known=known)
    if window.take is Take.AVG:
        total, wrong = total / parts, wrong / parts
    value = total / unit
    doubt = wrong / unit + np.abs(value) * 4 * _EPS
    return Taken(value=value, known=known, doubt=doubt, exact=exact, sizes=count)


def _spread(
    stretch: Stretch,
    whole: Floats,
    unit: float,
    known: Flags,
    exact: Callable[[int], Number | None],
) -> Taken:
    """Take the standard deviation, of each key's values moved to lie around 0."""
    parts = np.maximum(stretch.count, 1)
    middles = _middles(whole, stretch.members.starts)
    moved = whole - middles
    squared = float(np.abs(moved).max()) ** 2 * len(moved)
    is_whole = squared < _EXACT and scale(stretch.members.value) is not None
    total, wrong = _sums(moved, stretch, is_whole=is_whole)
    squares, worse = _sums(moved * moved, stretch, is_whole=is_whole)
    mean = total / parts
    variance = squares / parts - mean * mean
    off = worse / parts + 2 * np.abs(mean) * wrong / parts + (wrong / parts) ** 2
    off += 8 * _EPS * (np.abs(squares) / parts + mean * mean)
    # What moving rounded away: at most so much of each value.
    shift = 0.0
    if not is_whole:
        shift = 8 * _EPS * float((np.abs(middles) + np.abs(moved)).max())
    off += shift * np.sqrt(np.maximum(squares, 0) / parts) + shift**2
    least = np.sqrt(np.maximum(variance - off, 0))
    value = np.sqrt(np.maximum(variance, 0))
    most = np.sqrt(np.maximum(variance + off, 0))
    doubt = np.maximum(most - value, value - least) + value * 4 * _EPS
    return Taken(
        value=value / unit,
        known=known,
        doubt=doubt / unit * (1 + 4 * _EPS),
        exact=exact,
        sizes=stretch.count,
    )


def _middles(whole: Floats, starts: Longs) -> Floats:
    """Give for every value a whole number in the middle of its key's."""
    counts = np.diff(starts)
    present = counts > 0
    means = np.add.reduceat(whole, starts[:-1][present]) / counts[present]
    return np.repeat(np.rint(means), counts[present])


def _sums(values: Floats, stretch: Stretch, *, is_whole: bool) -> tuple[Floats, Floats]:
    """Add up the members at each run, and say by how much that may be wrong.

    Of what is not whole each value may be off by its own share, and each addition
    before by its share of what it gave; those are made with longer numbers.
    """
    low, high = stretch.low, stretch.high
    if is_whole:
        sums = np.concatenate([[0.0], np.cumsum(values)])
        return sums[high] - sums[low], np.zeros(len(high))
    long = np.concatenate([[0], np.cumsum(values, dtype=np.longdouble)])
    sizes = np.concatenate([[0.0], np.cumsum(np.abs(values))])
    total = (long[high] - long[low]).astype(np.float64)
    added = 4 * float(np.finfo(np.longdouble).eps) * (high + 2.0) * sizes[high]
    off = 4 * _EPS * (high + 2.0) * _EPS * sizes[high]
    return total, added + off + 2 * _EPS * np.maximum(sizes[high] - sizes[low], 0)


def left_by(members: Runs, runs: Runs, key: Longs, length: int) -> Longs:
    """Find for each run the first member of its key that has not left the window.

    Each key has a part of one line of time of its own, longer than all times and the
    window.
    """
    least = int(min(runs.at.min(initial=0), members.at.min(initial=0)))
    most = int(max(runs.at.max(initial=0), members.at.max(initial=0)))
    span = most - least + length + 2
    if span * max(len(runs.starts), 1) >= _ROOM:
        raise LeftToEngine("The times lie too far apart.")
    own = np.repeat(np.arange(len(members.starts) - 1), np.diff(members.starts))
    line = members.at - least + own * span
    left: Longs = np.searchsorted(
        line, runs.at - least - length + key * span, side="right"
    )
    return left


def _at(values: Floats, places: Longs, known: Flags) -> Floats:
    chosen = values[np.minimum(places, len(values) - 1)]
    return np.where(known, chosen, np.nan)


def _extremes(values: Floats, low: Longs, high: Longs, *, highest: bool) -> Floats:
    """Give the extreme of each stretch: that of two halves that overlap.

    Stretches of a length from one power of two to the next take theirs from the
    extremes of all stretches of that power, so those of one power are there at a time.
    """
    pick = np.fmax if highest else np.fmin
    found = np.full(len(low), np.nan)
    length = high - low
    power = 1
    inside = values
    while len(inside):
        asked = np.flatnonzero((length >= power) & (length < 2 * power))
        found[asked] = pick(inside[low[asked]], inside[high[asked] - power])
        if power * 2 > int(length.max(initial=0)):
            break
        inside = pick(inside[:-power], inside[power:])
        power *= 2
    return found
