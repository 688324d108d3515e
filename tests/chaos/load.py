"""Load: numbered events at a steady rate, and the list of those that were accepted."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.chaos.client import Client
from tests.chaos.events import DATASET, event

SENDERS = 8
#: A web server that stands still is found out after a minute.
PATIENCE_SECONDS = 240.0


@dataclass(slots=True, kw_only=True)
class Load:
    """Posts events until it is told to stop; each request until it is accepted.

    Every request has its time in a schedule that begins with the load, so what an
    outage held up is sent as fast as it is accepted once the outage is over.
    """

    port: int
    token: str
    events_a_second: float
    events_a_request: int
    #: Senders take turns with them.
    hosts: Sequence[str] = ("127.0.0.1",)
    #: Numbers of the events that were answered with 2xx, as the answers came.
    accepted: list[int] = field(default_factory=list)
    #: Monotonic times: when it began, and of each answer with 2xx.
    began_at: float = 0.0
    answered_at: list[float] = field(default_factory=list)
    repeats: int = 0
    #: Refusals by their status, and answers that nobody should ever get.
    refusals: Counter[int] = field(default_factory=Counter)
    improper: list[str] = field(default_factory=list)
    sentences: set[str] = field(default_factory=set)
    errors: list[BaseException] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to send."""
        self.began_at = time.monotonic()
        self._threads = [
            threading.Thread(target=self._send, args=(sender,), daemon=True)
            for sender in range(SENDERS)
        ]
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Send what was begun until it is accepted, and no more."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        self.check()

    def check(self) -> None:
        """Raise what ended a sender, if anything did."""
        if self.errors:
            raise self.errors[0]

    @property
    def seconds(self) -> float:
        """How long it took from the begin to the newest answer."""
        return max(self.answered_at, default=self.began_at) - self.began_at

    @property
    def events_behind(self) -> float:
        """How many events it should have sent by now and could not."""
        due = (time.monotonic() - self.began_at) * self.events_a_second
        return due - len(self.accepted)

    def _send(self, sender: int) -> None:
        client = Client(
            self.port,
            self.token,
            host=self.hosts[sender % len(self.hosts)],
            refusals=self.refusals,
            improper=self.improper,
            sentences=self.sentences,
        )
        apart = self.events_a_request / self.events_a_second
        request = sender
        try:
            while not self._stopping.wait(
                self.began_at + request * apart - time.monotonic()
            ):
                self._post(client, request)
                request += SENDERS
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self.errors.append(error)
        finally:
            client.close()
        self.repeats += client.repeats

    def _post(self, client: Client, request: int) -> None:
        first = request * self.events_a_request
        numbers = range(first, first + self.events_a_request)
        client.post(
            f"datasets/{DATASET}/records",
            [event(number) for number in numbers],
            key=f"load-{request}",
            seconds=PATIENCE_SECONDS,
        )
        self.accepted.extend(numbers)
        self.answered_at.append(time.monotonic())
