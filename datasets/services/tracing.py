"""What is told of a batch that was accepted, where somebody traces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from config import tracing
from config.tracing import Span
from datasets.models import Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptedBatch:
    """A stored batch: from its receipt to its commit, which it may have shared."""

    batch_id: int
    lane_id: int
    origin: Origin
    events: int
    received_at: datetime
    committed_at: datetime
    commit: timedelta
    shared_with: int = 0


def trace_accepted(one: AcceptedBatch) -> None:
    """Begin the trace of a batch: its acceptance, and in it the commit."""
    tracing.record(
        Span(
            name="accept",
            batch_id=one.batch_id,
            began=one.received_at,
            took=max(one.committed_at - one.received_at, timedelta()),
            attributes={
                "bellwether.lane": one.lane_id,
                "bellwether.origin": one.origin.value,
                "bellwether.events": one.events,
            },
            is_root=True,
        )
    )
    tracing.record(
        Span(
            name="commit",
            batch_id=one.batch_id,
            began=max(one.committed_at - one.commit, one.received_at),
            took=min(one.commit, max(one.committed_at - one.received_at, timedelta())),
            attributes={"bellwether.shared_with": one.shared_with},
        )
    )
