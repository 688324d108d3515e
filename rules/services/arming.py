"""Which instances have timers, and when the sweep is to look at one of them."""

from __future__ import annotations

from collections.abc import MutableMapping
from datetime import datetime

from datasets.models import Batch
from rules.engine import Instance, Program, Subject
from rules.services.lane_state import InstanceKey


def note_armed(
    armed: MutableMapping[Subject, set[InstanceKey]],
    program: Program,
    instance: Instance,
) -> None:
    """Note, by the subject whose events fire them, whether an instance has timers."""
    if instance.rule_id not in program:
        return
    rule = program.rule(instance.rule_id)
    subject = program.subject_of(rule, instance.key)
    named = (instance.rule_id, instance.key)
    if instance.timers:
        armed.setdefault(subject, set()).add(named)
    else:
        armed.get(subject, set()).discard(named)


def wake_of(instance: Instance, batch: Batch, *, at: datetime) -> datetime | None:
    """Say when the sweep looks at an instance that a happening at `at` armed.

    As long after receipt as its timer is away; what history arms is fired by data
    alone, as is what has no timer.
    """
    due_at = instance.wakes_at
    if due_at is None or not batch.is_live:
        return None
    return batch.received_at + (due_at - at)
