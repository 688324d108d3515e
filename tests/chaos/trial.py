"""One trial: an installation under load that is killed, then the comparison."""

from __future__ import annotations

import os
import random
import signal
import time
import uuid
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from tests.chaos.client import Client
from tests.chaos.events import DATASET, LATER_RULE, RULES, SCHEMA
from tests.chaos.load import Load
from tests.chaos.proof import Proof, database_of, prove, waiting
from tests.installations import Installation, until

#: Bounds for a machine that does much besides; a quiet one needs seconds.
ACCEPT_SECONDS = 120.0
DRAIN_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whom to kill, in turn and how often, and under which load."""

    victims: Sequence[str]
    times: int
    events_a_second: float = 200.0
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a trial."""

    proof: Proof
    accepted: int
    kills: int
    repeats: int
    seconds: float

    def __str__(self) -> str:
        counted = ", ".join(f"{n} {what}" for what, n in self.proof.counted.items())
        return (
            f"{self.kills} kills in {self.seconds:.0f} s, {self.accepted} events"
            f" accepted ({self.repeats} requests repeated); stored: {counted};"
            f" differences: {self.proof.differences or 'none'}"
        )


def say_nothing(_: str) -> None:
    """Tell nobody."""


def play(
    installation: Installation, plan: Plan, *, say: Callable[[str], None] = say_nothing
) -> Outcome:
    """Start the installation, load it, kill it as planned, and compare.

    1. Make a dataset, an output and rules; wait until the rules are in effect.
    2. Under load kill one victim after the other, each once events are accepted
       again; half-way, make one more rule.
    3. Stop the load, wait until everything is judged, and prove.
    """
    installation.start()
    token = installation.manage("issue_token", "DEMO").strip()
    load = Load(
        port=installation.port, token=token, events_a_second=plan.events_a_second
    )
    with closing(Client(installation.port, token)) as client:
        _set_up(client)
        begin = time.monotonic()
        load.start()
        _kill_all(installation, plan, load, client, say)
        load.finish()
    seconds = time.monotonic() - begin
    query = database_of(installation)
    until(lambda: not waiting(query), seconds=DRAIN_SECONDS, what="the last judgement")
    return Outcome(
        proof=prove(query, accepted=load.accepted),
        accepted=len(load.accepted),
        kills=plan.times,
        repeats=load.repeats,
        seconds=seconds,
    )


def _set_up(client: Client) -> None:
    dataset = {
        "slug": DATASET,
        "schema": SCHEMA,
        "index": {"key": "symbol", "date": "at"},
    }
    client.post("datasets", dataset, key="dataset")
    output = {"kind": "email", "name": "mail", "config": {"to": ["ana@example.com"]}}
    client.post("outputs", output, key="output")
    for rule in RULES:
        client.post("rules", rule, key=f"rule {rule['name']}")


def _kill_all(
    installation: Installation,
    plan: Plan,
    load: Load,
    client: Client,
    say: Callable[[str], None],
) -> None:
    chance = random.Random(plan.seed)
    for turn in range(plan.times):
        wanted = len(load.accepted) + 200
        until(
            partial(_has, load, wanted), seconds=ACCEPT_SECONDS, what="accepting again"
        )
        time.sleep(chance.uniform(0.2, 1.0))
        if turn == plan.times // 2:
            client.post("rules", LATER_RULE, key=f"later {uuid.uuid4()}")
        victim = plan.victims[turn % len(plan.victims)]
        os.kill(installation.leader_of(victim), signal.SIGKILL)
        say(f"killed {victim} ({turn + 1} of {plan.times})")


def _has(load: Load, wanted: int) -> bool:
    load.check()
    return len(load.accepted) >= wanted
