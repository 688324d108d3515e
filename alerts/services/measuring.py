"""What operators watch: counted as it happens, or asked of the database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime

from django.db.models import Count, Min, Sum
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from alerts.models import Delivery, DeliveryStatus, Heartbeat
from alerts.services.canary import read_canary
from config import metrics
from datasets.models import Batch, BatchState, Quarantine
from datasets.services import SettledBatch
from rules.models import Rule
from rules.services import Judgement
from workspaces.services import SYSTEM

_WAITING = (DeliveryStatus.QUEUED, DeliveryStatus.SENDING, DeliveryStatus.FAILED)


def count_round(
    *, settled: Sequence[SettledBatch], judgement: Judgement, now: datetime
) -> None:
    """Count what a drain has just committed."""
    events: Counter[str] = Counter()
    for one in settled:
        events[one.batch.origin] += len(one.events)
    for origin, count in events.items():
        metrics.EVENTS_JUDGED.labels(origin).inc(count)
    _count_batches([one for one in settled if one.is_whole], now)
    for result, count in asdict(judgement.evaluated).items():
        metrics.EVALUATIONS.labels(result).inc(count)
    kinds = Counter(one.transition.kind.value for one in judgement.transitions)
    for kind, count in kinds.items():
        metrics.TRANSITIONS.labels(kind).inc(count)


def _count_batches(settled: Sequence[SettledBatch], now: datetime) -> None:
    """Count batches that are done with, and how long live ones took until now."""
    for state, count in Counter(one.state.value for one in settled).items():
        metrics.BATCHES_SETTLED.labels(state).inc(count)
    live = [one.batch for one in settled if one.batch.is_live]
    lags = {
        origin: metrics.LAG_SECONDS.labels(origin)
        for origin in {one.origin for one in live}
    }
    for batch in live:
        lags[batch.origin].observe((now - batch.received_at).total_seconds())


class Stored(Collector):
    """What the database says at the moment of asking; the same on every host."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Ask a few questions that indexes answer, whatever is stored."""
        pending = Batch.objects.filter(state=BatchState.PENDING).aggregate(
            events=Sum("size"), batches=Count("pk"), oldest=Min("received_at")
        )
        oldest = pending["oldest"]
        yield _gauge(
            "backlog_events", "Events that wait to be judged.", pending["events"] or 0
        )
        yield _gauge(
            "backlog_batches", "Batches that wait to be judged.", pending["batches"]
        )
        yield _gauge(
            "oldest_pending_seconds",
            "How long the oldest of them has waited.",
            0 if oldest is None else max(0, (self._now - oldest).total_seconds()),
        )
        yield _gauge(
            "quarantined_events",
            "Events that could not be judged and wait for somebody.",
            Quarantine.objects.count(),
        )
        rules = Rule.objects.filter(is_enabled=True).exclude(workspace__slug=SYSTEM)
        yield _gauge("rules_enabled", "Rules that are on.", rules.count())
        yield self._deliveries()
        yield self._heartbeats()
        yield from self._canary()

    def _deliveries(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "bellwether_deliveries_waiting",
            "Deliveries that are not sent yet, by status.",
            labels=["status"],
        )
        waiting = Delivery.objects.filter(status__in=_WAITING).values_list("status")
        found = dict(waiting.annotate(Count("pk")))
        for status in _WAITING:
            family.add_metric([status.value], found.get(status.value, 0))
        return family

    def _heartbeats(self) -> GaugeMetricFamily:
        family = GaugeMetricFamily(
            "bellwether_heartbeat_age_seconds",
            "How long ago a part of the program last showed that it works.",
            labels=["part"],
        )
        for part, at in Heartbeat.objects.values_list("part", "at"):
            family.add_metric([part], max(0, (self._now - at).total_seconds()))
        return family

    def _canary(self) -> Iterator[GaugeMetricFamily]:
        """Tell of the canary, once something came back of it."""
        canary = read_canary(now=self._now)
        if not canary.is_on or canary.age is None:
            return
        yield _gauge(
            "canary_age_seconds",
            "How long ago the newest canary that came back was sent off.",
            canary.age.total_seconds(),
        )
        family = GaugeMetricFamily(
            "bellwether_canary_latency_seconds",
            "How long canaries of the last hour took from receipt to delivery.",
            labels=["quantile"],
        )
        for share in (0.5, 0.99):
            length = canary.length(share)
            if length is not None:
                family.add_metric([str(share)], length.total_seconds())
        yield family


def _gauge(name: str, what: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"bellwether_{name}", what, value=value)
