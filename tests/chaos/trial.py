"""One trial: an installation under load to which things happen, then the comparison."""

from __future__ import annotations

import contextlib
import math
import random
import time
import uuid
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from statistics import median

from tests.chaos.arena import Arena
from tests.chaos.client import Client
from tests.chaos.deliveries import await_deliveries, prove_deliveries
from tests.chaos.events import DATASET, LATER_RULE, RULES, SCHEMA
from tests.chaos.faults import Fault
from tests.chaos.load import Load
from tests.chaos.order import prove_order
from tests.chaos.pace import Pace
from tests.chaos.proof import Proof, database_of, newest_entry, prove, waiting
from tests.chaos.scene import Scene
from tests.chaos.witnesses import FeedReader, Waiting
from tests.installations import DidNotHappen, until

#: Bounds for a machine that does much besides; a quiet one needs seconds.
ACCEPT_SECONDS = 240.0
CATCH_UP_SECONDS = 10.0
DRAIN_SECONDS = 120.0
READ_SECONDS = 60.0
READERS = 10
#: What is sent over the planned rate, so that the mean reaches it; and how near to its
#: schedule the load counts as having caught up, in seconds.
_MORE = 1.05
_NEAR_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to happen, in turn and how often, and which load to keep up meanwhile."""

    faults: Sequence[Fault]
    times: int
    #: The mean over the whole trial, outages and all.
    events_a_second: float = 200.0
    #: What a producer sends together; smaller requests cost the machine more.
    events_a_request: int = 10
    seed: int = 1
    #: Wait at the end until every delivery was made: a killed sender's lease is long.
    awaits_deliveries: bool = False
    #: What may take longer than promised at least, as a factor (`tests.chaos.pace`).
    least_allowance: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """Something that happened, to which part, and how long nothing was answered."""

    name: str
    part: str
    outage: float


#: The name of a fault, the part that it struck, and when, in monotonic time.
Struck = tuple[str, str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a trial."""

    plan: Plan
    proof: Proof
    accepted: int
    repeats: int
    seconds: float
    strikes: Sequence[Strike]
    #: The longest that anything waited to be judged or numbered, in seconds.
    longest_wait: float = 0.0
    #: By how much the machine was slower than an idle one: the slowest five seconds.
    slowness: float = 1.0
    refusals: Mapping[int, int] = field(default_factory=dict)
    #: Webhooks that came, those that came again, and connections of readers.
    messages: int = 0
    repeated: int = 0
    connections: int = 0

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
        refused = [f"{n} with {status}" for status, n in self.refusals.items()]
        return (
            f"{len(self.strikes)} faults in {self.seconds:.0f} s; {self.accepted}"
            f" events accepted, {self.events_a_second:.0f} a second"
            f" ({self.plan.events_a_second:.0f} planned, {self.plan.events_a_request} a"
            f" request: {verdict});"
            f" outages: {_told([one.outage for one in self.strikes])};"
            f" longest wait: {self.longest_wait:.1f} s;"
            f" machine up to {self.slowness:.1f} times slower than at rest;"
            f" {self.repeats} requests repeated,"
            f" {self.messages} webhooks ({self.repeated} of them again),"
            f" {self.connections} connections of readers,"
            f" refused: {', '.join(refused) or 'none'};"
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
    arena: Arena, plan: Plan, *, say: Callable[[str], None] = say_nothing
) -> Outcome:
    """Start the installation, load it, let happen what is planned, and compare.

    1. Make datasets, outputs and rules; have readers follow the feed.
    2. Under load let one fault after the other strike: each other time as soon as
       events are accepted again, else once the load has caught up with its schedule;
       half-way, make one more rule.
    3. Let the load catch up and stop it, wait until everything is judged and read, and
       prove.
    """
    installation = arena.installation
    installation.start()
    token = installation.manage("issue_token", "DEMO").strip()
    load = Load(
        port=installation.port,
        token=token,
        events_a_second=plan.events_a_second * _MORE,
        events_a_request=plan.events_a_request,
    )
    query = database_of(installation)
    pace = Pace(least=plan.least_allowance)
    with closing(Client(installation.port, token)) as client, pace.listening():
        scene = Scene(
            arena=arena,
            client=client,
            load=load,
            query=query,
            readers=[FeedReader(installation.port, token) for _ in range(READERS)],
            waiting=Waiting(query, arena.database, say),
            pace=pace,
            chance=random.Random(plan.seed),
            say=say,
        )
        _set_up(scene, plan)
        struck = _play_all(scene, plan)
        scene.note_client(client)
    scene.differences += [f"answered {one}" for one in load.improper]
    return _conclude(scene, plan, struck)


def _play_all(scene: Scene, plan: Plan) -> list[Struck]:
    """Load it and strike; return what struck."""
    load = scene.load
    for reader in scene.readers:
        reader.start()
    scene.waiting.start()
    load.start()
    try:
        struck = _strike_all(scene, plan)
        _await_acceptance(load)
        _await_schedule(load)
    finally:
        load.finish()
    for fault in dict.fromkeys(plan.faults):
        fault.finish(scene)
    return struck


def _conclude(scene: Scene, plan: Plan, struck: list[Struck]) -> Outcome:
    load, query = scene.load, scene.query
    until(lambda: not waiting(query), seconds=DRAIN_SECONDS, what="the last judgement")
    scene.waiting.stop()
    _await_readers(scene)
    if plan.awaits_deliveries:
        scene.differences += await_deliveries(query)
    proof = prove(query, accepted={DATASET: load.accepted, **scene.accepted})
    scene.differences += prove_order(query, events_a_request=plan.events_a_request)
    scene.differences += prove_deliveries(query, scene.arena.sink)
    gaps = outages([at for *_, at in struck], load.answered_at)
    came = scene.arena.sink.received.values()
    return Outcome(
        plan=plan,
        proof=Proof(proof.counted, [*proof.differences, *scene.differences]),
        accepted=len(load.accepted),
        repeats=load.repeats,
        seconds=load.seconds,
        strikes=[
            Strike(name=name, part=part, outage=gap)
            for (name, part, _), gap in zip(struck, gaps, strict=True)
        ],
        longest_wait=scene.waiting.oldest(0).longest,
        slowness=scene.pace.slowness(since=0, stretch=5),
        refusals=load.refusals,
        messages=len(came),
        repeated=sum(1 for times in came if times > 1),
        connections=sum(reader.connections for reader in scene.readers),
    )


def _await_readers(scene: Scene) -> None:
    """Wait until who follows the feed has heard of everything, and compare."""
    newest = newest_entry(scene.query)
    with contextlib.suppress(DidNotHappen):  # told below, with what is missing
        until(
            lambda: all((reader.last or 0) >= newest for reader in scene.readers),
            seconds=READ_SECONDS,
            what="reading the feed",
        )
    for reader in scene.readers:
        reader.stop()
        scene.differences += reader.differences(until=newest)


def outages(begins: Sequence[float], answers: Sequence[float]) -> list[float]:
    """Return the longest time between two answers after each begin, up to the next."""
    times = sorted(answers)
    ends = [*begins[1:], math.inf]
    return [
        _longest_gap(times, since=since, until=end)
        for since, end in zip(begins, ends, strict=True)
    ]


def _longest_gap(times: Sequence[float], *, since: float, until: float) -> float:
    some = [since, *times[bisect_right(times, since) : bisect_right(times, until)]]
    return max((after - before for before, after in pairwise(some)), default=0.0)


def _set_up(scene: Scene, plan: Plan) -> None:
    dataset = {
        "slug": DATASET,
        "schema": SCHEMA,
        "index": {"key": "symbol", "date": "at"},
    }
    scene.client.post("datasets", dataset, key="dataset")
    output = {"kind": "email", "name": "mail", "config": {"to": ["ana@example.com"]}}
    scene.client.post("outputs", output, key="output")
    scene.make_webhook("hook", "/hook")
    for rule in RULES:
        scene.client.post("rules", rule, key=f"rule {rule['name']}")
    for fault in dict.fromkeys(plan.faults):
        fault.set_up(scene)


def _strike_all(scene: Scene, plan: Plan) -> list[Struck]:
    """Strike as planned and return what did, at which part and when."""
    struck = []
    for turn in range(plan.times):
        _await_acceptance(scene.load)
        if turn % 2 == 0:
            _await_schedule(scene.load)
        time.sleep(scene.chance.uniform(0.2, 1.0))
        if turn == plan.times // 2:
            scene.client.post("rules", LATER_RULE, key=f"later {uuid.uuid4()}")
        fault = plan.faults[turn % len(plan.faults)]
        scene.say(f"{turn + 1} of {plan.times}: {fault.name}")
        at = time.monotonic()
        try:
            fault.strike(scene)
        except DidNotHappen as never:
            # The trial goes on: its proof tells what is missing besides.
            scene.say(str(never))
            scene.differences.append(f"{fault.name}: {never}")
        struck.append((fault.name, fault.struck, at))
    return struck


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
