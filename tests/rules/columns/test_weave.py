"""The engine says the same where it is shown all events as where it is shown some."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from rules.columns.history import History, Moment, Seen, Weave, outline_of, weave_of
from rules.engine import (
    Counts,
    DefinitionInvalid,
    Event,
    Position,
    Program,
    Series,
    Slice,
    StepResult,
    Tick,
    Transition,
    Value,
    parse_definition,
    step,
)
from tests.rules.columns.followed_rules import (
    beside_keys,
    on_keys,
    on_series,
    random_followed_rule,
)
from tests.rules.columns.test_history import (
    AFTER,
    LATENESS,
    START,
    armed_of,
    gather,
    random_events,
)

#: Where timers stand that are looked at after the last event.
LAST = Position(seq=AFTER, ord=0)
RULE = 1


def see_all(
    program: Program, events: list[Event], until: datetime
) -> tuple[list[Transition], Counts]:
    """Judge the events one by one, and then the timers up to some time."""
    state, found, counts = Slice(), list[Transition](), Counts()

    def take(result: StepResult) -> Slice:
        nonlocal counts
        assert not result.errors
        found.extend(result.transitions)
        counts += result.counts.get(RULE, Counts())
        return replace(state.after(result), armed=armed_of(program, state, result))

    for event in events:
        state = take(step(program, state, event))
    for named in sorted(state.instances):
        while (due := state.instances[named].wakes_at) is not None and due <= until:
            tick = Tick(rule_id=RULE, key=named[1], at=due, position=LAST)
            state = take(step(program, state, tick))
    return found, counts


def passed_at(seen: Seen) -> int:
    """Count the passes at an event or a timer that was seen."""
    if seen.result is None:
        return 1
    return seen.result.counts.get(RULE, Counts()).passed


def see_some(
    weave: Weave, events: list[Event], until: datetime
) -> tuple[list[Transition], Counts, int]:
    """Judge what must be seen, by what the events did carry."""
    found, ran, passed, seen = list[Transition](), 0, 0, 0
    carried = {one.position: one.fields for one in events}

    def retold(moment: Moment) -> tuple[Transition, ...]:
        known = {place: carried[place] for place in moment.places}
        return moment.judge(known).transitions

    for one in weave.see():
        seen += 1
        told = retold(one.moment)
        assert replace(one, result=StepResult(transitions=told)).marks == one.marks
        found += told
        passed += len(one.passed) + passed_at(one)
    names = {one.instance.key: n for n, one in enumerate(weave.threads)}
    for _, place in sorted(names.items()):
        thread = weave.threads[place]
        while (due := thread.wakes_at) is not None and due <= until:
            if weave.is_done:
                break
            one = weave.wake(place, LAST)
            found += retold(one.moment)
            passed += passed_at(one)
    return found, Counts(ran=ran, passed=passed), seen


def unworded(transitions: list[Transition]) -> list[Transition]:
    """Leave out the words: what is taken of 1.0 and 1 is 2.0 as it was sent, or 2."""
    return [replace(one, reason="") for one in transitions]


def calmed(random: Random, events: list[Event]) -> list[Event]:
    """Let most events of a key carry what the one before carried."""
    newest, found = dict[tuple[str, str], Value](), list[Event]()
    for event in events:
        fields = {
            name: newest.get((event.key, name), value)
            if random.random() < 0.8
            else value
            for name, value in event.fields.items()
        }
        newest |= {(event.key, name): value for name, value in fields.items()}
        found.append(replace(event, fields=fields))
    return found


def doubled(random: Random, events: list[Event]) -> list[Event]:
    """Let some events come twice, one at once after the other or somewhat later."""
    found = list(events)
    for event in events:
        if random.random() < 0.1:
            place = found.index(event) + 1 + random.choice([0, 0, 3])
            found.insert(place, replace(event))
    return [
        replace(one, position=Position(seq=1 + n // 3, ord=n % 3))
        for n, one in enumerate(found)
    ]


def of_series(events: list[Event], series: str) -> History:
    """Gather the events of one series, as its own lane does."""
    return History(gather([one for one in events if one.series == series]))


def hold_equal(random: Random, rule: dict[str, object], *, is_wild: bool) -> None:
    """Judge a rule over random events in both ways, if it can be."""
    try:
        spec = parse_definition(rule, workspace="DEMO")
    except DefinitionInvalid:
        # What ends it would already be true with it.
        return
    outline = outline_of(spec)
    if outline is None:
        return
    names = sorted(outline.sources.series)
    program = Program({name: Series(lateness=LATENESS) for name in names})
    program.put(RULE, 1, spec)
    events = random_events(random, is_wild=is_wild)
    if random.random() < 0.5:
        events = calmed(random, events)
    if random.random() < 0.3:
        events = doubled(random, events)
    events = [replace(one, series=random.choice(names)) for one in events]
    logs = [(name, of_series(events, name)) for name in names]
    weave = weave_of(outline, logs, program, RULE)
    if weave is None:
        return

    ends_at = max((one.at for one in events), default=START)
    until = ends_at + timedelta(seconds=random.choice([30, 200, 200, 3700]))

    found, counts, _ = see_some(weave, events, until)

    transitions, counted = see_all(program, events, until)
    assert unworded(found) == unworded(transitions)
    assert counts.passed == counted.passed


@pytest.mark.parametrize("is_wild", [False, True], ids=["plain", "wild"])
@pytest.mark.parametrize(
    "draw",
    [random_followed_rule, beside_keys, on_keys, on_series],
    ids=["one key", "beside keys", "keys", "series"],
)
@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
# A timer finds a rule true that is false again at the event that fires it.
@example(seed=20270)
def test_what_is_not_seen_changes_nothing(
    seed: int, draw: Callable[[Random], dict[str, object]], is_wild: bool
) -> None:
    random = Random(seed)

    hold_equal(random, draw(random), is_wild=is_wild)
