"""What is counted while the program runs, for Prometheus.

In the full mode every process counts in files of its own in one directory of its host,
and whoever is asked adds them up; so every one of these has labels, for one without
would make files as soon as it is imported. What the database knows is asked there
(`alerts.services.measuring`), and is the same from every host.
"""

from __future__ import annotations

import os
from collections import Counter as Counts
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from django.conf import settings
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
)
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample

if settings.BELLWETHER_METRICS_DIR:
    Path(settings.BELLWETHER_METRICS_DIR).mkdir(parents=True, exist_ok=True)

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_OURS = CollectorRegistry()
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_LAG_SECONDS = (*_SECONDS, 30, 60, 300, 1_800)

EVENTS_ACCEPTED = Counter(
    "bellwether_events_accepted",
    "Events stored, by where they came from.",
    ["origin"],
    registry=_OURS,
)
BATCHES_SETTLED = Counter(
    "bellwether_batches_settled",
    "Batches that wait no more, by what became of them.",
    ["state"],
    registry=_OURS,
)
EVENTS_JUDGED = Counter(
    "bellwether_events_judged",
    "Events that rules have judged, by where they came from.",
    ["origin"],
    registry=_OURS,
)
EVALUATIONS = Counter(
    "bellwether_evaluations",
    "Runs of rules that the engine has judged, by what came of them.",
    ["result"],
    registry=_OURS,
)
TRANSITIONS = Counter(
    "bellwether_transitions",
    "Steps of alerts, by kind.",
    ["kind"],
    registry=_OURS,
)
ATTEMPTS = Counter(
    "bellwether_delivery_attempts",
    "Tries to tell an output, by its kind and how the try went.",
    ["kind", "result"],
    registry=_OURS,
)
COMMIT_SECONDS = Histogram(
    "bellwether_commit_seconds",
    "How long a commit took, by what it stored.",
    ["step"],
    buckets=_SECONDS,
    registry=_OURS,
)
LAG_SECONDS = Histogram(
    "bellwether_lag_seconds",
    "From the receipt of a live batch to the commit of its judgement.",
    ["origin"],
    buckets=_LAG_SECONDS,
    registry=_OURS,
)
SOCKETS = Gauge(
    "bellwether_sockets",
    "Open WebSockets, by what they follow.",
    ["of"],
    multiprocess_mode="livesum",
    registry=_OURS,
)


def exposition(*others: Collector) -> bytes:
    """Return all that was counted, and what others collect, as Prometheus reads it."""
    registry = _counted()
    for other in others:
        registry.register(other)
    return generate_latest(registry)


def open_sockets() -> int:
    """Return how many WebSockets are open on this host."""
    samples = _samples("bellwether_sockets")
    return int(sum(one.value for one in samples))


def lag_spread() -> dict[float, int]:
    """Return how many live batches this host judged within each bound, in seconds.

    Each is counted under the least bound that it did not exceed; the last has none.
    """
    upto: Counts[float] = Counts()
    for one in _samples("bellwether_lag_seconds"):
        if "le" in one.labels:
            upto[float(one.labels["le"])] += int(one.value)
    bounds = sorted(upto)
    below = [0, *(upto[bound] for bound in bounds)]
    return {
        bound: upto[bound] - less for bound, less in zip(bounds, below, strict=False)
    }


def _counted() -> CollectorRegistry:
    registry = CollectorRegistry()
    if settings.BELLWETHER_METRICS_DIR:
        registry.register(_Files())
    else:
        registry.register(_OURS)
    return registry


class _Files(Collector):
    """What processes have counted in files, added up."""

    def collect(self) -> Iterable[Metric]:
        """Read the files of this host, and of those that share its data directory."""
        here = Path(settings.BELLWETHER_METRICS_DIR)
        is_shared = settings.BELLWETHER_METRICS_ARE_SHARED
        found = here.parent.glob("*/*.db") if is_shared else here.glob("*.db")
        merge = multiprocess.MultiProcessCollector.merge
        files = [str(path) for path in found]
        return cast("Iterable[Metric]", merge(files))  # type: ignore[no-untyped-call]


def _samples(family: str) -> list[Sample]:
    """Return what was counted of one family, by all processes of this host."""
    return [
        sample
        for one in _counted().collect()
        if one.name == family
        for sample in one.samples
    ]


def begin_counting() -> None:
    """Forget what processes of an earlier start have counted on this host."""
    if settings.BELLWETHER_METRICS_DIR:
        for path in Path(settings.BELLWETHER_METRICS_DIR).glob("*.db"):
            path.unlink(missing_ok=True)


def forget_the_dead() -> None:
    """Forget what processes of this host had open when they were killed.

    Called by one that has opened nothing yet: what bears its number is somebody's who
    was killed before it. What they counted stays: it happened.
    """
    if settings.BELLWETHER_METRICS_DIR:
        for path in Path(settings.BELLWETHER_METRICS_DIR).glob("gauge_live*_*.db"):
            pid = path.stem.rpartition("_")[2]
            if pid == str(os.getpid()) or not Path(f"/proc/{pid}").exists():
                path.unlink(missing_ok=True)
