"""Storing where a lane has come with the changes of rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db.models import F

from datasets.models import Lane
from rules.models import Forward, Health, LaneRule, Rule, Version
from rules.services.changes import release_facts
from rules.services.judgement import Effect


def save_effects(*, lane: Lane, effects: Sequence[Effect], now: datetime) -> None:
    """Let versions be in effect, or no more, as far as a lane has come.

    What several lanes judge is in effect once all of them do, and is so until none
    does. They look with the rule's turn (`wait_for_turn`), one after the other.
    """
    for one in effects:
        is_through = (
            _take_effect(lane, one)
            if lane.dataset.shards == 1
            else _take_effect_in_shard(lane, one)
        )
        if is_through:
            rules = Rule.objects.filter(pk=one.rule_id, judged_change__lt=one.change)
            rules.update(judged_change=one.change)
    _release(effects, now)


def _take_effect(lane: Lane, one: Effect) -> bool:
    """Store what a lane says that is alone in judging a rule."""
    rules = Rule.objects.filter(pk=one.rule_id)
    if one.version_id is None:
        # A rule that moved on may be in effect in its new lane already.
        rules.filter(in_effect__lane=lane).update(in_effect=None)
        return True
    _begin(one, one.version_id)
    Version.objects.filter(pk=one.version_id, effective_seq=None).update(
        effective_seq=one.seq
    )
    return True


def _take_effect_in_shard(lane: Lane, one: Effect) -> bool:
    """Store what a lane says that may share a rule; tell whether it came last.

    1. Whatever it judged before, alone or with others, it judges no more.
    2. A version that is judged apart is in effect at once.
    3. One that is shared is in effect once every lane has reached the change, and is
       so until none judges it any more.
    """
    version = None if one.version_id is None else Version.objects.get(pk=one.version_id)
    is_shared = version is not None and version.is_spread
    sharing = LaneRule.objects.filter(rule=one.rule_id)
    sharing.filter(lane=lane).update(
        version=version if is_shared else None, change=one.change
    )
    rules = Rule.objects.filter(pk=one.rule_id)
    if version is not None and not is_shared:
        return _take_effect(lane, one)
    alone = rules.filter(in_effect__lane=lane, in_effect__is_spread=False)
    alone.update(in_effect=None, is_tabled=False)
    if version is None:
        if sharing.filter(version__isnull=False).exists():
            return False
        rules.filter(in_effect__is_spread=True).update(in_effect=None)
        return True
    if lane.pk == version.lane_id:
        Version.objects.filter(pk=version.pk, effective_seq=None).update(
            effective_seq=one.seq
        )
    reached = sharing.filter(version=version, change__gte=one.change)
    if reached.count() < lane.dataset.shards:
        return False
    _begin(one, version.pk)
    return True


def _begin(one: Effect, version_id: int) -> None:
    Rule.objects.filter(pk=one.rule_id).update(
        in_effect=version_id, health=Health.OK, error="", errors_in_a_row=0
    )


def _release(effects: Sequence[Effect], now: datetime) -> None:
    """Let lanes forward no more what only versions read that are in effect no more."""
    newest = {one.rule_id: one.change for one in effects}
    forwards = Forward.objects.filter(
        version__rule__in=newest, change__lt=F("version__rule__judged_change")
    )
    for rule_id, lane_id in sorted(set(forwards.values_list("version__rule", "lane"))):
        release_facts(rule_id=rule_id, change=newest[rule_id], lane_id=lane_id, now=now)
