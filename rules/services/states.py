"""Storing what a drain judged about rules: instances, versions, health."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Value

from config.portions import portions
from datasets.json import encode
from datasets.models import Lane
from datasets.services import prepare_insert
from rules.engine import Mode, TransitionKind
from rules.models import Health, Instance, Rule
from rules.services.changes import end_rule, wait_for_rules
from rules.services.effects import save_effects
from rules.services.forwarding import Outgoing, send_outgoing
from rules.services.judgement import JudgedTransition, Judgement, Streak
from rules.services.predicates import save_predicates

logger = logging.getLogger(__name__)

#: Rules that one statement names.
_AT_ONCE = 500
#: A rule that could not judge so many events in a row is turned off.
ERRORS_BORNE = 20


class _InstanceRow(NamedTuple):
    rule_id: int
    key: str
    state: str
    memory: str
    due_at: datetime | None
    wake_at: datetime | None


class GatheredStates(NamedTuple):
    """What a drain judged, and what stores the instances that it changed."""

    judgement: Judgement
    store_instances: Callable[[], None]


def gather_states(judgement: Judgement) -> GatheredStates:
    """Make instances ready before the commit; an event may change very many."""
    rows = [
        _InstanceRow(
            rule_id=rule_id,
            key=key,
            state=instance.state.value,
            memory=encode(instance.to_json()).decode(),
            due_at=instance.wakes_at,
            wake_at=judgement.wakes.get((rule_id, key)),
        )
        for (rule_id, key), instance in judgement.instances.items()
    ]
    store = prepare_insert(Instance, rows, unique=("rule_id", "key"))
    return GatheredStates(judgement, store)


def save_states(
    *, lane: Lane, states: GatheredStates, outgoing: Outgoing, now: datetime
) -> None:
    """Store instances, effects and what other lanes wait for.

    Inside the drain's commit; the turns of rules that go on elsewhere, or may be
    turned off, come before all rows of rules.
    """
    judgement = states.judgement
    failing = {rule for rule, streak in judgement.streaks.items() if streak.errors}
    done = _done_in(judgement.transitions)
    wait_for_rules(outgoing.rules | failing | done | _shared_changes(lane, judgement))
    send_outgoing(outgoing, now=now)
    states.store_instances()
    if judgement.effects:
        save_effects(lane=lane, effects=judgement.effects, now=now)
    save_predicates(lane=lane, tabled=judgement.tabled)
    _save_health(judgement.streaks)
    _save_unreadable(judgement.unreadable)
    # Asking for no rows costs as much as asking for some.
    if failing:
        _turn_off_failing(failing, now)
    if done:
        _turn_off_done(done, now)


def _shared_changes(lane: Lane, judgement: Judgement) -> set[int]:
    """Name the rules of which it matters how far other lanes have come."""
    if lane.dataset.shards == 1:
        return set()
    return {one.rule_id for one in judgement.effects}


def _save_health(streaks: Mapping[int, Streak]) -> None:
    """Count errors in a row; the rule's owner sees the newest sentence.

    The log hears of each rule when it begins to fail.
    """
    failing = {rule_id for rule_id, streak in streaks.items() if streak.errors}
    known = _known_to_fail(failing)
    for rule_id, streak in streaks.items():
        if streak.errors:
            if rule_id not in known:
                _warn_of(rule_id, "a rule cannot be judged", streak.last)
            before = Value(0) if streak.began_well else F("errors_in_a_row")
            Rule.objects.filter(pk=rule_id).update(
                health=Health.ERROR,
                error=streak.last,
                errors_in_a_row=before + streak.errors,
            )
    well = [rule_id for rule_id in streaks if rule_id not in failing]
    for some in portions(well, _AT_ONCE):
        _note_well(some)


def _known_to_fail(failing: Collection[int]) -> set[int]:
    known: set[int] = set()
    for some in portions(list(failing), _AT_ONCE):
        rules = Rule.objects.filter(pk__in=some, health=Health.ERROR)
        known.update(rules.values_list("pk", flat=True))
    return known


def _warn_of(rule_id: int, what: str, sentence: str) -> None:
    logger.warning("%s: %s", what, sentence, extra={"rule": rule_id})


def _note_well(rules: Sequence[int]) -> None:
    """Forget that rules had errors, if they had; every round of a drain asks."""
    places = ", ".join(["%s"] * len(rules))
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {Rule._meta.db_table} SET health = '{Health.OK}', error = '',"  # noqa: S608 - our own names
            f" errors_in_a_row = 0 WHERE id IN ({places})"
            f" AND health = '{Health.ERROR}'",
            rules,
        )


def _save_unreadable(unreadable: Mapping[int, str]) -> None:
    """Tell owners, once, of rules that are not judged because they cannot be read."""
    for rule_id, sentence in unreadable.items():
        untold = Rule.objects.exclude(health=Health.ERROR, error=sentence)
        if untold.filter(pk=rule_id).update(health=Health.ERROR, error=sentence):
            _warn_of(rule_id, "a rule cannot be read", sentence)


def _done_in(transitions: Iterable[JudgedTransition]) -> set[int]:
    """Name the rules whose one alert is out."""
    return {
        one.transition.rule_id
        for one in transitions
        if one.rule.specification.mode is Mode.ONCE
        and one.transition.kind is TransitionKind.RAISED
    }


def _turn_off_done(done: Iterable[int], now: datetime) -> None:
    """Turn off rules whose one alert is out; the engine runs them no more meanwhile.

    One that was edited since to go on stays on.
    """
    enabled = Rule.objects.filter(pk__in=list(done), is_enabled=True)
    for rule in enabled.select_related("latest"):
        definition = rule.latest.definition if rule.latest else {}
        if definition.get("raise", {}).get("mode") != Mode.ONCE:
            continue
        Rule.objects.filter(pk=rule.pk).update(
            is_enabled=False, done_at=now, updated_at=now
        )
        end_rule(rule=rule, reason="done", now=now)


def _turn_off_failing(failing: Iterable[int], now: datetime) -> None:
    """Turn off rules that fail on and on; their health says why.

    Like any other change it takes its place in the lane's order.
    """
    for rule in Rule.objects.filter(
        pk__in=list(failing), errors_in_a_row__gte=ERRORS_BORNE, is_enabled=True
    ).select_related("latest"):
        sentence = (
            f"Turned off after {rule.errors_in_a_row} errors in a row, the last"
            f" of which was {rule.error}"
        )
        Rule.objects.filter(pk=rule.pk).update(
            is_enabled=False, updated_at=now, error=sentence
        )
        _warn_of(rule.pk, "a rule is off", sentence)
        end_rule(rule=rule, reason="disabled", now=now)
