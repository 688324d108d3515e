"""The door to datasets: making them, filling them, and the queue of their lanes."""

from datasets.services.accepting import (
    Accepted,
    EventsInvalid,
    Ingest,
    accept_batch,
    accept_checked,
    as_checked,
    check_events,
    checker_of,
    index_of,
)
from datasets.services.facts import StoredFacts, load_facts, save_facts
from datasets.services.idempotency import (
    KEEP_FOR,
    Answer,
    IdempotencyKey,
    answer_once,
    hash_request,
)
from datasets.services.lanes import (
    LaneEvent,
    LaneMoved,
    SettledBatch,
    append_batch,
    backlog_of,
    finish_batches,
    open_lane,
    settle_batches,
    take_batches,
)
from datasets.services.making import (
    DatasetDraft,
    DatasetInvalid,
    DatasetNotFound,
    DatasetTaken,
    create_dataset,
    delete_dataset,
    find_dataset,
)
from datasets.services.waiting import DuplicatesRefused, wait_for_judgement
from datasets.store.lanes import LaneBusy, holding
from datasets.store.records import CheckedEvent
from datasets.store.writing import writing

__all__ = [
    "KEEP_FOR",
    "Accepted",
    "Answer",
    "CheckedEvent",
    "DatasetDraft",
    "DatasetInvalid",
    "DatasetNotFound",
    "DatasetTaken",
    "DuplicatesRefused",
    "EventsInvalid",
    "IdempotencyKey",
    "Ingest",
    "LaneBusy",
    "LaneEvent",
    "LaneMoved",
    "SettledBatch",
    "StoredFacts",
    "accept_batch",
    "accept_checked",
    "answer_once",
    "append_batch",
    "as_checked",
    "backlog_of",
    "check_events",
    "checker_of",
    "create_dataset",
    "delete_dataset",
    "find_dataset",
    "finish_batches",
    "hash_request",
    "holding",
    "index_of",
    "load_facts",
    "open_lane",
    "save_facts",
    "settle_batches",
    "take_batches",
    "wait_for_judgement",
    "writing",
]
