"""Storing what a drain judged about rules: instances, counters, versions, health."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import connection
from django.db.models import F, Value

from datasets.models import Lane
from rules.engine import Counts, Mode, TransitionKind
from rules.models import Health, Instance, Rule, Version
from rules.services.changes import append_rule_change
from rules.services.judging import Effect, JudgedTransition, Judgement, Streak

#: A rule that could not judge so many events in a row is turned off.
ERRORS_BORNE = 20


def save_states(*, lane: Lane, judgement: Judgement, now: datetime) -> None:
    """Store instances, counters and effects inside the drain's commit."""
    _save_instances(judgement)
    _add_counts(judgement.counts, now)
    _save_effects(lane, judgement.effects, now)
    _save_health(judgement.streaks)
    _save_unreadable(judgement.unreadable)
    _turn_off_failing(lane, judgement.streaks, now)
    _turn_off_done(lane, judgement.transitions, now)


def _save_instances(judgement: Judgement) -> None:
    Instance.objects.bulk_create(
        [
            Instance(
                rule_id=rule_id,
                key=key,
                state=instance.state.value,
                memory=instance.to_json(),
                due_at=instance.wakes_at,
                wake_at=judgement.wakes.get((rule_id, key)),
            )
            for (rule_id, key), instance in judgement.instances.items()
        ],
        update_conflicts=True,
        unique_fields=["rule", "key"],
        update_fields=["state", "memory", "due_at", "wake_at"],
        batch_size=500,
    )


def _add_counts(counts: Mapping[int, Counts], now: datetime) -> None:
    """Add to many rules' counters at once; one statement, many rows."""
    table = Rule._meta.db_table
    rows = [
        (
            one.ran,
            one.passed,
            one.failed,
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
            f"UPDATE {table} SET ran = ran + %s, passed = passed + %s,"  # noqa: S608 - our own table's name
            " failed = failed + %s, unknown = unknown + %s, sent = sent + %s,"
            " evaluated_at = %s WHERE id = %s",
            rows,
        )


def _save_effects(lane: Lane, effects: Iterable[Effect], now: datetime) -> None:
    for one in effects:
        rules = Rule.objects.filter(pk=one.rule_id)
        if one.version_id is None:
            # A rule that moved on may be in effect in its new lane already.
            rules.filter(in_effect__lane=lane).update(in_effect=None)
            _hand_over(one, now)
            continue
        rules.update(
            in_effect=one.version_id, health=Health.OK, error="", errors_in_a_row=0
        )
        Version.objects.filter(pk=one.version_id, effective_seq=None).update(
            effective_seq=one.seq
        )


def _hand_over(effect: Effect, now: datetime) -> None:
    """Let the lane that a rule moved to begin, now that this one has ended its part."""
    if effect.then is None:
        return
    append_rule_change(
        lane=Version.objects.select_related("lane").get(pk=effect.then).lane,
        rule_id=effect.rule_id,
        version_id=effect.then,
        reason="edited",
        now=now,
    )


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
    Rule.objects.filter(pk__in=well, health=Health.ERROR).update(
        health=Health.OK, error="", errors_in_a_row=0
    )


def _save_unreadable(unreadable: Mapping[int, str]) -> None:
    """Tell owners, once, of rules that are not judged because they cannot be read."""
    for rule_id, sentence in unreadable.items():
        untold = Rule.objects.exclude(health=Health.ERROR, error=sentence)
        untold.filter(pk=rule_id).update(health=Health.ERROR, error=sentence)


def _turn_off_done(
    lane: Lane, transitions: Iterable[JudgedTransition], now: datetime
) -> None:
    """Turn off rules whose one alert is out; the engine runs them no more meanwhile.

    One that was edited since to go on stays on.
    """
    done = {
        one.transition.rule_id
        for one in transitions
        if one.rule.specification.mode is Mode.ONCE
        and one.transition.kind is TransitionKind.RAISED
    }
    enabled = Rule.objects.filter(pk__in=done, is_enabled=True)
    for rule in enabled.select_related("latest"):
        definition = rule.latest.definition if rule.latest else {}
        if definition.get("raise", {}).get("mode") != Mode.ONCE:
            continue
        Rule.objects.filter(pk=rule.pk).update(
            is_enabled=False, done_at=now, updated_at=now
        )
        append_rule_change(
            lane=lane, rule_id=rule.pk, version_id=None, reason="done", now=now
        )


def _turn_off_failing(lane: Lane, streaks: Mapping[int, Streak], now: datetime) -> None:
    """Turn off rules that fail on and on; their health says why.

    Like any other change it takes its place in the lane's order.
    """
    failing = [rule_id for rule_id, streak in streaks.items() if streak.errors]
    for rule in Rule.objects.filter(
        pk__in=failing, errors_in_a_row__gte=ERRORS_BORNE, is_enabled=True
    ):
        Rule.objects.filter(pk=rule.pk).update(
            is_enabled=False,
            updated_at=now,
            error=f"Turned off after {rule.errors_in_a_row} errors in a row, the last"
            f" of which was {rule.error}",
        )
        append_rule_change(
            lane=lane, rule_id=rule.pk, version_id=None, reason="disabled", now=now
        )
