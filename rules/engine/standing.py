"""How a rule stands over given facts, whether or not an event runs it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from rules.engine.events import (
    NO_FACTS,
    NO_SERIES,
    AllSeries,
    Event,
    FactValue,
    KeyFacts,
    Subject,
    View,
    subject_of,
)
from rules.engine.instances import Instance
from rules.engine.memory import Memory
from rules.engine.newness import is_still_so
from rules.engine.nodes import Condition, Node
from rules.engine.specification import Mode, RuleKind, Specification
from rules.engine.values import Truth, Value
from rules.engine.verdicts import Verdict, judge

NOTHING_KEPT: Mapping[str, object] = MappingProxyType({})
_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


def judge_facts(
    specification: Specification,
    facts: Mapping[Subject, KeyFacts],
    *,
    key: str,
    at: datetime,
    series: AllSeries,
    remembered: Mapping[str, object] = NOTHING_KEPT,
    node: Node | None = None,
) -> Verdict:
    """Say what an event of `key` that changes no value would be told at an instant.

    ``remembered`` is what conditions kept at the run before (``Instance.nodes``); then
    it is said how far things have come, and no event more is counted. ``node`` is what
    is judged, such as a step of the ladder; the rule's conditions unless said.
    """
    subject = subject_of(specification.leading_fact, key, series)
    view = View.standing(facts, subject, at=at, series=series)
    memory = _memory(specification, remembered, of_event=remembered is NOTHING_KEPT)
    return judge(node or specification.when, view, key, memory)


def judge_value(condition: Condition, value: Value) -> Truth:
    """Say what a condition is of a value, where nothing else decides; null is none."""
    fact, key = condition.fact, condition.fact.named_key or ""
    subject = subject_of(fact, key, NO_SERIES)
    known = KeyFacts(values={fact.root: FactValue.first(value, _ANY_TIME)})
    view = View.standing({subject: known}, subject, at=_ANY_TIME)
    return judge(condition, view, key, Memory(NOTHING_KEPT)).truth


def judge_event(
    specification: Specification,
    facts: Mapping[Subject, KeyFacts],
    event: Event,
    *,
    key: str,
    series: AllSeries,
    remembered: Mapping[str, object] = NOTHING_KEPT,
    node: Node | None = None,
) -> Verdict:
    """Say what an event is told under a key; ``facts`` are those before it.

    ``remembered`` is what conditions kept at the run before (``Instance.nodes``).
    Without it a crossing of another fact takes its side from the values alone, and
    windows hold nothing but the event's own value.
    """
    view = View.of_event(event, facts, series=series)
    memory = _memory(specification, remembered)
    return judge(node or specification.when, view, key, memory)


def is_held_back(
    specification: Specification,
    facts: Mapping[Subject, KeyFacts],
    *,
    at: datetime,
    series: AllSeries,
    instance: Instance,
) -> bool:
    """Tell whether a rule of what is new holds back that its conditions are true."""
    memory = Memory(instance.nodes)
    subject = subject_of(specification.leading_fact, instance.key, series)
    view = View.standing(facts, subject, at=at, series=series)
    return is_still_so(specification, instance, view, memory, truth=True)


def _memory(
    specification: Specification,
    remembered: Mapping[str, object],
    *,
    of_event: bool = True,
) -> Memory:
    return Memory(
        remembered,
        of_event=of_event,
        sees_ends=specification.kind is RuleKind.STATE,
        awaits_close=specification.mode is Mode.ON_WINDOW_CLOSE,
    )


def seen_at(
    condition: Condition,
    facts: Mapping[Subject, KeyFacts],
    *,
    key: str,
    series: AllSeries,
) -> datetime | None:
    """Give the event time of a condition's left side; None if it was never seen."""
    known = facts.get(subject_of(condition.fact, key, series), NO_FACTS)
    found = known.values.get(condition.fact.root)
    return None if found is None else found.at
