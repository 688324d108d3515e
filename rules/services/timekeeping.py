"""What becomes due by time alone: timers of instances, and the end of rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction

from config.sweeping import each
from datasets.models import Lane, Origin
from datasets.services import append_batch, lane_of_key, wait_for_turn
from rules.models import Instance, Rule
from rules.services.changes import end_rule
from workspaces.access import open_for_system
from workspaces.services import record_audit

#: Timers of a rule's lane that one sweep fires at most.
TOGETHER: Final = 500


def fire_timers(*, now: datetime) -> None:
    """Give a place in its lane's order to every timer that no event has fired.

    Any number of sweeps may run at once: a timer is claimed by taking its time away,
    in the transaction that stores the batch. If it was fired or moved meanwhile, the
    batch finds nothing due.
    """
    waiting = Instance.objects.filter(wake_at__lte=now, rule__in_effect__isnull=False)
    homes = waiting.values_list("rule__in_effect__lane", flat=True).distinct()
    each("lane", homes, partial(_fire_of_home, now=now))


def expire_rules(*, now: datetime) -> None:
    """Turn off the rules that have come to their end; twice does nothing more."""
    ended = Rule.objects.filter(is_enabled=True, expires_at__lte=now)
    each("rule", ended.values_list("pk", flat=True), partial(_expire, now=now))


def _fire_of_home(home_id: int, *, now: datetime) -> None:
    """Fire what is due of rules at home in a lane, each in the lane of its key."""
    waiting = (
        Instance.objects.filter(wake_at__lte=now, rule__in_effect__lane=home_id)
        .select_related("rule__in_effect__lane__dataset")
        .order_by("due_at", "pk")[:TOGETHER]
    )
    due = {one.pk: one for one in waiting}
    of_lanes: dict[int, list[Instance]] = {}

    def sort_in(instance_id: int) -> None:
        lane = _lane_of(due[instance_id])
        of_lanes.setdefault(lane.pk, []).append(due[instance_id])

    each("instance", due, sort_in)
    each("lane", of_lanes, lambda pk: _append_timers(Lane(pk=pk), of_lanes[pk], now))


def _lane_of(instance: Instance) -> Lane:
    version = instance.rule.in_effect
    if version is None:
        raise ValueError(f"Rule {instance.rule_id} is in effect nowhere.")
    if version.is_spread:
        return lane_of_key(version.lane.dataset, instance.key)
    return version.lane


@transaction.atomic
def _append_timers(lane: Lane, instances: Iterable[Instance], now: datetime) -> None:
    claimed = [
        one
        for one in instances
        if Instance.objects.filter(pk=one.pk, wake_at=one.wake_at).update(wake_at=None)
    ]
    timers = [
        [one.rule_id, one.key, one.due_at.isoformat()] for one in claimed if one.due_at
    ]
    if timers:
        append_batch(
            lane=lane, origin=Origin.TIMER, now=now, options={"timers": timers}
        )


@transaction.atomic
def _expire(rule_id: int, *, now: datetime) -> None:
    wait_for_turn(rule_id)
    claimed = Rule.objects.filter(
        pk=rule_id, is_enabled=True, expires_at__lte=now
    ).update(is_enabled=False, updated_at=now)
    if not claimed:
        return
    rule = Rule.objects.select_related("workspace", "latest").get(pk=rule_id)
    if rule.latest is None:
        return
    end_rule(rule=rule, reason="expired", now=now)
    access = open_for_system(workspace=rule.workspace)
    record_audit(access=access, action="rule.expired", target=rule.name, now=now)
