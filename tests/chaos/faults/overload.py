"""More than can be judged: refused loudly, before anything is stored."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import closing

from tests.chaos.client import Client, TooMuch
from tests.chaos.faults.base import Fault
from tests.chaos.memory import peak_of
from tests.chaos.scene import Scene

_DATASET = "FLOOD"
_SENDERS = 8
_EVENTS = 1_000
#: Fewer than the senders have under way at once, so that it is always too much.
_BACKLOG = 5_000
_LEAST_REFUSALS = 10
_SECONDS = 60.0
#: What no process may need for it (promise R11).
_MOST_MB = 512


class Flood(Fault):
    """Eight clients send as fast as they are answered, until many were refused."""

    name = "flood"
    does = (
        f"{_SENDERS} clients send {_EVENTS} events a request, as fast as they are"
        f" answered, to a dataset of which {_BACKLOG:,} may wait, until"
        f" {_LEAST_REFUSALS} requests were refused with 429; what is refused is not"
        " sent again, and none of it may be stored. No process may ever have had more"
        f" than {_MOST_MB} MB in memory."
    )
    settings = {"BELLWETHER_BACKLOG_EVENTS": str(_BACKLOG)}

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next = 0
        self._refused = 0
        self._errors: list[BaseException] = []

    def set_up(self, scene: Scene) -> None:
        scene.make_dataset(_DATASET, level="number")
        rule = {
            "kind": "signal",
            "name": "Level is high",
            "when": {"fact": f"DEMO:{_DATASET}:*:level", "op": "gt", "value": 90},
        }
        scene.client.post("rules", rule, key="rule flood")

    def strike(self, scene: Scene) -> None:
        self._refused = 0
        ends_at = time.monotonic() + _SECONDS
        senders = [
            threading.Thread(target=self._send, args=(scene, ends_at), daemon=True)
            for _ in range(_SENDERS)
        ]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        if self._errors:
            raise self._errors[0]
        peak = max(map(peak_of, scene.arena.installation.processes()))
        scene.say(f"flooded until {self._refused} were refused; {peak:.0f} MB at most")
        if self._refused < _LEAST_REFUSALS:
            scene.differences.append("a flood was not refused")
        if peak > _MOST_MB:
            scene.differences.append(f"a process took {peak:.0f} MB in a flood")

    def _send(self, scene: Scene, ends_at: float) -> None:
        try:
            with closing(
                Client(scene.arena.installation.port, scene.client.token)
            ) as us:
                while self._refused < _LEAST_REFUSALS and time.monotonic() < ends_at:
                    self._post(scene, us)
                scene.note_client(us)
        except BaseException as error:  # noqa: BLE001 - told by the thread that waits
            self._errors.append(error)

    def _post(self, scene: Scene, client: Client) -> None:
        with self._lock:
            first, self._next = self._next, self._next + _EVENTS
        numbers = range(first, first + _EVENTS)
        events = [{"key": f"K{n % 20}", "n": n, "level": n * 37 % 100} for n in numbers]
        try:
            client.post(
                f"datasets/{_DATASET}/records",
                events,
                key=f"flood-{uuid.uuid4()}",
                takes_no=True,
                seconds=120,
            )
        except TooMuch:
            self._refused += 1
        else:
            scene.accepted[_DATASET].extend(numbers)
