"""A file beside an upload that brings its events into event-time order.

One pass over the upload fills it; its own SQLite then sorts, on disk where memory does
not do. It commits how far the upload was read together with the events, so a worker
that goes on after another's death reads no line twice.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from datasets.store.records import CheckedEvent

#: Rejected lines that are kept with their reasons; all of them are counted.
REJECTED_KEPT = 100

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_TABLES = """
    CREATE TABLE IF NOT EXISTS state (
        lines INTEGER, rejected INTEGER, ups INTEGER, downs INTEGER, last INTEGER,
        is_ordered INTEGER);
    CREATE TABLE IF NOT EXISTS event (
        line INTEGER PRIMARY KEY, at INTEGER, key TEXT, subkey TEXT, body TEXT);
    CREATE TABLE IF NOT EXISTS rejected (line INTEGER PRIMARY KEY, shown TEXT);
    INSERT INTO state SELECT 0, 0, 0, 0, NULL, 0 WHERE NOT EXISTS (SELECT 1 FROM state);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedLine:
    """A line of the upload that was set aside, and why."""

    line: int
    excerpt: str
    reason: str


@dataclass(slots=True)
class _State:
    """How far the upload was read, and what was seen of its order."""

    lines: int
    rejected: int
    ups: int
    downs: int
    last: int | None
    is_ordered: int

    def see(self, at: int) -> None:
        """Note whether times rise or fall."""
        if self.last is not None:
            self.ups += at > self.last
            self.downs += at < self.last
        self.last = at


class SpoolMoved(RuntimeError):
    """Another worker filled the spool meanwhile; ours is not where it was read."""


class Spool:
    """The events of one upload: filled in the file's order, read in that of time."""

    def __init__(self, path: Path) -> None:
        self._base = sqlite3.connect(path, isolation_level=None, timeout=60)
        self._base.executescript(_TABLES)
        self._state = _State(*self._base.execute("SELECT * FROM state").fetchone())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._base.close()

    @property
    def lines(self) -> int:
        """How many rows of the upload were taken in or set aside."""
        return self._state.lines

    @property
    def rejected_count(self) -> int:
        """How many rows were set aside."""
        return self._state.rejected

    @property
    def is_ordered(self) -> bool:
        """Say whether all of the upload was read and sorted."""
        return bool(self._state.is_ordered)

    def __len__(self) -> int:
        return self._state.lines - self._state.rejected

    def add(self, rows: Iterable[CheckedEvent | RejectedLine]) -> None:
        """Take in the next rows of the upload; one commit.

        Raises:
            SpoolMoved: if another worker added rows since this one opened the spool.
        """
        state = self._state
        before = state.lines
        events, rejected = [], []
        for row in rows:
            state.lines += 1
            if isinstance(row, RejectedLine):
                state.rejected += 1
                rejected.append(row)
                continue
            at = (row.event_time - _EPOCH) // _MICROSECOND
            state.see(at)
            events.append((state.lines, at, row.key, row.subkey, row.body))
        self._begin(at=before)
        self._base.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", events)
        room = max(0, REJECTED_KEPT - (state.rejected - len(rejected)))
        self._base.executemany(
            "INSERT OR IGNORE INTO rejected VALUES (?, ?)",
            [(one.line, _shown(one)) for one in rejected[:room]],
        )
        self._commit()

    def order(self) -> None:
        """Sort the events by time; ties as in the file, or against it.

        A file whose times never rise but fall is read backwards, so that of two events
        of one time the one further down comes first.
        """
        is_newest_first = self._state.downs and not self._state.ups
        self._begin(at=self._state.lines)
        self._base.execute(
            "CREATE TABLE ordered AS SELECT at, key, subkey, body FROM event"
            " ORDER BY at, line * ?",
            (-1 if is_newest_first else 1,),
        )
        self._base.execute("DROP TABLE event")
        self._state.is_ordered = 1
        self._commit()

    def read(self, *, start: int, count: int) -> list[CheckedEvent]:
        """Return some events in the order of time, from the one at `start` on."""
        rows = self._base.execute(
            "SELECT key, subkey, at, body FROM ordered"
            " WHERE rowid > ? ORDER BY rowid LIMIT ?",
            (start, count),
        )
        return [
            CheckedEvent(key, subkey, _EPOCH + at * _MICROSECOND, body)
            for key, subkey, at, body in rows
        ]

    def rejected(self) -> Sequence[dict[str, object]]:
        """Return the first rejected lines as JSON objects."""
        rows = self._base.execute("SELECT shown FROM rejected ORDER BY line")
        return [json.loads(shown) for (shown,) in rows]

    def _begin(self, *, at: int) -> None:
        self._base.execute("BEGIN IMMEDIATE")
        (lines, is_ordered) = self._base.execute(
            "SELECT lines, is_ordered FROM state"
        ).fetchone()
        if lines != at or is_ordered:
            self._base.execute("ROLLBACK")
            raise SpoolMoved(f"The spool holds {lines} lines instead of {at}.")

    def _commit(self) -> None:
        self._base.execute(
            "UPDATE state SET lines = ?, rejected = ?, ups = ?, downs = ?, last = ?,"
            " is_ordered = ?",
            astuple(self._state),
        )
        self._base.execute("COMMIT")


def _shown(one: RejectedLine) -> str:
    return json.dumps(
        {"line": one.line, "excerpt": one.excerpt, "reason": one.reason},
        ensure_ascii=False,
    )
