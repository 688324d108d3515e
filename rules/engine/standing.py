"""How a rule stands over the facts as they are, without an event that runs it."""

from collections.abc import Mapping
from datetime import datetime

from rules.engine.events import NO_FACTS, KeyFacts, Subject, View, subject_of
from rules.engine.specification import Condition, Specification
from rules.engine.verdicts import Verdict, judge


def judge_facts(
    specification: Specification,
    facts: Mapping[Subject, KeyFacts],
    *,
    key: str,
    folds: frozenset[str],
) -> Verdict:
    """Say what an event of `key` that changes no value would be told.

    `folds` are the series whose keys are stored in capitals, as in `Program`.
    """
    subject = subject_of(specification.leading_fact, key, folds)
    view = View(
        facts=facts, subject=subject, own=facts.get(subject, NO_FACTS), folds=folds
    )
    return judge(specification.when, view, key)


def seen_at(
    condition: Condition,
    facts: Mapping[Subject, KeyFacts],
    *,
    key: str,
    folds: frozenset[str],
) -> datetime | None:
    """Give the event time of a condition's left side; None if it was never seen."""
    known = facts.get(subject_of(condition.fact, key, folds), NO_FACTS)
    found = known.values.get(condition.fact.root)
    return None if found is None else found.at
