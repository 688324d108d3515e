"""Columns say of a lane's history exactly what ``step`` says of its events."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
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
from tests.rules.columns.random_rules import (
    SERIES,
    random_joined_rule,
    random_repeated_rule,
    random_resting_rule,
    random_rule,
    random_silent_rule,
    random_value,
    random_waiting_rule,
    random_windowed_rule,
    random_word,
)
from tests.rules.engine.lanes import signal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
LATENESS = timedelta(seconds=60)
#: Where those timers stand that no event has fired.
AFTER = 1_000_000
Told = tuple[tuple[int, int], str, int, bool, tuple[str, ...]]


def random_events(random: Random, *, is_wild: bool) -> list[Event]:
    """Send events of some keys, of which all are odd, or one is, or none."""
    events, at = [], START
    odd = random.choice(["", "ABC", "ABC", "B", "C", "C"])
    for n in range(random.randrange(60)):
        key = random.choice("AABC")
        is_odd = is_wild and key in odd
        at += timedelta(seconds=random.choice([0, 1, 4, 20, 200]))
        back = random.choice([0] * 5 + [3]) if key in odd else 0
        late = random.choice([0] * 9 + [50, 300]) if is_odd else 0
        fields: dict[str, Value] = {}
        if random.random() < 0.9:
            fields["x"] = random_value(random, is_wild=is_odd)
        if random.random() < 0.3:
            fields["y"] = random_value(random, is_wild=is_odd)
        if random.random() < 0.3:
            fields["w"] = random_word(random, is_wild=is_odd)
        events.append(
            Event(
                series=SERIES,
                key=key,
                fields=fields,
                at=at - timedelta(seconds=back + late),
                position=Position(seq=1 + n // 3, ord=n % 3),
                raises=not (is_odd and random.random() < 0.03),
                moves_facts=not (is_odd and random.random() < 0.03),
            )
        )
    return events


def gather(events: list[Event], *, pieces: int = 1) -> Records:
    """Take a history in, in some pieces that go on from each other."""
    parts: list[Records] = []
    for piece in range(pieces):
        marks = merge(parts).watermarks() if parts else {}
        gathering = Gathering(
            fields=("x", "y", "w"),
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


def judged_as_lists(transitions: list[Transition]) -> list[Told]:
    """Write what the engine found in the same way."""
    return sorted(
        (
            (one.position.seq, one.position.ord),
            one.key,
            (one.at - EPOCH) // timedelta(microseconds=1),
            one.kind is not TransitionKind.RESOLVED,
            one.told,
        )
        for one in transitions
    )


def told_as_lists(
    records: Records, answer: Answer, outputs: tuple[str, ...]
) -> list[Told]:
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
        ({"op": "is_missing"}, True),
        ({"op": "is_absent"}, False),
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
    [
        random_rule,
        random_joined_rule,
        random_waiting_rule,
        random_windowed_rule,
        random_repeated_rule,
        random_silent_rule,
        random_resting_rule,
    ],
    ids=["one", "more", "lasting", "windows", "repeated", "silent", "resting"],
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

    own_key = program.rule(1).own_key
    parting = History(records).parted(question, own_key)
    if parting is None:
        return
    answer = parting.history.answer(question, own_key)

    if answer is None:
        return
    answer = let_time_go_by(answer)
    left = [one for one in events if one.key in parting.apart]
    apart, counts_apart = judge(program, left)
    transitions, counts = judge(program, events)
    outputs = tuple(use.output for use in spec.outputs)
    found = told_as_lists(parting.history.records, answer, outputs)
    assert sorted([*found, *judged_as_lists(apart)]) == judged_as_lists(transitions)
    counts_apart += Counts(ran=answer.ran, passed=answer.passed, sent=answer.sent)
    assert (counts_apart.ran, counts_apart.passed) == (counts.ran, counts.passed)
    assert counts_apart.sent == counts.sent
