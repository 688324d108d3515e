"""The values in a window, with their total at hand however many they are.

They are kept in two parts, the old and the new. Of the old, each knows the total from
itself to the end of that part; of the new there is one total of all. What leaves,
leaves the old part; when that is used up, the new becomes the old. So a value is added
and dropped in constant time on average, and no total is ever taken back.

Nothing that was given out is altered: lists only grow, and whoever holds an earlier
state looks no further than it did.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple, Self

from rules.engine.folds import NOTHING, Fold


class Member(NamedTuple):
    """A value, and its event time in microseconds."""

    at: int
    value: Any  # Any: a decimal, or a text that stands for a value of any type


_Old = Sequence[tuple[Member, Any]]


@dataclass(frozen=True, slots=True)
class Members:
    """Values in the order of their times; those of one instant as they came."""

    fold: Fold = NOTHING
    _old: _Old = field(default_factory=list)
    _begin: int = 0
    _new: list[Member] = field(default_factory=list)
    _end: int = 0
    _total: Any = None  # Any: each fold has totals of its own

    @classmethod
    def of(cls, fold: Fold, members: Sequence[Member]) -> Self:
        """Take in values in their order, and add them up."""
        return cls(fold, _add_up(fold, members))

    @classmethod
    def totalled(cls, fold: Fold, old: _Old) -> Self:
        """Take in values, each with the total from itself to the last."""
        return cls(fold, old)

    def __len__(self) -> int:
        """Count the values."""
        return len(self._old) - self._begin + self._end

    def __iter__(self) -> Iterator[Member]:
        """Walk the values, oldest first."""
        for place in range(self._begin, len(self._old)):
            yield self._old[place][0]
        yield from self._new[: self._end]

    def __getitem__(self, place: int) -> Member:
        """Give the value at a place, counted from the oldest; -1 is the newest."""
        count = len(self)
        if not -count <= place < count:
            raise IndexError(place)
        old = len(self._old) - self._begin
        place %= count
        if place < old:
            return self._old[self._begin + place][0]
        return self._new[place - old]

    @property
    def total(self) -> Any:  # Any: each fold has totals of its own
        """Give the total of all; there must be one."""
        if self._begin == len(self._old):
            return self._total
        old = self._old[self._begin][1]
        return self.fold.join(old, self._total) if self._end else old

    def push(self, member: Member) -> "Members":
        """Put in a value; one older than others costs as much as all of them."""
        if len(self) and member.at < self[-1].at:
            return self._insert(member)
        lifted = self.fold.lift(member.value)
        total = self.fold.join(self._total, lifted) if self._end else lifted
        new = self._new
        if len(new) > self._end:
            # Another state grew out of the same one; it keeps the list.
            new = new[: self._end]
        new.append(member)
        return Members(self.fold, self._old, self._begin, new, self._end + 1, total)

    def pop(self) -> "Members":
        """Take away the oldest value."""
        if self._begin < len(self._old):
            old, begin = self._old, self._begin + 1
            return Members(self.fold, old, begin, self._new, self._end, self._total)
        return Members(self.fold, _add_up(self.fold, self._new[: self._end]), 1)

    def _insert(self, member: Member) -> "Members":
        members = list(self)
        place = len(members)
        while place and members[place - 1].at > member.at:
            place -= 1
        members.insert(place, member)
        return Members.of(self.fold, members)

    def to_json(self) -> dict[str, object]:
        """Write values as texts, and each time by how far it lies from the last."""
        times = [member.at for member in self]
        steps = [now - before for before, now in zip([0, *times], times, strict=False)]
        values = [member.value for member in self]
        if not any(value is not None for value in values):
            return {"at": steps}
        return {"at": steps, "values": list(map(str, values))}

    @classmethod
    def from_json(
        cls, written: Mapping[str, Any], fold: Fold, *, are_numbers: bool
    ) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        values = written.get("values") or [None] * len(written["at"])
        if are_numbers:
            values = list(map(Decimal, values))
        members, at = [], 0
        for step, value in zip(written["at"], values, strict=True):
            at += step
            members.append(Member(at, value))
        return cls.of(fold, members)


def _add_up(fold: Fold, members: Sequence[Member]) -> _Old:
    """Give values in their order, each with the total from itself to the last."""
    old: list[tuple[Member, Any]] = []
    for member in reversed(members):
        lifted = fold.lift(member.value)
        total = fold.join(lifted, old[-1][1]) if old else lifted
        old.append((member, total))
    old.reverse()
    return old
