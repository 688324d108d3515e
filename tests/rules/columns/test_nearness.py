"""Columns find what came nearest to making a rule true as the engine would say it."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.columns.history import (
    History,
    NearMoment,
    nearest_moment,
    outline_of,
)
from rules.engine import (
    Condition,
    DefinitionInvalid,
    Event,
    KeyFacts,
    Miss,
    Program,
    Series,
    Subject,
    Verdict,
    distance,
    judge_event,
    nearest_miss,
    parse_definition,
    step,
)
from rules.engine.transitions import Slice
from tests.rules.columns.random_rules import SERIES, random_beside, random_tree
from tests.rules.columns.test_history import LATENESS, gather, random_events

RULE = 1
#: A number that comes infinitely near is near enough: of these the bound is inside.
CLOSED = {"gt": "gte", "lt": "lte", "outside": "between", "ne": "eq", "nin": "in"}


def closed(said: object) -> object:
    """Ask the same, but of intervals with their ends, and without any that is not."""
    if isinstance(said, list):
        return [closed(one) for one in said]
    if not isinstance(said, dict):
        return said
    if "not" in said:
        return closed(said["not"])
    found = {name: closed(one) for name, one in said.items()}
    if isinstance(found.get("op"), str):
        found["op"] = CLOSED.get(str(found["op"]), found["op"])
    return found


def judged(program: Program, events: list[Event]) -> Iterator[Verdict]:
    """Judge each event that runs the rule, over the facts that it finds."""
    spec, facts = program.rule(RULE).specification, dict[Subject, KeyFacts]()
    for event in events:
        result = step(program, Slice(facts=facts), event)
        if program.rules_on(event) and event.raises and not result.late:
            yield judge_event(spec, facts, event, key=event.key, series=program.series)
        facts |= result.facts


def far(miss: Miss, *, is_relative: bool) -> Decimal:
    apart = distance(miss.found, miss.value)
    if not apart or not is_relative:
        return apart
    return apart / max(abs(Decimal(miss.found)), abs(Decimal(miss.value)))


def random_program(random: Random) -> Program:
    """Write a rule of what has to last; one is refused that contradicts itself."""
    draw = random.choice([random_beside, lambda dice, key: random_tree(dice, key, 2)])
    when = closed(draw(random, random.choice("*A")))
    rule = {"kind": "state", "name": "A rule", "when": when, "hold": "1s"}
    program = Program({SERIES: Series(lateness=LATENESS)})
    program.put(RULE, 1, parse_definition(rule, workspace="DEMO"))
    return program


def judged_at(near: NearMoment, program: Program) -> Verdict:
    return judge_event(
        program.rule(RULE).specification,
        near.moment.facts(),
        near.moment.event(),
        key=near.moment.instance.key,
        series=program.series,
        node=near.node,
    )


def alone_in(verdicts: list[Verdict], program: Program) -> list[Miss]:
    """Name the numbers that alone kept verdicts from being true."""
    missed = [nearest_miss(one, program.series) for one in verdicts]
    return [one.misses[0] for one in missed if one and len(one.misses) == 1]


@settings(max_examples=200)
@given(seed=st.integers(0, 2**32))
def test_nearest_is_what_the_engine_would_have_moved_least(seed: int) -> None:
    random = Random(seed)
    try:
        program = random_program(random)
    except DefinitionInvalid:
        return
    spec = program.rule(RULE).specification
    outline = outline_of(spec, program.series)
    events = random_events(random, is_wild=False)
    if outline is None:
        return

    logs = [(SERIES, History(gather(events)))]
    near = nearest_moment(outline, logs, program, RULE, (None, None))

    if near is None:
        return
    verdicts = list(judged(program, events))
    assert not any(one.truth for one in verdicts)
    missed = alone_in(verdicts, program)
    is_relative = not isinstance(spec.when, Condition)
    (miss,) = alone_in([judged_at(near, program)], program)
    least = min(far(one, is_relative=is_relative) for one in missed)
    assert abs(far(miss, is_relative=is_relative) - least) <= Decimal("1e-9")
    assert any(distance(one.found, one.value) == near.nearest.margin for one in missed)
