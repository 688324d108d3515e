"""Moves since the last alert: every alert is where the next one begins."""

from dataclasses import replace

from rules.engine.runs import Outcome, Run
from rules.engine.transitions import TransitionKind
from rules.engine.values import is_number

_ALERTS = frozenset({TransitionKind.RAISED, TransitionKind.OPENED})


def begin_anew(run: Run, outcome: Outcome) -> Outcome:
    """Keep, if an alert came of a run, the values that its conditions move from.

    What has no number at that moment goes on from where it was.
    """
    transition, instance = outcome.transition, outcome.instance
    if transition is None or transition.kind not in _ALERTS:
        return outcome
    kept = {}
    for condition in run.rule.moving:
        value = run.view.value(condition.fact, instance.key)
        if is_number(value):
            kept[condition.memory_id] = value
    if not kept:
        return outcome
    return outcome._replace(
        instance=replace(instance, nodes={**instance.nodes, **kept})
    )
