"""How rules fared, in their rows: each is changed once by a drain, whatever it says.

A rule's row is wide and has many indexes, so that changing it costs more than all else
that is stored of a run.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from datasets.models import Lane
from datasets.services import update_rows
from rules.engine import Counts, TransitionKind
from rules.models import LaneRule, Rule
from rules.services.counting import save_tallies
from rules.services.judgement import Judgement

_ALERTS = frozenset({TransitionKind.RAISED, TransitionKind.OPENED})
_NOTHING = Counts()


def save_counters(*, lane: Lane, judgement: Judgement, now: datetime) -> None:
    """Store how rules fared and which raised alerts; late in the commit of a drain.

    Rules that other lanes judge as well are waited for by those from here on. What
    lanes count of such a rule each adds to a row of its own.

    1. Tallies come first; rules are counted by them.
    2. Of rules that were settled all is stored; to others' rows it is added.
    """
    save_tallies(lane, judgement.counted.tallies, now)
    raised = {
        one.transition.rule_id
        for one in judgement.transitions
        if one.transition.kind in _ALERTS
    }
    counts = {**judgement.counts}
    shared = {one: counts.pop(one) for one in judgement.shared & counts.keys()}
    _save_settled(judgement, counts, raised, now)
    _add_to_rules(judgement, counts, raised, now)
    _add_to_shares(lane, shared, now)


class _SettledRow(NamedTuple):
    """What a rule's row says from now on; but for `sent`, which is added."""

    ran_apart: int
    passed_apart: int
    unknown_apart: int
    tallied_truth: bool | None
    tally_id: int | None
    sent: int
    evaluated_apart_at: datetime | None
    last_alert_at: datetime | None
    id: int


class _AddedRow(NamedTuple):
    """What is added to a rule's row, and its times if it has new ones."""

    ran_apart: int
    passed_apart: int
    unknown_apart: int
    sent: int
    evaluated_apart_at: datetime | None
    last_alert_at: datetime | None
    id: int


class _ShareRow(NamedTuple):
    """What is added to the counters that a lane keeps of a rule it shares."""

    ran: int
    passed: int
    unknown: int
    sent: int
    evaluated_at: datetime
    rule_id: int
    lane_id: int


_TIMES = ("evaluated_apart_at", "last_alert_at")


def _save_settled(
    judgement: Judgement,
    counts: dict[int, Counts],
    raised: Collection[int],
    now: datetime,
) -> None:
    rows = []
    for rule_id, one in sorted(judgement.counted.rules.items()):
        added = counts.get(rule_id, _NOTHING)
        rows.append(
            _SettledRow(
                ran_apart=one.ran + added.ran,
                passed_apart=one.passed + added.passed,
                unknown_apart=one.unknown + added.unknown,
                tallied_truth=one.truth,
                tally_id=one.tally.tally_id if one.tally else None,
                sent=added.sent,
                evaluated_apart_at=now if rule_id in counts else None,
                last_alert_at=now if rule_id in raised else None,
                id=rule_id,
            )
        )
    update_rows(Rule, rows, unique=("id",), adding=("sent",), keeping=_TIMES)


def _add_to_rules(
    judgement: Judgement,
    counts: dict[int, Counts],
    raised: Collection[int],
    now: datetime,
) -> None:
    rows = []
    # In order, so that two lanes never wait for each other.
    for rule_id in sorted((counts.keys() | raised) - judgement.counted.rules.keys()):
        added = counts.get(rule_id, _NOTHING)
        rows.append(
            _AddedRow(
                ran_apart=added.ran,
                passed_apart=added.passed,
                unknown_apart=added.unknown,
                sent=added.sent,
                evaluated_apart_at=now if rule_id in counts else None,
                last_alert_at=now if rule_id in raised else None,
                id=rule_id,
            )
        )
    adding = ("ran_apart", "passed_apart", "unknown_apart", "sent")
    update_rows(Rule, rows, unique=("id",), adding=adding, keeping=_TIMES)


def _add_to_shares(lane: Lane, shared: dict[int, Counts], now: datetime) -> None:
    rows = [
        _ShareRow(
            ran=one.ran,
            passed=one.passed,
            unknown=one.unknown,
            sent=one.sent,
            evaluated_at=now,
            rule_id=rule_id,
            lane_id=lane.pk,
        )
        for rule_id, one in sorted(shared.items())
    ]
    adding = ("ran", "passed", "unknown", "sent")
    update_rows(LaneRule, rows, unique=("rule_id", "lane_id"), adding=adding)
