"""Storing what a drain judged about rules: instances, counters, versions, health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection
from django.db.models import F, Value

from config.portions import portions
from datasets.json import encode
from datasets.models import Lane
from datasets.services import replace_rows
from rules.engine import Counts, Mode, TransitionKind
from rules.models import Forward, Health, Instance, Rule, Version
from rules.services.changes import end_rule, release_facts, wait_for_rules
from rules.services.counting import save_counted
from rules.services.forwarding import Outgoing, send_outgoing
from rules.services.judgement import Effect, JudgedTransition, Judgement, Streak
from rules.services.predicates import save_predicates

#: Rules that one statement names.
_AT_ONCE = 500
#: A rule that could not judge so many events in a row is turned off.
ERRORS_BORNE = 20


def save_states(
    *, lane: Lane, judgement: Judgement, outgoing: Outgoing, now: datetime
) -> None:
    """Store instances, counters, effects and what other lanes wait for.

    Inside the drain's commit; the turns of rules that go on elsewhere, or may be
    turned off, come before all rows of rules.
    """
    failing = {rule for rule, streak in judgement.streaks.items() if streak.errors}
    done = _done_in(judgement.transitions)
    wait_for_rules(outgoing.rules | failing | done)
    send_outgoing(outgoing, now=now)
    _save_instances(judgement)
    save_counted(lane=lane, counted=judgement.counted, now=now)
    _add_counts(judgement.counts, now)
    if judgement.effects:
        _save_effects(lane, judgement.effects, now)
    save_predicates(lane=lane, tabled=judgement.tabled)
    _save_health(judgement.streaks)
    _save_unreadable(judgement.unreadable)
    # Asking for no rows costs as much as asking for some.
    if failing:
        _turn_off_failing(failing, now)
    if done:
        _turn_off_done(done, now)


class _InstanceRow(NamedTuple):
    rule_id: int
    key: str
    state: str
    memory: str
    due_at: datetime | None
    wake_at: datetime | None


def _save_instances(judgement: Judgement) -> None:
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
    replace_rows(Instance, rows, unique=("rule_id", "key"))


def _add_counts(counts: Mapping[int, Counts], now: datetime) -> None:
    """Add to many rules' counters at once; one statement, many rows."""
    table = Rule._meta.db_table
    rows = [
        (
            one.ran,
            one.passed,
            one.unknown,
            one.sent,
            connection.ops.adapt_datetimefield_value(now),
            rule_id,
        )
        for rule_id, one in counts.items()
    ]
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            f"UPDATE {table} SET ran_apart = ran_apart + %s,"  # noqa: S608 - our own table's name
            " passed_apart = passed_apart + %s, unknown_apart = unknown_apart + %s,"
            " sent = sent + %s, evaluated_apart_at = %s WHERE id = %s",
            rows,
        )


def _save_effects(lane: Lane, effects: Sequence[Effect], now: datetime) -> None:
    for one in effects:
        rules = Rule.objects.filter(pk=one.rule_id)
        if one.version_id is None:
            # A rule that moved on may be in effect in its new lane already.
            rules.filter(in_effect__lane=lane).update(in_effect=None)
        else:
            rules.update(
                in_effect=one.version_id, health=Health.OK, error="", errors_in_a_row=0
            )
            Version.objects.filter(pk=one.version_id, effective_seq=None).update(
                effective_seq=one.seq
            )
        rules.filter(judged_change__lt=one.change).update(judged_change=one.change)
    _release(effects, now)


def _release(effects: Sequence[Effect], now: datetime) -> None:
    """Let lanes forward no more what only versions read that are in effect no more."""
    newest = {one.rule_id: one.change for one in effects}
    forwards = Forward.objects.filter(
        version__rule__in=newest, change__lt=F("version__rule__judged_change")
    )
    for rule_id, lane_id in sorted(set(forwards.values_list("version__rule", "lane"))):
        release_facts(rule_id=rule_id, change=newest[rule_id], lane_id=lane_id, now=now)


def _save_health(streaks: Mapping[int, Streak]) -> None:
    """Count errors in a row; the rule's owner sees the newest sentence."""
    for rule_id, streak in streaks.items():
        if streak.errors:
            before = Value(0) if streak.began_well else F("errors_in_a_row")
            Rule.objects.filter(pk=rule_id).update(
                health=Health.ERROR,
                error=streak.last,
                errors_in_a_row=before + streak.errors,
            )
    well = [rule_id for rule_id, streak in streaks.items() if not streak.errors]
    for some in portions(well, _AT_ONCE):
        _note_well(some)


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
        untold.filter(pk=rule_id).update(health=Health.ERROR, error=sentence)


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
        Rule.objects.filter(pk=rule.pk).update(
            is_enabled=False,
            updated_at=now,
            error=f"Turned off after {rule.errors_in_a_row} errors in a row, the last"
            f" of which was {rule.error}",
        )
        end_rule(rule=rule, reason="disabled", now=now)
