"""The rules of an index, a row each: who runs them, their cuts, and their counters."""

import numpy as np

from rules.columns.buffers import Buffer, Ints, Longs, distinct

ANY_KEY = -1
"""In place of a key: the rule is about every key, each on its own."""
SEVERAL = -2
"""In place of a key: the rule is run by facts of several keys or series."""

_PAGE_BITS = 12
_PAGE = 1 << _PAGE_BITS
_NONE = -1


class Directory:
    """From a rule's id to its row: pages of int32, made where there are ids.

    A dictionary of a million rules takes a hundred bytes a rule; ids of one table lie
    close together.
    """

    def __init__(self) -> None:
        self._pages: dict[int, Ints] = {}
        self._number = 0

    def get(self, rule_id: int) -> int | None:
        """Find the row of a rule."""
        page = self._pages.get(rule_id >> _PAGE_BITS)
        row = _NONE if page is None else int(page[rule_id & (_PAGE - 1)])
        return None if row == _NONE else row

    def put(self, rule_id: int, row: int) -> None:
        """Note the row of a rule that is not here."""
        self._page(rule_id >> _PAGE_BITS)[rule_id & (_PAGE - 1)] = row
        self._number += 1

    def put_all(self, rule_ids: Longs, rows: Longs) -> None:
        """Note the rows of many rules that are not here."""
        numbers = rule_ids >> _PAGE_BITS
        order = np.argsort(numbers, kind="stable")
        numbers, rule_ids, rows = numbers[order], rule_ids[order], rows[order]
        starts = np.flatnonzero(np.diff(numbers, prepend=numbers[0] - 1))
        for start, end in zip(starts, [*starts[1:], len(numbers)], strict=True):
            page = self._page(int(numbers[start]))
            page[rule_ids[start:end] & (_PAGE - 1)] = rows[start:end]
        self._number += len(rows)

    def pop(self, rule_id: int) -> None:
        """Forget a rule that is here."""
        self._pages[rule_id >> _PAGE_BITS][rule_id & (_PAGE - 1)] = _NONE
        self._number -= 1

    def __len__(self) -> int:
        return self._number

    @property
    def nbytes(self) -> int:
        """Give the size of the memory."""
        return len(self._pages) * (_PAGE * 4 + 200)

    def _page(self, number: int) -> Ints:
        page = self._pages.get(number)
        if page is None:
            page = self._pages[number] = np.full(_PAGE, _NONE, dtype=np.int32)
        return page


class Rows:
    """The table of rules.

    A row has ``rule_id`` (int64); ``series`` and ``interest`` (int32), which say what
    runs it, and ``key`` (int32: its only one, ``ANY_KEY`` or ``SEVERAL``); ``passed``
    and ``unknown`` (int64), which are open while the rule is true or unknown
    (``columns.counters``); ``ran_before`` (int64), what had run when it came;
    ``is_whole`` (bool), false if how it fared before that is not known here; ``truth``
    (int8), the last that was noted (``columns.settling``); and its cuts, ``cuts``
    (int16) of them from ``first`` (int32) on in a pool that says where they lie:
    ``segment``, ``at``, ``kind``, ``target``.
    """

    def __init__(self) -> None:
        self.directory = Directory()
        self.rule_id = Buffer(np.int64)
        self.series = Buffer(np.int32)
        self.interest = Buffer(np.int32)
        self.key = Buffer(np.int32)
        self.passed = Buffer(np.int64)
        self.unknown = Buffer(np.int64)
        self.ran_before = Buffer(np.int64)
        self.is_whole = Buffer(np.bool_)
        self.truth = Buffer(np.int8)
        self.first = Buffer(np.int32)
        self.cuts = Buffer(np.int16)
        self.segment = Buffer(np.int32)
        self.at = Buffer(np.float64)
        self.kind = Buffer(np.int8)
        self.target = Buffer(np.int32)
        self._number = 0
        self._free: list[int] = []
        self._pooled = 0
        self._wasted = 0

    def add(self, rule_id: int) -> int:
        """Make a row for a rule that has none."""
        if self._free:
            row = self._free.pop()
        else:
            row = self._number
            self._extend(1)
        self.rule_id.view[row] = rule_id
        self.directory.put(rule_id, row)
        for counter in (self.passed, self.unknown, self.ran_before):
            counter.view[row] = 0
        self.is_whole.view[row] = True
        return row

    def add_all(self, rule_ids: Longs) -> Longs:
        """Make rows for many rules that have none, one after another."""
        rows = np.arange(self._number, self._number + len(rule_ids))
        self._extend(len(rule_ids))
        self.rule_id.array[rows] = rule_ids
        self.directory.put_all(rule_ids, rows)
        return rows

    def keep_cuts(self, row: int, cuts: list[tuple[int, float, int, int]]) -> None:
        """Note where the cuts of a rule lie: segment, double, kind and target."""
        first = self._pool(len(cuts))
        self.first.view[row], self.cuts.view[row] = first, len(cuts)
        for place, (segment, at, kind, target) in enumerate(cuts, start=first):
            self.segment.view[place] = segment
            self.at.view[place] = at
            self.kind.view[place] = kind
            self.target.view[place] = target

    def keep_all(
        self, rows: Longs, counts: Longs, cuts: tuple[np.ndarray, ...]
    ) -> None:
        """Note where the cuts of many rules lie, those of the first row first."""
        first = self._pool(len(cuts[0]))
        self.first.array[rows] = first + np.cumsum(counts) - counts
        self.cuts.array[rows] = counts
        place = slice(first, first + len(cuts[0]))
        self.segment.array[place], self.at.array[place] = cuts[0], cuts[1]
        self.kind.array[place], self.target.array[place] = cuts[2], cuts[3]

    def cuts_of(self, row: int) -> list[tuple[int, float, int, int]]:
        """Say where the cuts of a rule lie: segment, double, kind and target."""
        first = self.first.view[row]
        return [
            (
                self.segment.view[place],
                self.at.view[place],
                self.kind.view[place],
                self.target.view[place],
            )
            for place in range(first, first + self.cuts.view[row])
        ]

    def runners(self) -> list[tuple[int, int, int]]:
        """List what runs the rules on one key: series, key and interest, each once."""
        own = (self.key.array >= 0) & (self.cuts.array > 0)
        parts = [one.array[own] for one in (self.series, self.key, self.interest)]
        sizes = [int(one.max(initial=0)) + 1 for one in parts]
        found = np.unravel_index(
            distinct(np.ravel_multi_index(tuple(parts), sizes)), sizes
        )
        return list(zip(*(one.tolist() for one in found), strict=True))

    def ids_on(self, key: int) -> list[int]:
        """Name the rules that have this in place of a key."""
        found = (self.key.array == key) & (self.cuts.array > 0)
        ids: list[int] = self.rule_id.array[found].tolist()
        return ids

    def remove(self, row: int) -> None:
        """Forget a rule; its row is made use of again."""
        self.directory.pop(self.rule_id.view[row])
        self._wasted += self.cuts.view[row]
        self.cuts.view[row] = 0
        self._free.append(row)

    @property
    def nbytes(self) -> int:
        """Give the size of the memory."""
        buffers = [one for one in vars(self).values() if isinstance(one, Buffer)]
        return sum(buffer.nbytes for buffer in buffers) + self.directory.nbytes

    def _extend(self, count: int) -> None:
        self._number += count
        for buffer in (
            self.rule_id,
            self.series,
            self.interest,
            self.key,
            self.passed,
            self.unknown,
            self.ran_before,
            self.is_whole,
            self.truth,
            self.first,
            self.cuts,
        ):
            buffer.reach(self._number)

    def _pool(self, count: int) -> int:
        """Take room for so many cuts; if half of the pool is waste, sweep it first."""
        if self._wasted > 1024 and self._wasted * 2 > self._pooled:
            self._sweep()
        first = self._pooled
        self._pooled += count
        for pool in (self.segment, self.at, self.kind, self.target):
            pool.reach(self._pooled)
        return first

    def _sweep(self) -> None:
        counts = self.cuts.array[: self._number].astype(np.int64)
        ends = np.cumsum(counts)
        total = int(ends[-1])
        firsts = self.first.array[: self._number].astype(np.int64)
        kept = np.arange(total) + np.repeat(firsts - (ends - counts), counts)
        for pool in (self.segment, self.at, self.kind, self.target):
            pool.array[:total] = pool.array[kept]
        self.first.array[: self._number] = ends - counts
        self._pooled, self._wasted = total, 0
