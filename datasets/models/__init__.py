"""What happened: datasets, their lanes, the batches in them, and records."""

from datasets.models.dataset import Dataset, DatasetQuerySet, Duplicates, KeyForm
from datasets.models.idempotency import Idempotency
from datasets.models.jobs import Job, JobState
from datasets.models.lanes import (
    Batch,
    BatchQuerySet,
    BatchState,
    Lane,
    Origin,
    Quarantine,
)
from datasets.models.records import Fact, Record, RecordQuerySet
from datasets.models.sources import Run, RunState, Source

__all__ = [
    "Batch",
    "BatchQuerySet",
    "BatchState",
    "Dataset",
    "DatasetQuerySet",
    "Duplicates",
    "Fact",
    "Idempotency",
    "Job",
    "JobState",
    "KeyForm",
    "Lane",
    "Origin",
    "Quarantine",
    "Record",
    "RecordQuerySet",
    "Run",
    "RunState",
    "Source",
]
