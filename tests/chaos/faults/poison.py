"""An event that cannot be judged."""

from __future__ import annotations

from datasets.json import encode
from tests.chaos.faults.base import Fault
from tests.chaos.proof import lane_of
from tests.chaos.scene import Scene
from tests.installations import until

_DATASET = "POISON"
#: Its lane is tried twice when it is 5 s old, then drained with care (DESIGN.md 2.1).
_SECONDS = 120.0
_SPOIL = """
INSERT INTO datasets_fact (lane_id, dataset_id, key, fields)
SELECT id, dataset_id, '{key}', '{fields}' FROM datasets_lane WHERE id = {lane}
"""


class Poison(Fault):
    """What a lane keeps of a key is spoilt, so that no event of it can be judged."""

    name = "poison"
    does = (
        "What a lane keeps of a key is spoilt in the database, so that the judge of an"
        " event of that key fails; it is sent between two that are well. It has to be"
        " set aside with its error, the others be judged."
    )

    def __init__(self) -> None:
        self._turn = 0

    def set_up(self, scene: Scene) -> None:
        scene.make_dataset(_DATASET, level="number")
        rule = {
            "kind": "signal",
            "name": "Level is positive",
            "when": {"fact": f"DEMO:{_DATASET}:*:level", "op": "gt", "value": 0},
        }
        scene.client.post("rules", rule, key="rule poison")

    def strike(self, scene: Scene) -> None:
        self._turn += 1
        bad = f"BAD{self._turn}"
        lane = lane_of(scene.query, _DATASET)
        fields = encode({"level": 7}).decode()
        scene.change(_SPOIL.format(key=bad, fields=fields, lane=lane))
        keys = (f"A{self._turn}", bad, f"Z{self._turn}")
        scene.send(_DATASET, *({"key": key, "level": 1} for key in keys))
        until(
            lambda: self._reasons(scene, bad),
            seconds=_SECONDS,
            what="setting the poisonous event aside",
        )
        (reason,) = self._reasons(scene, bad)
        scene.say(f"an event was set aside: {reason}")
        if "Error" not in reason:
            scene.differences.append(
                f"an event was set aside without its error: {reason}"
            )

    def _reasons(self, scene: Scene, key: str) -> list[str]:
        words = f"""
        SELECT q.reason FROM datasets_quarantine q
        JOIN datasets_record r ON r.batch_id = q.batch_id AND r.ord = q.ord
        WHERE r.key = '{key}'
        """
        return [reason for (reason,) in scene.query(words)]
