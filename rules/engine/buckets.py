"""What a rule keeps of tumbling windows: of each that is not over, what came so far.

No value is kept. A window is *final* once nothing can come for it any more that is not
late: at its end, and the lateness of its dataset after that.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final, Self

from rules.engine.folds import Fold
from rules.engine.grids import Grid
from rules.engine.kept import fold_of, take_of
from rules.engine.members import Member
from rules.engine.values import Number
from rules.engine.windows import COUNTING, MAX_MEMBERS, Take, Window

_DIFFERENT: Final = Fold(lambda value: frozenset((value,)), frozenset.union)


@dataclass(frozen=True, slots=True)
class Bucket:
    """The values of one window, put together as they came.

    ``total`` is what the fold made of them. A window with too many different values is
    not whole, and nothing can be said of how many there were. A sum ``may_fall`` once a
    value below 0 came.
    """

    fold: Fold
    count: int = 0
    first: Member | None = None
    last: Member | None = None
    total: Any = None  # Any: each fold has totals of its own
    is_whole: bool = True
    may_fall: bool = False

    def put(self, member: Member) -> "Bucket":
        """Put in a value."""
        first, last = self.first, self.last
        lifted = self.fold.lift(member.value)
        total = self.fold.join(self.total, lifted) if self.count else lifted
        too_many = self.fold is _DIFFERENT and len(total) > MAX_MEMBERS
        return replace(
            self,
            count=self.count + 1,
            first=member if first is None or member.at < first.at else first,
            last=member if last is None or member.at >= last.at else last,
            total=self.total if too_many else total,
            is_whole=self.is_whole and not too_many,
            may_fall=self.may_fall or _falls(member),
        )

    def __len__(self) -> int:
        """Count the values."""
        return self.count

    def __getitem__(self, place: int) -> Member:
        """Give the first value, 0, or the last, -1."""
        member = self.last if place else self.first
        if member is None:
            raise IndexError(place)
        return member

    def __iter__(self) -> Iterator[Member]:
        """Walk the values that differ; others are not kept."""
        return (Member(0, value) for value in self.total or ())

    def to_json(self) -> dict[str, object]:
        """Write it as plain values; numbers are texts."""
        return {
            "count": self.count,
            "first": _write(self.first),
            "last": _write(self.last),
            "total": _write_total(self.total),
            "is_whole": self.is_whole,
            "may_fall": self.may_fall,
        }

    @classmethod
    def from_json(
        cls, window: Window, written: Mapping[str, Any]
    ) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        are_numbers = window.take not in COUNTING
        return cls(
            fold=_fold_of(window),
            count=written["count"],
            first=_read(written["first"], are_numbers=are_numbers),
            last=_read(written["last"], are_numbers=are_numbers),
            total=_read_total(written["total"], are_numbers=are_numbers),
            is_whole=written["is_whole"],
            may_fall=written["may_fall"],
        )


@dataclass(frozen=True, slots=True)
class Buckets:
    """The windows of one key: the newest that is final, and those that are not yet.

    They are named by where they begin. ``end`` is where the newest final one ends, and
    ``begun`` where the very first with a value began: of those before nothing is known.
    ``seen`` is the newest time at which the rule looked.
    """

    window: Window
    grid: Grid
    lateness: int
    parts: Mapping[int, Bucket] = field(default_factory=dict)
    begun: int | None = None
    seen: int | None = None
    end: int = 0

    def at(self, now: int) -> "Buckets":
        """Give the windows as they are at a time; what is before the newest is gone.

        What was final stays so, also where the dataset has come to wait longer.
        """
        now = now if self.seen is None else max(now, self.seen)
        end = max(self.end, self.grid.start_of(now - self.lateness))
        start = self.grid.start_of(end - 1)
        parts = {begin: one for begin, one in self.parts.items() if begin >= start}
        return replace(self, parts=parts, seen=now, end=end)

    def put(self, member: Member) -> "Buckets":
        """Put in a value; one of a window that is final comes too late for it."""
        begin = self.grid.start_of(member.at)
        if begin < self.end:
            return self
        known = self.parts.get(begin, self.empty)
        begun = begin if self.begun is None else min(begin, self.begun)
        return replace(
            self, parts={**self.parts, begin: known.put(member)}, begun=begun
        )

    @property
    def empty(self) -> Bucket:
        """Give a window without values."""
        return Bucket(_fold_of(self.window))

    @property
    def start(self) -> int:
        """Tell where the newest final window begins."""
        return self.grid.start_of(self.end - 1)

    @property
    def has_final(self) -> bool:
        """Tell whether a window is final of which the rule has seen anything."""
        return self.begun is not None and self.begun < self.end

    @property
    def final(self) -> Bucket:
        """Give the newest window that is final; it may be empty."""
        return self.parts.get(self.start, self.empty)

    @property
    def unfinished(self) -> Iterator[tuple[int, Bucket]]:
        """Give the windows with values that are not final, the oldest first."""
        return ((at, self.parts[at]) for at in sorted(self.parts) if at >= self.end)

    def closed_at(self) -> int:
        """Give when the newest final window became so."""
        return self.end + self.lateness

    def closes_at(self, *, surely: bool) -> int | None:
        """Give when to look again; ``None`` if nothing new could be said then.

        After the first empty window every other one is as empty. ``surely`` asks for
        the next in any case.
        """
        if self.begun is None or not (self.parts or surely):
            return None
        begin = self.end if surely else max(self.end, min(self.parts))
        return self.grid.end_of(begin) + self.lateness

    def take(self, bucket: Bucket) -> Number | None:
        """Take what the window asks for; ``None`` where it cannot be known.

        Where nothing came there are no values, and their sum is 0.
        """
        if not bucket.is_whole:
            return None
        if not bucket.count and self.window.take is Take.SUM:
            return 0
        return take_of(self.window, bucket)

    def to_json(self) -> dict[str, object]:
        """Write them as plain values; numbers are texts."""
        return {
            "parts": [[begin, one.to_json()] for begin, one in self.parts.items()],
            "begun": self.begun,
            "seen": self.seen,
            "end": self.end,
        }

    def recall(self, written: Mapping[str, Any]) -> "Buckets":  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        parts = {
            begin: Bucket.from_json(self.window, one) for begin, one in written["parts"]
        }
        return replace(
            self,
            parts=parts,
            begun=written["begun"],
            seen=written["seen"],
            end=written["end"],
        )


def _fold_of(window: Window) -> Fold:
    return _DIFFERENT if window.take is Take.DISTINCT else fold_of(window)


def _falls(member: Member) -> bool:
    return isinstance(member.value, Decimal) and member.value < 0


def _write(member: Member | None) -> list[object] | None:
    if member is None:
        return None
    return [member.at, None if member.value is None else str(member.value)]


def _read(written: Any, *, are_numbers: bool) -> Member | None:  # Any: parsed JSON
    if written is None:
        return None
    at, value = written
    return Member(at, Decimal(value) if are_numbers else value)


def _write_total(total: Any) -> object:  # Any: each fold has totals of its own
    match total:
        case None:
            return None
        case Decimal():
            return str(total)
        case frozenset():
            return sorted(total)
    return list(map(str, total))


def _read_total(written: Any, *, are_numbers: bool) -> Any:  # Any: parsed JSON
    if isinstance(written, list):
        return tuple(map(Decimal, written)) if are_numbers else frozenset(written)
    return None if written is None else Decimal(written)
