"""What comes from outside: receivers that hang, storms of alerts, sockets cut off."""

from __future__ import annotations

import json
import time

from tests.chaos.faults.base import Fault
from tests.chaos.scene import Scene
from tests.installations import DidNotHappen, until

_SLOW, _STORM = "SLOW", "STORM"
_HANGING = 50
#: Outputs of one rule.
_MOST_OUTPUTS = 20
#: Within which a receiver that answers is told (promise R12).
_TOLD_SECONDS = 2.0
_CUTS = 5
#: Longer than a reader waits before it comes back.
_CUT_PAUSE_SECONDS = 0.5
_ALERTS = 1_000
#: Rules in a file; a request is to be answered within seconds.
_CARRIED = 100
_STORM_SECONDS = 120.0


class SlowReceivers(Fault):
    """Receivers that hang, and one among them that answers."""

    name = "slow"
    does = (
        f"An alert goes to {_HANGING} webhooks that take it and never answer, and to"
        " one that does; that one has to be told while the others hang."
    )

    def set_up(self, scene: Scene) -> None:
        scene.make_dataset(_SLOW, level="number")
        names = [f"hangs {place}" for place in range(_HANGING)]
        for name in names:
            scene.make_webhook(name, f"/hang/{name.replace(' ', '-')}")
        scene.make_webhook("answers", "/answers")
        told = [*names, "answers"]
        for first in range(0, len(told), _MOST_OUTPUTS):
            rule = {
                "kind": "signal",
                "name": f"Level is there, for {first} and on",
                "when": {"fact": f"DEMO:{_SLOW}:*:level", "op": "gt", "value": 0},
                "outputs": [
                    {"output": name.replace(" ", "-"), "at_most_every": "0s"}
                    for name in told[first : first + _MOST_OUTPUTS]
                ],
            }
            scene.client.post("rules", rule, key=f"rule slow {first}")

    def strike(self, scene: Scene) -> None:
        sink = scene.arena.sink
        before = sink.answered["/answers"]
        began = time.monotonic()
        scene.send(_SLOW, {"key": "K", "level": 1})
        try:
            until(
                lambda: sink.answered["/answers"] > before,
                seconds=_STORM_SECONDS,
                what="telling the receiver that answers",
            )
        except DidNotHappen as never:
            scene.differences.append(str(never))
            return
        took = time.monotonic() - began
        scene.say(f"told in {took:.1f} s while {sink.hanging} receivers hang")
        scene.hold_to(
            _TOLD_SECONDS,
            what="telling one among receivers that hang",
            took=took,
            since=began,
        )


class Storm(Fault):
    """One event on which a thousand rules raise an alert."""

    name = "storm"
    does = f"One event raises {_ALERTS:,} alerts at once."

    def __init__(self, alerts: int = _ALERTS) -> None:
        self._alerts = alerts

    def set_up(self, scene: Scene) -> None:
        scene.make_dataset(_STORM, level="number")
        rules = [
            {
                "kind": "signal",
                "name": f"Level is over {place}",
                "when": {"fact": f"DEMO:{_STORM}:*:level", "op": "gt", "value": place},
                # Each tenth tells somebody.
                "outputs": [{"output": "hook", "at_most_every": "0s"}]
                if place % 10 == 0
                else [],
            }
            for place in range(self._alerts)
        ]
        carried = [
            {"slug": f"storm-{place}", "definition": rule}
            for place, rule in enumerate(rules)
        ]
        for first in range(0, self._alerts, _CARRIED):
            some = carried[first : first + _CARRIED]
            scene.client.post(
                "rules/import",
                json.dumps({"workspace": "DEMO", "rules": some}),  # JSON is YAML
                key=f"storm {first}",
                kind="application/yaml",
            )

    def strike(self, scene: Scene) -> None:
        key = f"{_STORM}-{scene.next_number(_STORM)}"  # a key of no other dataset
        scene.send(_STORM, {"key": key, "level": self._alerts})
        words = f"SELECT count(*) FROM alerts_alert WHERE key = '{key}'"
        until(
            lambda: scene.query(words) == [(self._alerts,)],
            seconds=_STORM_SECONDS,
            what=f"{self._alerts} alerts of one event",
        )
        scene.say(f"one event raised {self._alerts} alerts")


class CutSockets(Fault):
    """The connections of everybody who follows the feed are cut."""

    name = "cut"
    does = (
        "The WebSockets of all who follow the feed are cut without a word,"
        f" {_CUTS} times; they come back by number."
    )

    def strike(self, scene: Scene) -> None:
        for _ in range(_CUTS):
            for reader in scene.readers:
                reader.cut()
            time.sleep(_CUT_PAUSE_SECONDS)
        scene.say(f"cut {len(scene.readers)} readers of the feed off, {_CUTS} times")
