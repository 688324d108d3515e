"""Columns say of a lane's history exactly what ``step`` says of its events."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.columns.history import (
    SILENT,
    STILL,
    Answer,
    Gathering,
    History,
    Records,
    merge,
    question_of,
)
from rules.engine import (
    Counts,
    DefinitionInvalid,
    Event,
    Position,
    Program,
    Series,
    Slice,
    StepResult,
    Subject,
    Tick,
    Transition,
    TransitionKind,
    Value,
    parse_definition,
    step,
)
from rules.engine.transitions import InstanceId
from tests.rules.engine.lanes import signal

SERIES = "CORE:STOCK"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
LATENESS = timedelta(seconds=60)
LEVELS: tuple[int | Decimal, ...] = (
    0,
    1,
    2,
    Decimal("0.5"),
    Decimal("1.0"),
    -1,
    Decimal("0.10"),
)
LONG: tuple[int | Decimal, ...] = (
    Decimal("1.00000000000000000001"),
    Decimal("0.99999999999999999999"),
    Decimal("0.1000000000000000055511151231257827"),
    2**53 + 1,
    Decimal("1E-320"),
    10**400,
)
#: Where those timers stand that no event has fired.
AFTER = 1_000_000
ODD: tuple[Value, ...] = ("1", True, [1])
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "ne", "between", "outside", "in", "nin")
CROSSINGS = ("cross_up", "cross_down", "cross")
MOVES = ("rise", "fall", "change")


def random_condition(random: Random) -> dict[str, object]:
    key = random.choice(["*", "*", "A"])
    fact = f"{SERIES}:{key}:x"
    op = random.choice([*OPERATORS, *CROSSINGS * 2, *MOVES * 2])
    levels = [*LEVELS, *(LONG[:3] if random.random() < 0.3 else ())]
    if op in MOVES:
        amount = random.choice([1, Decimal("0.5"), "50%", "100%", "12.5%"])
        return {"fact": fact, "op": op, "by": amount}
    if op in ("between", "outside", "in", "nin"):
        return {"fact": fact, "op": op, "value": sorted(random.sample(levels, 2))}
    return {"fact": fact, "op": op, "value": random.choice(levels)}


def random_rule(random: Random) -> dict[str, object]:
    condition: dict[str, object] = random_condition(random)
    is_state = random.random() < 0.3
    rule: dict[str, object] = {
        "kind": "state" if is_state else "signal",
        "name": "A rule",
        "when": {"not": condition} if random.random() < 0.15 else condition,
        "outputs": [
            {"output": name, "at_most_every": random.choice([0, 5, 30, 90])}
            for name in random.choice([(), ("mail",), ("mail", "hook")])
        ],
    }
    if is_state:
        rule["raise"] = {"resolved": random.random() < 0.5}
        if condition["op"] == "gte" and random.random() < 0.5:
            below = {**condition, "op": "lt", "value": -1}
            rule["recover"] = {"when": below}
    else:
        modes = ["every_match", "on_enter", "once_per_key"]
        rule["raise"] = {"mode": random.choice(modes)}
    return rule


def random_waiting_rule(random: Random) -> dict[str, object]:
    """Write a state rule of which something has to last."""
    draw = random.choice([random_rule, random_joined_rule])
    rule = {**draw(random), "kind": "state", "raise": {"resolved": True}}
    recover = rule.pop("recover", {})
    assert isinstance(recover, dict)
    spans = ["0s", "1s", "3s", "5s", "24s", "200s"]
    return {
        **rule,
        "hold": random.choice(spans),
        "recover": {**recover, "hold": random.choice(spans)},
    }


def random_tree(random: Random, key: str, depth: int) -> dict[str, object]:
    """Join plain conditions on two fields of a key."""
    drawn = random.random()
    if depth and drawn < 0.15:
        return {"not": random_tree(random, key, depth - 1)}
    if depth and drawn < 0.8:
        members = [
            random_tree(random, key, depth - 1) for _ in range(random.randint(1, 3))
        ]
        return {random.choice(["all", "any"]): members}
    op, levels = random.choice(OPERATORS), [*LEVELS, LONG[0]]
    value: object = random.choice(levels)
    if op in ("between", "outside", "in", "nin"):
        value = sorted(random.sample(levels, 2))
    return {"fact": f"{SERIES}:{key}:{random.choice('xy')}", "op": op, "value": value}


TAKES = ("avg", "min", "max", "sum", "count", "stddev", "first", "last", "change")


def random_window(random: Random, key: str) -> dict[str, object]:
    """Ask about a window: what is taken of it, a move in it, or a new extreme."""
    fact = {"fact": f"{SERIES}:{key}:{random.choice('xxy')}"}
    length = random.choice(["1s", "5s", "24s", "200s", "1h"])
    drawn = random.random()
    if drawn < 0.2:
        amount = random.choice([1, Decimal("0.5"), "50%", "100%", "12.5%"])
        return {**fact, "op": random.choice(MOVES), "by": amount, "within": length}
    if drawn < 0.3:
        return {
            **fact,
            "op": random.choice(["new_high", "new_low"]),
            "within": length,
        }
    over: dict[str, object] = {"take": random.choice(TAKES)}
    over |= random.choice([{"length": length}, {"last": random.randint(1, 5)}])
    op, value = random.choice(OPERATORS), random.choice([*LEVELS, *LEVELS, 3, LONG[0]])
    wanted: object = value
    if op in ("between", "outside", "in", "nin"):
        wanted = sorted(random.sample([*LEVELS, 3], 2))
    return {**fact, "op": op, "value": wanted, "over": over}


def random_windowed_rule(random: Random) -> dict[str, object]:
    """Write a rule about a window, alone or beside plain conditions."""
    key = random.choice(["*", "*", "A"])
    rule = {**random_rule(random), "when": random_window(random, key)}
    rule.pop("recover", None)
    if random.random() < 0.4:
        others = [random_window(random, key), random_tree(random, key, 1)]
        members = [rule["when"], random.choice(others)]
        rule["when"] = {random.choice(["all", "any"]): members}
    if random.random() < 0.1:
        rule["when"] = {"not": rule["when"]}
    if rule["kind"] == "state" and random.random() < 0.4:
        rule["recover"] = {"when": random_window(random, key)}
    if rule["kind"] == "state" and random.random() < 0.3:
        rule["hold"] = random.choice(["1s", "5s", "24s"])
    return rule


def random_joined_rule(random: Random) -> dict[str, object]:
    """Write a rule of joined conditions, and maybe of others that end it."""
    key = random.choice(["*", "*", "A"])
    rule = {**random_rule(random), "when": random_tree(random, key, 3)}
    rule.pop("recover", None)
    if rule["kind"] == "state" and random.random() < 0.4:
        rule["recover"] = {"when": random_tree(random, key, 1)}
    return rule


def random_events(random: Random, *, is_wild: bool) -> list[Event]:
    events, at = [], START
    steps = [0, 1, 4, 20, 200, *random.choice([(), (-3,)])]
    for n in range(random.randrange(60)):
        at += timedelta(seconds=random.choice(steps))
        late = timedelta(seconds=random.choice([0] * 9 + [50, 300]) if is_wild else 0)
        fields: dict[str, Value] = {}
        if random.random() < 0.9:
            fields["x"] = random_value(random, is_wild=is_wild)
        if random.random() < 0.3:
            fields["y"] = random_value(random, is_wild=is_wild)
        events.append(
            Event(
                series=SERIES,
                key=random.choice("AABC"),
                fields=fields,
                at=at - late,
                position=Position(seq=1 + n // 3, ord=n % 3),
                raises=not (is_wild and random.random() < 0.03),
                moves_facts=not (is_wild and random.random() < 0.03),
            )
        )
    return events


def random_value(random: Random, *, is_wild: bool) -> Value:
    if random.random() < 0.08:
        return None
    if is_wild and random.random() < 0.2:
        return random.choice((*LONG, *LONG, *ODD))
    return random.choice((*LEVELS, *LEVELS, -2, 3, Decimal("0.11")))


def gather(events: list[Event], *, pieces: int = 1) -> Records:
    """Take a history in, in some pieces that go on from each other."""
    parts: list[Records] = []
    for piece in range(pieces):
        marks = merge(parts).watermarks() if parts else {}
        gathering = Gathering(
            fields=("x", "y"),
            lateness=LATENESS // timedelta(microseconds=1),
            watermarks=marks,
        )
        size = len(events) // pieces + 1
        for event in events[piece * size : (piece + 1) * size]:
            gathering.add(
                key=event.key,
                at=(event.at - EPOCH) // timedelta(microseconds=1),
                place=(event.position.seq, event.position.ord),
                fields=event.fields,
                flags=(0 if event.raises else SILENT)
                | (0 if event.moves_facts else STILL),
            )
        parts.append(gathering.done())
    return merge(parts)


def judge(program: Program, events: list[Event]) -> tuple[list[Transition], Counts]:
    """Judge the events one by one, and then let all the time there is go by."""
    state, counts = Slice(), Counts()
    transitions: list[Transition] = []
    happenings: deque[Event | Tick] = deque(events)
    last = Position(seq=AFTER, ord=0)
    while happenings:
        result = step(program, state, happenings.popleft())
        state = replace(state.after(result), armed=armed_of(program, state, result))
        transitions += result.transitions
        counts += result.counts.get(1, Counts())
        assert not result.errors
        if not happenings:
            happenings += [
                Tick(rule_id=1, key=one.key, at=one.wakes_at, position=last)
                for one in state.instances.values()
                if one.wakes_at is not None
            ]
    return transitions, counts


def armed_of(
    program: Program, state: Slice, result: StepResult
) -> dict[Subject, set[InstanceId]]:
    """Name the instances that have timers, by the subject whose events fire them."""
    armed: dict[Subject, set[InstanceId]] = {}
    for named, one in {**state.instances, **result.instances}.items():
        if one.timers:
            subject = program.subject_of(program.rule(1), one.key)
            armed.setdefault(subject, set()).add(named)
    return armed


def let_time_go_by(answer: Answer) -> Answer:
    """Fire all timers that no event has fired."""
    return answer.settled(dict.fromkeys(range(len(answer.places)), AFTER))


def told_as_lists(records: Records, answer: Answer, outputs: tuple[str, ...]) -> object:
    """Write the transitions of an answer in the lane's order."""
    found = []
    for (seq, order, key), begins, told, at in zip(
        answer.moments(records),
        answer.begins.tolist(),
        answer.told.tolist(),
        answer.at.tolist(),
        strict=True,
    ):
        names = tuple(one for n, one in enumerate(outputs) if told >> n & 1)
        found.append(((seq, order), key, at, begins, names))
    return sorted(found)


@pytest.mark.parametrize(
    ("condition", "is_answered"),
    [
        ({"op": "gte", "value": 1}, True),
        ({"op": "between", "value": [1, 2]}, True),
        ({"op": "cross_up", "value": 1}, True),
        ({"op": "fall", "by": "5%"}, True),
        ({"op": "changed"}, False),
        ({"op": "is_missing"}, False),
    ],
    ids=str,
)
def test_columns_answer_for_one_plain_condition(
    condition: dict[str, object], is_answered: bool
) -> None:
    when = {"fact": f"{SERIES}:*:x", **condition}
    question = question_of(parse_definition(signal(when), workspace="DEMO"))

    assert (question is not None) is is_answered


@pytest.mark.parametrize("is_wild", [False, True], ids=["plain", "wild"])
@pytest.mark.parametrize(
    "draw",
    [random_rule, random_joined_rule, random_waiting_rule, random_windowed_rule],
    ids=["one", "more", "lasting", "windows"],
)
@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_columns_and_step_agree(
    seed: int, draw: Callable[[Random], dict[str, object]], is_wild: bool
) -> None:
    random = Random(seed)
    try:
        spec = parse_definition(draw(random), workspace="DEMO")
    except DefinitionInvalid:
        # What ends it would already be true with it.
        return
    program = Program({SERIES: Series(lateness=LATENESS)})
    program.put(1, 1, spec)
    events = random_events(random, is_wild=is_wild)
    question = question_of(spec)
    if question is None:
        return
    records = gather(events, pieces=random.choice([1, 3]))

    answer = History(records).answer(question, program.rule(1).own_key)

    if answer is None:
        return
    answer = let_time_go_by(answer)
    transitions, counts = judge(program, events)
    outputs = tuple(use.output for use in spec.outputs)
    assert told_as_lists(records, answer, outputs) == sorted(
        (
            (one.position.seq, one.position.ord),
            one.key,
            (one.at - EPOCH) // timedelta(microseconds=1),
            one.kind is not TransitionKind.RESOLVED,
            one.told,
        )
        for one in transitions
    )
    assert (len(answer.runs), answer.passed) == (counts.ran, counts.passed)
    assert answer.sent == counts.sent
