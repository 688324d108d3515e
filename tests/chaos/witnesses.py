"""Who watches a trial: readers of the feed, and the age of what waits."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import psycopg
from websockets.exceptions import WebSocketException
from websockets.frames import CloseCode
from websockets.sync.client import ClientConnection, connect

from tests.chaos.proof import Query

_PAUSE_SECONDS = 0.2
#: Connections end all the time; nobody wants to read of it.
_QUIET = logging.getLogger(f"{__name__}.quiet")
_QUIET.disabled = True
_LOOK_EVERY_SECONDS = 0.25

_AGES = {
    "postgresql": "extract(epoch FROM clock_timestamp() - min({column}))",
    "sqlite": "(julianday('now') - julianday(min({column}))) * 86400",
}
_OLDEST = """
SELECT (SELECT {received} FROM datasets_batch WHERE state = 'pending' AND size > 0),
       (SELECT {entered} FROM alerts_feedentry WHERE seq IS NULL)
"""


@dataclass(slots=True, kw_only=True)
class Absence:
    """A time without the feed: from when, in monotonic time, and until when.

    `code` is with what the server closed; 1006 if it did not say.
    """

    since: float
    code: int
    until: float | None = None


@dataclass(slots=True)
class FeedReader:
    """Follows the feed over a WebSocket, and comes back by number when it is cut."""

    port: int
    token: str
    host: str = "127.0.0.1"
    #: Numbers as they came, and the times at which it did not follow.
    numbers: list[int] = field(default_factory=list)
    absences: list[Absence] = field(default_factory=list)
    connections: int = 0
    last: int | None = None
    _epoch: str = ""
    _socket: ClientConnection | None = None
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _resumed: threading.Event = field(default_factory=threading.Event)
    errors: list[BaseException] = field(default_factory=list)

    def start(self) -> None:
        """Begin to follow, and return once the server said from where."""
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()
        assert self._resumed.wait(60), "the feed did not answer"

    def cut(self) -> None:
        """Cut the connection as a network does: without a word."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.socket.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        """Follow no more."""
        self._stopping.set()
        self.cut()
        if self._thread is not None:
            self._thread.join(30)

    def differences(self, *, until: int) -> list[str]:
        """Say where the numbers are not one after the other up to `until`."""
        if self.errors:
            return [f"a reader of the feed ended: {self.errors[0]!r}"]
        if not self.numbers:
            return []
        wanted = list(range(self.numbers[0], until + 1))
        if self.numbers == wanted:
            return []
        missing = sorted(set(wanted) - set(self.numbers))
        doubles = len(self.numbers) - len(set(self.numbers))
        found = f"{len(missing)} entries, such as {missing[:3]}"
        return [f"a reader of the feed missed {found}, and saw {doubles} twice"]

    def _follow(self) -> None:
        url = f"ws://{self.host}:{self.port}/ws/v1/DEMO/feed"
        while not self._stopping.is_set():
            try:
                with _connect(url) as self._socket:
                    self.connections += 1
                    self._read(self._socket)
            except (OSError, WebSocketException):
                self._note_absence()
                self._stopping.wait(_PAUSE_SECONDS)
            except BaseException as error:  # noqa: BLE001 - told at the end
                self.errors.append(error)
                return

    @property
    def is_there(self) -> bool:
        """Say whether it follows the feed at this moment."""
        return not self.absences or self.absences[-1].until is not None

    def _note_absence(self) -> None:
        """Note when a connection ended; one that did not come about is no other."""
        if self._socket is not None and self._resumed.is_set() and self.is_there:
            code = self._socket.close_code or CloseCode.ABNORMAL_CLOSURE
            self.absences.append(Absence(since=time.monotonic(), code=code))

    def _read(self, server: ClientConnection) -> None:
        resume = {"type": "resume", "since": self.last, "token": self.token}
        if self._epoch:
            resume["epoch"] = self._epoch
        server.send(json.dumps(resume))
        while not self._stopping.is_set():
            self._take(json.loads(server.recv()))

    def _take(self, frame: dict[str, object]) -> None:
        match frame:
            case {"type": "resumed", "head": int(head), "epoch": str(epoch)}:
                self._epoch = epoch
                self.last = head if self.last is None else self.last
                if not self.is_there:
                    self.absences[-1].until = time.monotonic()
                self._resumed.set()
            case {"type": "gap", "from": int(first), "to": int(last)}:
                # More than the server repeats; the client is told which to load.
                self._note(range(first, last + 1))
            case {"type": "reset"}:
                raise AssertionError("the feed was reset")
            case {"seq": int(seq)}:
                self._note([seq])

    def _note(self, numbers: Sequence[int]) -> None:
        self.numbers.extend(numbers)
        self.last = numbers[-1]


def _connect(url: str) -> ClientConnection:
    return connect(url, open_timeout=5, close_timeout=1, logger=_QUIET)


#: What waits for so long is named, once.
_LONG_SECONDS = 15.0
_WHO = """
SELECT b.id, d.slug, b.origin, b.size, l.crash_tries, b.received_at
FROM datasets_batch b JOIN datasets_lane l ON l.id = b.lane_id
JOIN datasets_dataset d ON d.id = l.dataset_id
WHERE b.state = 'pending' AND b.size > 0 ORDER BY b.received_at LIMIT 1
"""


class Age(NamedTuple):
    """How old what waits was at a moment: to be judged, and to be numbered."""

    at: float
    batch: float
    entry: float

    @property
    def longest(self) -> float:
        """The greater of both."""
        return max(self.batch, self.entry)

    def __str__(self) -> str:
        return f"{self.batch:.1f} s to be judged, {self.entry:.1f} s to be numbered"


@dataclass(slots=True)
class Waiting:
    """Looks again and again how long the oldest of what waits has waited."""

    query: Query
    database: str
    say: Callable[[str], None]
    _named: set[object] = field(default_factory=set)
    ages: list[Age] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(30)

    def oldest(self, since: float) -> Age:
        """Return the greatest ages that were seen since a moment."""
        seen = [age for age in self.ages if since <= age.at]
        return Age(
            since,
            max((age.batch for age in seen), default=0.0),
            max((age.entry for age in seen), default=0.0),
        )

    def _look(self) -> None:
        age = _AGES[self.database]
        words = _OLDEST.format(
            received=age.format(column="received_at"), entered=age.format(column="at")
        )
        while not self._stopping.wait(_LOOK_EVERY_SECONDS):
            # While the database is away there is nothing to be seen.
            with contextlib.suppress(psycopg.Error, sqlite3.Error):
                ((batch, entry),) = self.query(words)
                seen = Age(time.monotonic(), float(batch or 0), float(entry or 0))
                self.ages.append(seen)
                if seen.batch > _LONG_SECONDS:
                    self._name()

    def _name(self) -> None:
        for batch, *rest in self.query(_WHO):
            if batch not in self._named:
                self._named.add(batch)
                self.say(f"waits long: batch {batch} {rest}")
