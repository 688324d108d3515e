"""What is told of a batch's judgement and of its deliveries, where somebody traces."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from alerts.models import Delivery
from config import tracing
from config.tracing import Span, Value
from datasets.models import Batch, Lane
from datasets.services import SettledBatch
from rules.services import JudgedTransition, Judgement

#: Transitions that a span names; the rest it counts.
_NAMED = 50


def trace_round(
    *,
    lane: Lane,
    settled: Sequence[SettledBatch],
    judgement: Judgement,
    began: datetime,
    took: timedelta,
) -> None:
    """Tell of each batch that it was judged in this round, and what that decided."""
    if not tracing.is_on():
        return
    of_batch: dict[int, list[JudgedTransition]] = {}
    for each in judgement.transitions:
        of_batch.setdefault(each.batch.pk, []).append(each)
    for one in settled:
        decided = of_batch.get(one.batch.pk, [])
        tracing.record(
            Span(
                name="judge",
                batch_id=one.batch.pk,
                began=began,
                took=took,
                attributes={
                    "bellwether.lane": lane.pk,
                    "bellwether.seq": one.seq,
                    "bellwether.events": len(one.events),
                    "bellwether.state": one.state.value,
                    "bellwether.transitions": len(decided),
                    "bellwether.round": len(settled),
                },
                events=[
                    (
                        each.transition.kind.value,
                        {
                            "bellwether.rule": each.rule.rule_id,
                            "bellwether.key": each.transition.key,
                        },
                    )
                    for each in decided[:_NAMED]
                ],
            )
        )


def trace_attempt(
    *, delivery: Delivery, result: str, began: datetime, ended: datetime, error: str
) -> None:
    """Tell of a try to deliver, in the trace of the batch that it tells of."""
    if not tracing.is_on():
        return
    transition = delivery.transition
    caused = Batch.objects.filter(lane=transition.lane_id, seq=transition.seq)
    batch_id = caused.values_list("pk", flat=True).first()
    if batch_id is None:
        # Retention has removed the batch: what is sent so late has no trace to be in.
        return
    attributes: dict[str, Value] = {
        "bellwether.delivery": str(delivery.pk),
        "bellwether.output": delivery.output_id,
        "bellwether.kind": delivery.output.kind,
        "bellwether.attempt": delivery.attempts,
        "bellwether.result": result,
        "bellwether.transition": transition.kind,
    }
    tracing.record(
        Span(
            name="deliver",
            batch_id=batch_id,
            began=began,
            took=max(ended - began, timedelta()),
            attributes=attributes,
            error=error,
        )
    )
