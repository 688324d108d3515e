"""One trial: an installation under load that is killed, then the comparison."""

from __future__ import annotations

import contextlib
import math
import os
import random
import signal
import time
import uuid
from bisect import bisect_right
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from statistics import median

from tests.chaos.client import Client
from tests.chaos.events import DATASET, LATER_RULE, RULES, SCHEMA
from tests.chaos.load import Load
from tests.chaos.proof import Proof, database_of, prove, waiting
from tests.installations import DidNotHappen, Installation, until

#: Bounds for a machine that does much besides; a quiet one needs seconds.
ACCEPT_SECONDS = 120.0
CATCH_UP_SECONDS = 10.0
DRAIN_SECONDS = 120.0
#: What is sent over the planned rate, so that the mean reaches it; and how near to its
#: schedule the load counts as having caught up, in seconds.
_MORE = 1.05
_NEAR_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Whom to kill, in turn and how often, and which load to keep up meanwhile."""

    victims: Sequence[str]
    times: int
    #: The mean over the whole trial, outages and all.
    events_a_second: float = 200.0
    #: What a producer sends together; smaller requests cost the machine more.
    events_a_request: int = 10
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a trial."""

    plan: Plan
    proof: Proof
    accepted: int
    repeats: int
    seconds: float
    #: For each kill the longest time without an answer that followed it, in seconds.
    outages: Sequence[float]

    @property
    def events_a_second(self) -> float:
        """Events that were accepted in each second of load, outages and all."""
        return self.accepted / self.seconds

    @property
    def is_at_rate(self) -> bool:
        """Say whether the planned load was reached; else less was proved."""
        return self.events_a_second >= self.plan.events_a_second

    def __str__(self) -> str:
        counted = ", ".join(f"{n} {what}" for what, n in self.proof.counted.items())
        verdict = "reached" if self.is_at_rate else "NOT REACHED"
        return (
            f"{self.plan.times} kills in {self.seconds:.0f} s; {self.accepted} events"
            f" accepted, {self.events_a_second:.0f} a second"
            f" ({self.plan.events_a_second:.0f} planned, {self.plan.events_a_request} a"
            f" request: {verdict});"
            f" outages: {_told(self.outages)}; {self.repeats} requests repeated;"
            f" stored: {counted}; differences: {self.proof.differences or 'none'}"
        )


def _told(outages: Sequence[float]) -> str:
    if not outages:
        return "none"
    middle, longest = median(outages), max(outages)
    return f"{middle:.2f} s in the middle, {longest:.2f} s at most"


def say_nothing(_: str) -> None:
    """Tell nobody."""


def play(
    installation: Installation, plan: Plan, *, say: Callable[[str], None] = say_nothing
) -> Outcome:
    """Start the installation, load it, kill it as planned, and compare.

    1. Make a dataset, an output and rules; wait until the rules are in effect.
    2. Under load kill one victim after the other: each other time as soon as events
       are accepted again, else once the load has caught up with its schedule;
       half-way, make one more rule.
    3. Let the load catch up and stop it, wait until everything is judged, and prove.
    """
    installation.start()
    token = installation.manage("issue_token", "DEMO").strip()
    load = Load(
        port=installation.port,
        token=token,
        events_a_second=plan.events_a_second * _MORE,
        events_a_request=plan.events_a_request,
    )
    with closing(Client(installation.port, token)) as client:
        _set_up(client)
        load.start()
        kills = _kill_all(installation, plan, load, client, say)
        _await_acceptance(load)
        _await_schedule(load)
        load.finish()
    query = database_of(installation)
    until(lambda: not waiting(query), seconds=DRAIN_SECONDS, what="the last judgement")
    return Outcome(
        plan=plan,
        proof=prove(query, accepted=load.accepted),
        accepted=len(load.accepted),
        repeats=load.repeats,
        seconds=load.seconds,
        outages=outages(kills, load.answered_at),
    )


def outages(kills: Sequence[float], answers: Sequence[float]) -> list[float]:
    """Return the longest time between two answers after each kill, up to the next."""
    times = sorted(answers)
    ends = [*kills[1:], math.inf]
    return [
        _longest_gap(times, since=since, until=end)
        for since, end in zip(kills, ends, strict=True)
    ]


def _longest_gap(times: Sequence[float], *, since: float, until: float) -> float:
    some = [since, *times[bisect_right(times, since) : bisect_right(times, until)]]
    return max((after - before for before, after in pairwise(some)), default=0.0)


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
) -> list[float]:
    """Kill as planned and return when, in monotonic time."""
    chance = random.Random(plan.seed)
    kills = []
    for turn in range(plan.times):
        _await_acceptance(load)
        if turn % 2 == 0:
            _await_schedule(load)
        time.sleep(chance.uniform(0.2, 1.0))
        if turn == plan.times // 2:
            client.post("rules", LATER_RULE, key=f"later {uuid.uuid4()}")
        victim = plan.victims[turn % len(plan.victims)]
        kills.append(time.monotonic())
        os.kill(installation.leader_of(victim), signal.SIGKILL)
        say(f"killed {victim} ({turn + 1} of {plan.times})")
    return kills


def _await_acceptance(load: Load) -> None:
    """Wait until events are accepted again."""
    wanted = len(load.accepted) + 200
    until(partial(_has, load, wanted), seconds=ACCEPT_SECONDS, what="accepting again")


def _await_schedule(load: Load) -> None:
    """Wait until the load has caught up, or this machine is too slow for it."""
    most = load.events_a_second * _NEAR_SECONDS
    with contextlib.suppress(DidNotHappen):
        until(
            lambda: load.events_behind < most,
            seconds=CATCH_UP_SECONDS,
            what="catching up",
        )


def _has(load: Load, wanted: int) -> bool:
    load.check()
    return len(load.accepted) >= wanted
