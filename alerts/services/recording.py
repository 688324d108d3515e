"""Storing what was decided: alerts, transitions, deliveries and feed entries.

Everything here runs inside the commit of a drain, so each of it is decided exactly
once; unique constraints make a double impossible to store.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha1
from typing import NamedTuple

from django.db.models import Max

from alerts.models import (
    Alert,
    AlertState,
    Delivery,
    DeliveryStatus,
    EntryKind,
    Output,
    Transition,
    TransitionKind,
)
from alerts.services.entering import (
    GatheredEntries,
    NewEntry,
    enter_feed,
    gather_entries,
)
from alerts.services.import_entries import import_entries
from alerts.services.rows import (
    ChangedAlertRow,
    NewAlert,
    NewDelivery,
    TransitionRow,
    alert_row,
    delivery_row,
    transition_ids,
)
from alerts.services.storms import fold_storms
from alerts.suppression import Suppression, suppression_of
from config.celery import Task, nudge
from config.prepared import Given, Prepared
from datasets.json import encode
from datasets.models import Lane
from datasets.services import (
    SettledBatch,
    insert_rows,
    note_judged,
    prepare_insert,
    update_rows,
)
from rules.engine import OutputUse
from rules.engine import TransitionKind as Step
from rules.services import JudgedTransition, Judgement

#: The namespace of alert ids; random, fixed for ever.
_ALERTS = uuid.UUID("6d1c2f8e-58a5-4c9d-9d0e-3a1f0f7f2b11").bytes
#: Alerts of one commit follow each other in time, so that lists keep their order.
_APART = timedelta(microseconds=1)
_DELIVERIES = uuid.UUID("0e0f5f5c-9a41-4a0b-8a38-6d9f3a9d7c52").bytes

_KINDS = {step: TransitionKind(step.value) for step in Step}
_BEGINNINGS = frozenset({TransitionKind.RAISED, TransitionKind.OPENED})
_STATE_AFTER = {
    TransitionKind.RAISED: AlertState.RAISED,
    TransitionKind.OPENED: AlertState.OPEN,
    TransitionKind.RESOLVED: AlertState.RESOLVED,
    TransitionKind.CLOSED: AlertState.CLOSED,
    TransitionKind.NO_DATA: AlertState.OPEN,
    TransitionKind.REMINDED: AlertState.OPEN,
    TransitionKind.ESCALATED: AlertState.OPEN,
    TransitionKind.EASED: AlertState.OPEN,
}


@dataclass(slots=True, kw_only=True)
class Gathered:
    """What a drain decided about alerts, made ready for its commit."""

    lane: Lane
    now: datetime
    judged: Sequence[JudgedTransition]
    alerts: dict[uuid.UUID, NewAlert] = field(default_factory=dict)
    changed: dict[uuid.UUID, Alert | NewAlert] = field(default_factory=dict)
    transitions: list[_Step] = field(default_factory=list)
    entries: list[NewEntry] = field(default_factory=list)
    feed: GatheredEntries = field(default_factory=lambda: gather_entries(()))
    inserts: list[Callable[[], None]] = field(default_factory=list)


class _Step(NamedTuple):
    """A transition as it is stored, and its alert."""

    row: TransitionRow
    alert: Alert | NewAlert


def alert_id_of(one: JudgedTransition, lane: Lane) -> uuid.UUID:
    """Derive an alert's id from rule, version, key and opening position."""
    opening = one.transition.opening
    return _derive(
        _ALERTS,
        f"{one.rule.rule_uuid}:{one.transition.version}:{one.transition.key}"
        f":{lane.dataset_id}.{lane.shard}:{opening.seq}:{opening.ord}",
    )


def _derive(namespace: bytes, name: str) -> uuid.UUID:
    """Derive an id as `uuid.uuid5` does, with less to look up for each of very many."""
    digest = sha1(namespace + name.encode(), usedforsecurity=False).digest()
    return uuid.UUID(bytes=digest[:16], version=5)


def gather_alerts(*, lane: Lane, judgement: Judgement, now: datetime) -> Gathered:
    """Make ready, before the commit, what it is to store of alerts; write nothing yet.

    Alerts and transitions, and a feed entry for each live one. Where there is one
    writer everybody waits for the commit, and an event may raise very many alerts.
    """
    gathered = Gathered(lane=lane, now=now, judged=judgement.transitions)
    standing = _open_alerts(judgement.transitions)
    numbers = _last_numbers(standing.values())
    for one in judgement.transitions:
        note_judged()
        _gather(gathered, one, standing, numbers)
    alerts = [alert_row(alert) for alert in gathered.alerts.values()]
    gathered.inserts = [
        prepare_insert(Alert, alerts),
        prepare_insert(Transition, [step.row for step in gathered.transitions]),
    ]
    gathered.feed = gather_entries(gathered.entries)
    return gathered


def record_transitions(*, gathered: Gathered) -> None:
    """Store what a drain decided; part of its one commit.

    1. Change and end alerts before new ones open: an instance has one open alert at a
       time.
    2. Insert the rest in bulk, then a delivery per transition and told output; what is
       too much for an output goes into a summary.
    3. After the commit: send the deliveries.
    """
    changed = [
        ChangedAlertRow(one.state, one.severity, one.ended_at, one.id)
        for one in gathered.changed.values()
    ]
    update_rows(Alert, changed, unique=("id",))
    for insert in gathered.inserts:
        insert()
    deliveries = _deliveries(gathered)
    fold_storms(deliveries, now=gathered.now)
    insert_rows(Delivery, [delivery_row(one) for one in deliveries])
    _nudge(deliveries)


def enter_round(*, gathered: Gathered, settled: Sequence[SettledBatch]) -> None:
    """Enter into feeds what a drain decided, as the last act of its commit.

    Imports that end in this round are closed with one entry each.
    """
    lane, now = gathered.lane, gathered.now
    imported = import_entries(lane=lane, settled=settled, now=now)
    enter_feed(gathered.feed, imported)


def _gather(
    gathered: Gathered,
    one: JudgedTransition,
    standing: dict[tuple[int, str], Alert | NewAlert],
    numbers: dict[uuid.UUID, int],
) -> None:
    transition = one.transition
    kind = _KINDS[transition.kind]
    instance = (transition.rule_id, transition.key)
    alert: Alert | NewAlert
    if kind in _BEGINNINGS:
        alert = new = _new_alert(gathered, one, kind)
        gathered.alerts[new.id] = new
        if kind is TransitionKind.OPENED:
            standing[instance] = new
    elif _STATE_AFTER[kind] is AlertState.OPEN:
        alert = standing[instance]
        if transition.severity is not None:
            alert.severity = transition.severity.value
            _note_changed(gathered, alert)
    else:
        alert = standing.pop(instance)
        alert.state = _STATE_AFTER[kind]
        alert.ended_at = transition.at
        _note_changed(gathered, alert)
    number = numbers[alert.id] = numbers.get(alert.id, 0) + 1
    row = TransitionRow(
        alert_id=alert.id,
        number=number,
        kind=kind.value,
        rule_id=transition.rule_id,
        key=transition.key,
        lane_id=gathered.lane.pk,
        seq=transition.position.seq,
        ord=transition.position.ord,
        at=transition.at,
        recorded_at=gathered.now,
        reason=transition.reason,
        verdict=_as_text(transition.verdict.to_json() if transition.verdict else {}),
    )
    gathered.transitions.append(_Step(row, alert))
    if one.batch.is_live:
        gathered.entries.append(
            NewEntry(
                workspace_id=alert.workspace_id,
                kind=EntryKind(kind.value),
                at=gathered.now,
                alert=alert,
                rule=one.rule,
            )
        )


def _as_text(value: object) -> str:
    return encode(value).decode()


def _note_changed(gathered: Gathered, alert: Alert | NewAlert) -> None:
    """Have an alert stored as it is now; a new one is stored anyway."""
    if alert.id not in gathered.alerts:
        gathered.changed[alert.id] = alert


def _new_alert(
    gathered: Gathered, one: JudgedTransition, kind: TransitionKind
) -> NewAlert:
    transition, spec = one.transition, one.rule.specification
    return NewAlert(
        id=alert_id_of(one, gathered.lane),
        workspace_id=one.rule.workspace_id,
        rule_id=transition.rule_id,
        version_id=transition.version,
        kind=spec.kind.value,
        key=transition.key,
        state=_STATE_AFTER[kind].value,
        severity=(transition.severity or spec.severity).value,
        reason=transition.reason,
        values=_as_text(transition.values),
        subject=transition.set,
        opened_at=transition.at,
        recorded_at=gathered.now + len(gathered.alerts) * _APART,
        is_historical=not one.batch.is_live,
        is_simulated=gathered.lane.dataset.is_simulated or one.rule.reads_simulated,
    )


def _open_alerts(
    transitions: Sequence[JudgedTransition],
) -> dict[tuple[int, str], Alert | NewAlert]:
    """Return the open alerts that these transitions go on with."""
    ending = {
        (one.transition.rule_id, one.transition.key)
        for one in transitions
        if one.transition.kind not in {Step.RAISED, Step.OPENED}
    }
    if not ending:
        return {}
    alerts = Alert.objects.filter(
        state=AlertState.OPEN,
        rule_id__in={rule_id for rule_id, _ in ending},
        key__in={key for _, key in ending},
    ).select_related("acknowledged_by")
    return {(alert.rule_id, alert.key): alert for alert in alerts}


def _last_numbers(alerts: Iterable[Alert | NewAlert]) -> dict[uuid.UUID, int]:
    ids = [alert.id for alert in alerts]
    if not ids:
        return {}
    rows = Transition.objects.filter(alert__in=ids).values_list("alert")
    return dict(rows.annotate(last=Max("number")))


def _deliveries(gathered: Gathered) -> list[NewDelivery]:
    judged = gathered.judged
    outputs = _outputs_told(judged)
    if not outputs:
        return []
    steps = [
        (step, one)
        for step, one in zip(gathered.transitions, judged, strict=True)
        if one.transition.told
    ]
    ids = transition_ids({step.alert.id for step, _ in steps})
    deliveries = []
    for step, one in steps:
        transition_id = ids[step.alert.id, step.row.number]
        texts = {told.output: told for told in one.rule.specification.outputs}
        for slug in one.transition.told:
            output = outputs[one.rule.workspace_id, slug]
            held = suppression_of(
                output=output,
                is_live=one.batch.is_live,
                is_taken_on=_is_taken_on(step),
            )
            deliveries.append(
                _delivery(gathered, step, transition_id, output, texts.get(slug), held)
            )
    return deliveries


def _is_taken_on(step: _Step) -> bool:
    """Tell whether this would remind of an alert that somebody has acknowledged."""
    reminds = step.row.kind == TransitionKind.REMINDED
    return reminds and step.alert.acknowledged_at is not None


def _delivery(
    gathered: Gathered,
    step: _Step,
    transition_id: int,
    output: Output,
    text: OutputUse | None,
    held: Suppression | None,
) -> NewDelivery:
    row = step.row
    status = DeliveryStatus.SUPPRESSED if held else DeliveryStatus.QUEUED
    return NewDelivery(
        id=_derive(_DELIVERIES, f"{row.alert_id}:{row.number}:{output.pk}"),
        workspace_id=output.workspace_id,
        output_id=output.pk,
        transition_id=transition_id,
        alert_id=row.alert_id,
        rule_id=row.rule_id,
        kind=row.kind,
        status=status.value,
        reason=held.value if held else "",
        subject=text.subject if text else "",
        message=text.message if text else "",
        due_at=gathered.now,
        created_at=gathered.now,
    )


def _outputs_told(
    judged: Sequence[JudgedTransition],
) -> dict[tuple[int, str], Output]:
    """Return the outputs by workspace and slug, deleted ones behind living ones."""
    told = {
        (one.rule.workspace_id, slug) for one in judged for slug in one.transition.told
    }
    outputs = [
        output
        for workspace_id, slug in told
        for output in _named.ask(workspace=workspace_id, slug=slug)
    ]
    return {
        (output.workspace_id, output.slug): output
        for output in sorted(
            outputs, key=lambda output: (output.deleted_at is None, output.pk)
        )
    }


_named = Prepared(
    lambda: Output.objects.filter(workspace=Given("workspace"), slug=Given("slug"))
)


def _nudge(deliveries: Iterable[NewDelivery]) -> None:
    due = {one.output_id for one in deliveries if one.is_queued}
    for output_id in sorted(due):
        nudge(Task.SEND, output_id=output_id)
