"""The places of a rule's change in the order of each lane concerned.

A change may concern several lanes, and takes its place in them one after the other:

1. Lanes whose facts the rule reads, although another judges it, begin to forward.
2. A lane that judged it before ends.
3. Its home begins: it knows by then what all of them knew. Lanes that judge it each for
   their own keys begin apart from each other.

The change itself stores the first step. Each lane's drain stores the next one in the
commit in which it judges its own, unless the rule was changed once more meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import F

from datasets.models import Batch, Lane, Origin
from datasets.services import append_batch, wait_for_turn
from rules.models import LaneRule, Rule, Version

#: What a lane does about a change, as its batch says it: it judges by a version, or by
#: none; it forwards what a version reads; it forwards no longer what older ones read.
JUDGES: Final = "version"
FORWARDS: Final = "forwards"
RELEASES: Final = "releases"

Step = tuple[Sequence[int], str, int | None]
"""Lanes, what they do, and the version with which they do it."""


def begin_version(
    *,
    rule: Rule,
    version: Version,
    before: Version | None,
    reason: str,
    now: datetime,
    knows_all: bool = False,
) -> None:
    """Let a version come into effect; `before` is the one that was saved before it.

    `knows_all` says that its home knows by now all that it reads, so that it need not
    wait for other lanes.
    """
    foreign = version.forwards.order_by("pk").values_list("lane", flat=True)
    forwards: list[Step] = [([lane], FORWARDS, version.pk) for lane in foreign]
    homes = [lane.pk for lane in version.lanes]
    left = _lanes_of(rule, before).difference(homes)
    ends: list[Step] = [([lane], JUDGES, None) for lane in sorted(left)]
    begins: Step = (homes, JUDGES, version.pk)
    change = _next_change(rule)
    routes = [[*forwards, *ends, begins]]
    if knows_all:
        routes = [*([step] for step in forwards), [*ends, begins]]
    for route in routes:
        _store_step(rule.pk, change, route, reason=reason, now=now)


def end_rule(*, rule: Rule, reason: str, now: datetime) -> None:
    """Let every lane that judges a rule, or is about to, end that."""
    change = _next_change(rule)
    for lane in sorted(_lanes_of(rule, rule.latest)):
        _store_step(rule.pk, change, [([lane], JUDGES, None)], reason=reason, now=now)


def release_facts(*, rule_id: int, change: int, lane_id: int, now: datetime) -> None:
    """Let a lane forward no more what only versions before a change read."""
    step = ([lane_id], RELEASES, None)
    _store_step(rule_id, change, [step], reason="released", now=now)


def go_on(options: Mapping[str, Any], *, now: datetime) -> None:
    """Store the step that follows one just judged, if its change is still the newest.

    Called with the rule's turn (`wait_for_turn`), so that no newer change can come
    between the look and the step.
    """
    rule_id, change = int(options["rule"]), int(options["change"])
    if Rule.objects.filter(pk=rule_id, changes=change).exists():
        route = [_as_step(one) for one in options["then"]]
        _store_step(rule_id, change, route, reason=options["reason"], now=now)


def wait_for_rules(rule_ids: Iterable[int]) -> None:
    """Wait for the turns of several rules, always in one order."""
    for rule_id in sorted(rule_ids):
        wait_for_turn(rule_id)


def judged_version(batch: Batch) -> int | None:
    """Return the version by which a batch lets its lane judge a rule from there on."""
    version: int | None = batch.options[JUDGES]
    return version


def changes_judging(batch: Batch) -> bool:
    """Say whether a change lets its lane judge otherwise, rather than forward."""
    return FORWARDS not in batch.options and RELEASES not in batch.options


def _store_step(
    rule_id: int, change: int, route: Sequence[Step], *, reason: str, now: datetime
) -> None:
    (lanes, act, version), *rest = route
    options: dict[str, object] = {
        "rule": rule_id,
        "change": change,
        "reason": reason,
        act: version,
    }
    if rest:
        options["then"] = rest
    for lane_id in lanes:
        append_batch(
            lane=Lane(pk=lane_id), origin=Origin.RULE, now=now, options=options
        )


def _as_step(written: Sequence[Any]) -> Step:  # Any: parsed JSON
    lanes, act, version = written
    # Until shards there was one lane, by itself.
    return [lanes] if isinstance(lanes, int) else lanes, act, version


def _next_change(rule: Rule) -> int:
    """Number a change; the rule's row is held from here to the end of the commit."""
    Rule.objects.filter(pk=rule.pk).update(changes=F("changes") + 1)
    return Rule.objects.values_list("changes", flat=True).get(pk=rule.pk)


def _lanes_of(rule: Rule, latest: Version | None) -> set[int]:
    """Return the lanes that judge a rule, or will by what was saved before."""
    versions = [rule.in_effect_id, latest.pk if latest else None]
    rows = Version.objects.filter(pk__in=[one for one in versions if one is not None])
    lanes = {lane.pk for row in rows.select_related("lane") for lane in row.lanes}
    if rule.is_divided:
        sharing = LaneRule.objects.filter(rule=rule, version__isnull=False)
        lanes |= set(sharing.values_list("lane", flat=True))
    return lanes
