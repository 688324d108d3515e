"""Storing what a drain judged about rules: instances, counters, versions, health."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import connection
from django.db.models import F

from rules.engine import Counts
from rules.models import Health, Instance, Rule, Version
from rules.services.judging import Judgement


def save_states(*, judgement: Judgement, now: datetime) -> None:
    """Store instances, counters and effects inside the drain's commit."""
    _save_instances(judgement)
    _add_counts(judgement.counts, now)
    _save_effects(judgement)
    _save_health(judgement)


def _save_instances(judgement: Judgement) -> None:
    Instance.objects.bulk_create(
        [
            Instance(
                rule_id=rule_id,
                key=key,
                state=instance.state.value,
                memory=instance.to_json(),
            )
            for (rule_id, key), instance in judgement.instances.items()
        ],
        update_conflicts=True,
        unique_fields=["rule", "key"],
        update_fields=["state", "memory"],
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


def _save_effects(judgement: Judgement) -> None:
    for rule_id, version_id, seq in judgement.effects:
        Rule.objects.filter(pk=rule_id).update(in_effect=version_id)
        if version_id is not None:
            Version.objects.filter(pk=version_id, effective_seq=None).update(
                effective_seq=seq
            )


def _save_health(judgement: Judgement) -> None:
    """Count errors in a row; the rule's owner sees the newest sentence."""
    for rule_id, error in judgement.errors.items():
        Rule.objects.filter(pk=rule_id).update(
            health=Health.ERROR,
            error=error,
            errors_in_a_row=F("errors_in_a_row") + 1,
        )
    healed = judgement.judged_rules - judgement.errors.keys()
    Rule.objects.filter(pk__in=healed, health=Health.ERROR).update(
        health=Health.OK, error="", errors_in_a_row=0
    )
