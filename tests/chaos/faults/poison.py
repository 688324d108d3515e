"""Events that cannot be judged."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import ClassVar

from datasets.json import encode
from tests.chaos.faults.base import Fault
from tests.chaos.proof import lane_of
from tests.chaos.scene import Scene
from tests.installations import until

#: Its lane is tried twice when it is 5 s old, then drained with care.
_SECONDS = 240.0
_SPOIL = """
INSERT INTO datasets_fact (lane_id, dataset_id, key, fields)
SELECT id, dataset_id, '{key}', '{fields}' FROM datasets_lane WHERE id = {lane}
"""
#: What makes some keys deadly, in the processes of the trial alone.
_DEADLY = Path(__file__).parent.parent / "deadly"


class _Culprit(Fault):
    """An event between two that are well; it alone may be set aside."""

    #: The dataset, and how the key of its bad events begins.
    dataset: ClassVar[str]
    key: ClassVar[str]
    #: What has to stand in the reason.
    reason: ClassVar[str]
    #: After so long its lane is to go on (promise R10).
    promised_seconds: ClassVar[int] = 30

    def __init__(self) -> None:
        self._turn = 0
        self._times: list[float] = []

    def set_up(self, scene: Scene) -> None:
        scene.make_dataset(self.dataset, level="number")
        rule = {
            "kind": "signal",
            "name": f"Level of {self.dataset} is positive",
            "when": {"fact": f"DEMO:{self.dataset}:*:level", "op": "gt", "value": 0},
        }
        scene.client.post("rules", rule, key=f"rule {self.dataset}")

    def strike(self, scene: Scene) -> None:
        self._turn += 1
        bad = f"{self.key}{self._turn}"
        self.spoil(scene, bad)
        began = time.monotonic()
        for key in (f"A{self._turn}", bad, f"Z{self._turn}"):
            scene.send(self.dataset, {"key": key, "level": 1})
        until(
            lambda: self._reasons(scene, bad),
            seconds=_SECONDS,
            what=f"setting the event of {bad} aside",
        )
        took = time.monotonic() - began
        self._times.append(took)
        (reason,) = self._reasons(scene, bad)
        scene.say(f"an event was set aside after {took:.1f} s: {reason}")
        scene.hold_to(
            self.promised_seconds,
            what=f"setting an event of {self.name} aside",
            took=took,
            since=began,
        )
        if self.reason not in reason:
            scene.differences.append(f"an event was set aside, saying only: {reason}")

    def told(self) -> str:
        middle, longest = median(self._times), max(self._times)
        return (
            f"\nAn event of `{self.name}` was set aside after {middle:.0f} s in the"
            f" middle, {longest:.0f} s at most; {self.promised_seconds} s are promised"
            " after the first crash, or the beginning of what does not end.\n"
        )

    def spoil(self, scene: Scene, key: str) -> None:
        """See to it that events of this key cannot be judged."""

    def _reasons(self, scene: Scene, key: str) -> list[str]:
        words = f"""
        SELECT q.reason FROM datasets_quarantine q
        JOIN datasets_record r ON r.batch_id = q.batch_id AND r.ord = q.ord
        WHERE r.key = '{key}'
        """
        return [reason for (reason,) in scene.query(words)]


class Poison(_Culprit):
    """What a lane keeps of a key is spoilt, so that no event of it can be judged."""

    name = "poison"
    does = (
        "What a lane keeps of a key is spoilt in the database, so that the judge of an"
        " event of that key fails; it is sent between two that are well. It has to be"
        " set aside with its error, the others be judged."
    )
    dataset = "POISON"
    key = "BAD"
    reason = "Error"

    def spoil(self, scene: Scene, key: str) -> None:
        lane = lane_of(scene.query, self.dataset)
        fields = encode({"level": 7}).decode()
        scene.change(_SPOIL.format(key=key, fields=fields, lane=lane))


class Deadly(_Culprit):
    """An event that ends every process that judges it, without a word."""

    name = "deadly"
    does = (
        "The process that judges an event ends at once, as one does that runs out of"
        " memory; it is sent between two that are well. It has to be set aside, the"
        " others be judged. (A hook that only the trial's processes load.)"
    )
    settings: ClassVar[Mapping[str, str]] = {"PYTHONPATH": str(_DEADLY)}
    dataset = "DEADLY"
    key = "EXIT"
    reason = "died"


class Endless(Deadly):
    """An event whose judging comes to no end."""

    name = "endless"
    does = (
        "Judging an event comes to no end; it is sent between two that are well. It has"
        " to be set aside, the others be judged. (By the same hook.)"
    )
    promised_seconds = 90
    dataset = "ENDLESS"
    key = "HANG"
