"""Changes of a dataset that change verdicts: each has its place in the lane's order.

Events before it are judged as the dataset was, later ones as it is.
The batch keeps both values, so a program that is loaded while the change still waits
begins with the old one.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from datasets.models import Batch, Dataset, Lane, Origin
from datasets.services.lanes import append_batch
from datasets.services.shards import lanes_of
from datasets.store.writing import writing

_LATENESS = "lateness_seconds"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSeconds:
    """A length of time as it was and as it is from there on."""

    before: int
    after: int


def save_dataset(*, dataset: Dataset, now: datetime) -> None:
    """Store a dataset whose columns staff changed, and what its lanes have to know."""
    with writing():
        stored = Dataset.objects.select_for_update().get(pk=dataset.pk)
        dataset.updated_at = now
        dataset.save()
        if stored.lateness_seconds == dataset.lateness_seconds:
            return
        changed = ChangedSeconds(
            before=stored.lateness_seconds, after=dataset.lateness_seconds
        )
        for lane in lanes_of(dataset):
            append_batch(
                lane=lane,
                origin=Origin.SCHEMA,
                now=now,
                options={_LATENESS: asdict(changed)},
            )


def changed_lateness(batch: Batch) -> ChangedSeconds | None:
    """Return what a batch changes of its dataset's lateness, if it does."""
    changed = batch.options.get(_LATENESS)
    return ChangedSeconds(**changed) if changed else None


def lateness_in_effect(lane: Lane, *, seq: int | None = None) -> int:
    """Return the seconds of lateness by which a lane's event is judged.

    It is the event at position `seq`, or the next one that is judged.
    """
    # The dataset is read before: a change in between is found waiting.
    seconds = Dataset.objects.get(pk=lane.dataset_id).lateness_seconds
    changes = Batch.objects.filter(lane=lane, origin=Origin.SCHEMA)
    judged = changes.filter(seq__gte=lane.next_seq if seq is None else seq)
    for batch in [*judged.order_by("seq"), *changes.pending()]:
        changed = changed_lateness(batch)
        if changed is not None:
            return changed.before
    return seconds
