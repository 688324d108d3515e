"""The history of a lane as columns: its events by key, each key's in the lane's order.

A number is kept as its double; one that a double does not decide (``columns.cuts``) is
kept as text as well, and looked at only where its double ties with a threshold. Short
texts and booleans are words: a column has each once, and their codes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from math import isnan, nan
from typing import Final, Self

import numpy as np

from rules.columns.buffers import Bytes, Flags, Floats, Ints, Longs
from rules.columns.cuts import as_double, is_short
from rules.columns.history.words import NO_WORDS, Wording, Words, chain_words
from rules.engine import Value

LATE = 1
"""The event came too late to move a fact."""
SILENT = 2
"""The event moved facts and ran no rule."""
STILL = 4
"""The event ran rules and moved no fact."""
SOURCE_BITS = 3
"""Bits of what is said of an event; those above number the source that it is of."""
#: As many bits has the place of an event in its batch.
_ORDER_BITS = 31

ABSENT, NULL, NUMBER, LONG, OTHER = range(5)
"""What an event carried of a field: LONG is a number that its double does not decide,
OTHER a text, a list or anything else that is no number."""

SOMETHING: Final[Value] = []
"""Stands for a value that columns do not keep; they know only that it is there."""


@dataclass(frozen=True, slots=True)
class Exacts:
    """Numbers of many digits: their rows, rising, and each as text in one blob."""

    rows: Longs
    ends: Longs
    blob: bytes

    @classmethod
    def of(cls, rows: Sequence[int] | Longs, texts: Iterable[str]) -> Self:
        """Gather the texts of rows that rise."""
        written = [text.encode() for text in texts]
        ends = np.cumsum([len(one) for one in written], dtype=np.int64)
        return cls(np.asarray(rows, dtype=np.int64), ends, b"".join(written))

    def text(self, place: int) -> str:
        """Give the number at a place among them as it was sent."""
        start = int(self.ends[place - 1]) if place else 0
        return self.blob[start : int(self.ends[place])].decode()

    def number(self, place: int) -> Decimal:
        """Give the number at a place among them."""
        return Decimal(self.text(place))

    def texts(self) -> list[str]:
        """Give all of them, row by row."""
        return [self.text(place) for place in range(len(self.rows))]


NO_EXACTS = Exacts.of([], [])


@dataclass(frozen=True, slots=True)
class Column:
    """One field: ``value`` is its double, NaN where none is known; ``state`` says why.

    Both are as long as the records.
    """

    value: Floats
    state: Bytes
    exacts: Exacts = NO_EXACTS
    words: Words = NO_WORDS

    @property
    def lacks_words(self) -> bool:
        """Tell whether an event carried what is neither number nor a word it has."""
        unkept = self.words.unkept(len(self.state))
        return bool(((self.state == OTHER) & unkept).any())


@dataclass(frozen=True, slots=True)
class Records:
    """Events, sorted by key and then as the lane judged them.

    The events of ``keys[n]`` are the rows from ``starts[n]`` to ``starts[n + 1]``, and
    times are microseconds since 1970.
    """

    keys: Sequence[str]
    starts: Longs
    at: Longs
    seq: Longs
    ord: Ints
    flags: Bytes
    columns: Mapping[str, Column]

    def __len__(self) -> int:
        """Count the events."""
        return len(self.at)

    @property
    def numbers(self) -> Ints:
        """Give the number of the key of every row."""
        counts = np.diff(self.starts)
        return np.repeat(np.arange(len(self.keys), dtype=np.int32), counts)

    @property
    def places(self) -> Longs:
        """Give the places of the events in the lane, as numbers that rise in it."""
        places: Longs = (self.seq.astype(np.int64) << _ORDER_BITS) + self.ord
        return places

    def place_at(self, row: int) -> int:
        """Give the place of one of them."""
        return (int(self.seq[row]) << _ORDER_BITS) + int(self.ord[row])

    def number_of(self, key: str) -> int | None:
        """Give the number of a key; none if it has no events."""
        place = bisect_left(self.keys, key)
        is_there = place < len(self.keys) and self.keys[place] == key
        return place if is_there else None

    def key_at(self, row: int) -> str:
        """Name the key of a row."""
        return self.keys[int(np.searchsorted(self.starts, row, side="right")) - 1]

    def number_at(self, field: str, row: int) -> Decimal | None:
        """Give the number that an event carried of a field; none if it carried none."""
        column = self.columns[field]
        if column.state[row] == LONG:
            place = int(np.searchsorted(column.exacts.rows, row))
            return column.exacts.number(place)
        value = float(column.value[row])
        return None if isnan(value) else shortest(value)

    def value_at(self, field: str, row: int) -> Value:
        """Give the value that an event carried of a field, or what stands for it."""
        column = self.columns[field]
        if column.state[row] != OTHER:
            return self.number_at(field, row)
        word = column.words.at(row)
        return SOMETHING if word is None else word

    def values_at(self, fields: Iterable[str], row: int) -> dict[str, Value]:
        """Give the values that an event carried of some fields."""
        return {
            name: self.value_at(name, row)
            for name in fields
            if self.columns[name].state[row] != ABSENT
        }

    def watermarks(self) -> dict[str, int]:
        """Give, for each key, the greatest time that moved its facts."""
        moved = np.where(self.flags & STILL, np.iinfo(np.int64).min, self.at)
        if not len(moved):
            return {}
        greatest = np.maximum.reduceat(moved, self.starts[:-1])
        return dict(zip(self.keys, greatest.tolist(), strict=True))

    def only(self, kept: Flags) -> "Records":
        """Leave out rows, and keys of which none is left."""
        rows = np.flatnonzero(kept)
        return _sorted(
            self.keys,
            self.numbers[rows],
            (self.at[rows], self.seq[rows], self.ord[rows], self.flags[rows]),
            {name: _take(one, rows) for name, one in self.columns.items()},
        )


def shortest(double: float) -> Decimal:
    """Write a double as the shortest decimal that it is, whole numbers as such."""
    return Decimal(repr(double).removesuffix(".0"))


def merge(parts: Sequence[Records], *, by_place: bool = False) -> Records:
    """Put stretches of one lane together; all have the same fields.

    They come earliest first, or events are put in order ``by_place``.
    """
    if len(parts) == 1:
        return parts[0]
    keys = sorted({key for part in parts for key in part.keys})
    place = {key: number for number, key in enumerate(keys)}
    numbers = []
    for part in parts:
        known = np.array([place[key] for key in part.keys], dtype=np.int32)
        numbers.append(np.repeat(known, np.diff(part.starts)))
    number = np.concatenate(numbers)
    order = np.argsort(number, kind="stable")
    if by_place:
        order = np.lexsort((np.concatenate([part.places for part in parts]), number))
    frame = (
        np.concatenate([part.at for part in parts])[order],
        np.concatenate([part.seq for part in parts])[order],
        np.concatenate([part.ord for part in parts])[order],
        np.concatenate([part.flags for part in parts])[order],
    )
    columns = {
        name: _take(_chain([part.columns[name] for part in parts]), order)
        for name in parts[0].columns
    }
    return _sorted(keys, number[order], frame, columns)


def _sorted(
    keys: Sequence[str],
    number: Ints,
    frame: tuple[Longs, Longs, Ints, Bytes],
    columns: Mapping[str, Column],
) -> Records:
    counts = np.bincount(number, minlength=len(keys))
    present = np.flatnonzero(counts)
    starts = np.concatenate([[0], np.cumsum(counts[present])]).astype(np.int64)
    at, seq, ord_, flags = frame
    return Records(
        keys=[keys[one] for one in present.tolist()],
        starts=starts,
        at=at,
        seq=seq,
        ord=ord_,
        flags=flags,
        columns=columns,
    )


def _chain(columns: Sequence[Column]) -> Column:
    rows, texts, before = [], [], 0
    for column in columns:
        rows.append(column.exacts.rows + before)
        texts += column.exacts.texts()
        before += len(column.value)
    return Column(
        value=np.concatenate([one.value for one in columns]),
        state=np.concatenate([one.state for one in columns]),
        exacts=Exacts.of(np.concatenate(rows), texts),
        words=chain_words([(one.words, len(one.value)) for one in columns]),
    )


def _take(column: Column, rows: Longs) -> Column:
    exacts = column.exacts
    if len(exacts.rows):
        placed = np.full(len(column.value), -1, dtype=np.int64)
        placed[rows] = np.arange(len(rows))
        moved = placed[exacts.rows]
        order = np.argsort(moved, kind="stable")
        kept = order[moved[order] >= 0]
        exacts = Exacts.of(moved[kept], [exacts.text(one) for one in kept.tolist()])
    words = column.words.only(rows)
    return Column(column.value[rows], column.state[rows], exacts, words)


@dataclass(slots=True)
class Gathering:
    """Events on their way into columns, in the lane's order.

    ``lateness`` (microseconds) may change between two of them; ``watermarks`` are
    those that earlier stretches left.
    """

    fields: Sequence[str]
    lateness: int
    watermarks: dict[str, int] = field(default_factory=dict)
    _keys: list[str] = field(default_factory=list)
    _frame: list[tuple[int, int, int, int]] = field(default_factory=list)
    _cells: dict[str, list[tuple[float, int]]] = field(default_factory=dict)
    _texts: dict[str, dict[int, str]] = field(default_factory=dict)
    _words: dict[str, Wording] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Have a place for every field."""
        self._cells = {name: [] for name in self.fields}
        self._texts = {name: {} for name in self.fields}
        self._words = {name: Wording() for name in self.fields}

    def __len__(self) -> int:
        """Count the events."""
        return len(self._keys)

    def add(
        self,
        *,
        key: str,
        at: int,
        place: tuple[int, int],
        fields: Mapping[str, Value],
        flags: int = 0,
    ) -> None:
        """Take in an event; whether it is late follows from those before."""
        watermark = self.watermarks.get(key)
        if watermark is not None and at < watermark - self.lateness:
            flags |= LATE
        elif not flags & STILL and (watermark is None or at > watermark):
            self.watermarks[key] = at
        for name, cells in self._cells.items():
            cell, text = _cell(fields[name]) if name in fields else _NOTHING
            cells.append(cell)
            if cell[1] == OTHER:
                self._words[name].put(len(self._keys), fields[name])
            if text:
                self._texts[name][len(self._keys)] = text
        self._keys.append(key)
        self._frame.append((at, *place, flags))

    def done(self) -> Records:
        """Give the events as columns."""
        keys = sorted(set(self._keys))
        numbered = {key: number for number, key in enumerate(keys)}
        number = np.array([numbered[key] for key in self._keys], dtype=np.int32)
        order = np.argsort(number, kind="stable")
        frame = np.array(self._frame, dtype=np.int64).reshape(-1, 4)[order]
        at, seq, ord_, flags = (np.ascontiguousarray(one) for one in frame.T)
        return _sorted(
            keys,
            number[order],
            (at, seq, ord_.astype(np.int32), flags.astype(np.int8)),
            {name: _take(self._column(name), order) for name in self.fields},
        )

    def _column(self, name: str) -> Column:
        cells, texts = self._cells[name], self._texts[name]
        return Column(
            value=np.array([one for one, _ in cells], dtype=np.float64),
            state=np.array([one for _, one in cells], dtype=np.int8),
            exacts=Exacts.of(list(texts), texts.values()),
            words=self._words[name].done(len(cells)),
        )


_NOTHING = ((nan, ABSENT), "")


def _cell(value: Value) -> tuple[tuple[float, int], str]:
    """Give the double of a value and what it is, and its text if that decides."""
    if value is None:
        return (nan, NULL), ""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return (nan, OTHER), ""
    if isinstance(value, Decimal) and not value.is_finite():
        return (nan, OTHER), ""
    if is_short(value):
        return (float(value), NUMBER), ""
    return (as_double(value), LONG), str(value)
