"""What a rule keeps of a window from run to run, and what can be taken of it."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final, Protocol, Self

from rules.engine.bands import Baseline
from rules.engine.folds import (
    EXTREMES,
    HIGHEST,
    LOWEST,
    NOTHING,
    SQUARES,
    SUM,
    Fold,
    average,
    can_be_reckoned,
    deviation,
    difference,
)
from rules.engine.members import Member, Members
from rules.engine.operands import meaning_of_value
from rules.engine.ranks import Ranks
from rules.engine.values import Number, Value, is_number
from rules.engine.windows import COUNTING, MAX_MEMBERS, Take, Trace, Window

_TICK: Final = timedelta(microseconds=1)
_TOKEN_LENGTH: Final = 40


@dataclass(frozen=True, slots=True)
class Kept:
    """The values of one window and key.

    ``seen`` is the newest time of an event at which the rule looked. ``lost`` is the
    time of the newest value for which there was no room: until that has left the
    window, nothing can be said of it. ``begins`` is the time after which it lies. A
    baseline also has its values by size, and what was known of them when the newest
    value came.
    """

    window: Window
    members: Members
    seen: int | None = None
    lost: int | None = None
    begins: int | None = None
    ranks: Ranks | None = None
    baseline: Baseline | None = None

    @classmethod
    def empty(cls, window: Window) -> Self:
        """Begin."""
        ranks = Ranks() if window.take is Trace.BASELINE else None
        return cls(window, Members(fold_of(window)), ranks=ranks)

    def at(self, now: int) -> "Kept":
        """Give the window as it is at a time, if nothing comes."""
        members, lost = self.members, self.lost
        if self.window.length is None:
            return self
        begins = now - self.window.length // _TICK
        # The one that is in force when a stretch begins stays, if that is asked about.
        in_force = int(self.window.take is Trace.EXTREMES)
        left = []
        while len(members) > in_force and members[in_force].at <= begins:
            left.append(members[0].value)
            members = members.pop()
        is_forgotten = in_force and len(members) and members[0].at > begins
        if lost is not None and lost <= begins and not is_forgotten:
            lost = None
        ranks = self.ranks and self.ranks.without(left) if left else self.ranks
        return replace(self, members=members, lost=lost, begins=begins, ranks=ranks)

    def put(self, member: Member, *, room: int = MAX_MEMBERS) -> "Kept":
        """Put in a value; the oldest go where there is no room."""
        members, lost = self.members.push(member), self.lost
        ranks = self.ranks and self.ranks.put(member.value)
        most = self.window.last or room
        while len(members) > most:
            if not self.window.last:
                lost = members[0].at
            ranks = ranks and ranks.without([members[0].value])
            members = members.pop()
        return replace(self, members=members, lost=lost, ranks=ranks)

    def meet(self, value: Value, at: int) -> "Kept":
        """Take in what an event brings; what does not count leaves the values alone.

        A baseline is what came before, so it is taken first.
        """
        member = member_of(self.window, value, at)
        if self.ranks is None:
            return self if member is None else self.put(member)
        if member is None:
            return replace(self, baseline=None)
        baseline = Baseline.of(
            self.ranks, at_least=self.window.at_least, is_whole=self.lost is None
        )
        return replace(self.put(member), baseline=baseline)

    def take(self) -> Number | None:
        """Take what the window asks for; ``None`` where it cannot be known."""
        if self.lost is not None:
            return None
        return take_of(self.window, self.members)

    def extremes(self) -> tuple[Number, Number] | None:
        """Give the lowest and the highest value; ``None`` where there is no past.

        The first value of all was nothing before.
        """
        members, begins = self.members, self.begins
        if self.lost is not None or not len(members):
            return None
        if len(members) == 1 and (begins is None or members[0].at > begins):
            return None
        low, high = members.total
        return low, high

    @property
    def newest(self) -> Number | None:
        """Give the newest value by event time."""
        return Decimal(self.members[-1].value) if len(self.members) else None

    def leaves_after(self, count: int = 0) -> int | None:
        """Give the time at which one value more than ``count`` will have left.

        One that stays in force leaves when the next one is in force.
        """
        if self.window.length is None or count >= len(self.members):
            return None
        if self.window.take is Trace.EXTREMES:
            return self._turns_after()
        first = self.members[count].at
        if self.lost is not None:
            first = min(first, self.lost)
        return first + self.window.length // _TICK

    def _turns_after(self) -> int | None:
        """Give the time at which another value will be the one in force."""
        if self.window.length is None:
            return None
        times = [self.members[min(1, len(self.members) - 1)].at]
        if self.lost is not None:
            times += [self.lost, self.members[0].at]
        ahead = [at for at in times if self.begins is None or at > self.begins]
        return min(ahead) + self.window.length // _TICK if ahead else None

    def to_json(self) -> dict[str, object]:
        """Write it as plain values; numbers are texts."""
        written = {**self.members.to_json(), "seen": self.seen, "lost": self.lost}
        if self.baseline is not None:
            written["baseline"] = self.baseline.to_json()
        return written

    @classmethod
    def from_json(
        cls, window: Window, written: Mapping[str, Any]
    ) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        members = Members.from_json(
            written,
            fold_of(window),
            are_numbers=window.take not in COUNTING,
        )
        kept = cls(window, members, written["seen"], written["lost"])
        if window.take is not Trace.BASELINE:
            return kept
        before = written.get("baseline")
        return replace(
            kept,
            ranks=Ranks(sorted(member.value for member in members)),
            baseline=before and Baseline.from_json(before),
        )


class Values(Protocol):
    """The values of a window, of which something is taken."""

    def __len__(self) -> int:
        """Count the values."""
        ...

    def __getitem__(self, place: int, /) -> Member:
        """Give the first value, at 0, or the last, at -1."""
        ...

    def __iter__(self) -> Iterator[Member]:
        """Walk the values, or those that differ."""
        ...

    @property
    def total(self) -> Any:  # Any: each fold has totals of its own
        """Give what the fold made of them."""
        ...


def fold_of(window: Window) -> Fold:
    """Give how the values of a window are put together."""
    return _FOLDS.get(window.take, NOTHING)


def take_of(window: Window, values: Values) -> Number | None:
    """Take of some values what a window asks for; ``None`` if there is nothing."""
    if not len(values):
        return 0 if window.take in COUNTING else None
    take = window.take
    return _TAKES[take](values) if isinstance(take, Take) else None


def take_over(window: Window, values: Iterable[Number]) -> Number | None:
    """Take what a window asks for of the values in it, oldest first."""
    members = Members(fold_of(window))
    for value in values:
        member = member_of(window, value, 0)
        members = members if member is None else members.push(member)
    return take_of(window, members)


def member_of(window: Window, value: Value, at: int) -> Member | None:
    """Make a member of a value; ``None`` if it does not count in this window."""
    if value is None:
        return None
    match window.take:
        case Take.COUNT:
            return Member(at, None)
        case Take.DISTINCT:
            return Member(at, _token(value))
    if not is_number(value) or not can_be_reckoned(value):
        return None
    return Member(at, Decimal(value))


def _token(value: Value) -> str:
    """Stand for a value by a short text that others do not share: 1 is 1.0."""
    written = _spell(value)
    if len(written) <= _TOKEN_LENGTH:
        return written
    return hashlib.blake2b(written.encode(), digest_size=16).hexdigest()


def _spell(value: Value) -> str:
    match value:
        case list():
            return f"[{','.join(map(_spell, value))}]"
        case dict():
            inside = (f"{name!r}:{_spell(value[name])}" for name in sorted(value))
            return f"{{{','.join(inside)}}}"
        case None:
            return "null"
    return meaning_of_value(value)


_FOLDS: Mapping[Take | Trace, Fold] = {
    Take.AVG: SUM,
    Take.SUM: SUM,
    Take.STDDEV: SQUARES,
    Take.MIN: LOWEST,
    Take.MAX: HIGHEST,
    Trace.EXTREMES: EXTREMES,
}
_TAKES: Mapping[Take, Callable[[Values], Number]] = {
    Take.AVG: lambda members: average(members.total, len(members)),
    Take.SUM: lambda members: Decimal(members.total),
    Take.STDDEV: lambda members: deviation(members.total, len(members)),
    Take.MIN: lambda members: Decimal(members.total),
    Take.MAX: lambda members: Decimal(members.total),
    Take.COUNT: len,
    Take.DISTINCT: lambda members: len({member.value for member in members}),
    Take.FIRST: lambda members: Decimal(members[0].value),
    Take.LAST: lambda members: Decimal(members[-1].value),
    Take.CHANGE: lambda members: difference(members[-1].value, members[0].value),
}
