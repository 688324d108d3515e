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
from datasets.services.activity import (
    SourceState,
    events_last_minute,
    source_states,
)
from datasets.services.bodies import BodyInvalid, BodyKind, EventBody
from datasets.services.configuring import SourceInvalid, create_source, load_history
from datasets.services.facts import StoredFacts, load_facts, save_facts
from datasets.services.idempotency import (
    KEEP_FOR,
    Answer,
    IdempotencyKey,
    answer_once,
    hash_request,
    read_key,
)
from datasets.services.importing import (
    JobNotFound,
    find_job,
    run_import,
    start_import,
    sweep_jobs,
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
from datasets.services.market import seed_market
from datasets.services.periods import Period, PeriodInvalid, read_period
from datasets.services.previewing import ImportPreview, preview_import
from datasets.services.publishing import Publication, Published, publish_events
from datasets.services.reading import (
    ANSWER_LIMIT,
    Part,
    Selection,
    TooManyAsked,
    count_contents,
    key_as_stored,
    newest_records,
    read_batch,
    received_times,
    shown_fields,
)
from datasets.services.retention import forget_expired
from datasets.services.searching import FoundFact, fact_path, search_facts
from datasets.services.sources import claim_run, fetch_source, sweep_sources
from datasets.services.uploads import ImportInvalid, Upload
from datasets.services.vocabulary import (
    distinct_values,
    known_keys,
    visible_datasets,
)
from datasets.services.waiting import DuplicatesRefused, find_batch, wait_for_judgement
from datasets.store.lanes import LaneBusy, holding
from datasets.store.records import CheckedEvent
from datasets.store.writing import writing

__all__ = [
    "ANSWER_LIMIT",
    "KEEP_FOR",
    "Accepted",
    "Answer",
    "BodyInvalid",
    "BodyKind",
    "CheckedEvent",
    "DatasetDraft",
    "DatasetInvalid",
    "DatasetNotFound",
    "DatasetTaken",
    "DuplicatesRefused",
    "EventBody",
    "EventsInvalid",
    "FoundFact",
    "IdempotencyKey",
    "ImportInvalid",
    "ImportPreview",
    "Ingest",
    "JobNotFound",
    "LaneBusy",
    "LaneEvent",
    "LaneMoved",
    "Part",
    "Period",
    "PeriodInvalid",
    "Publication",
    "Published",
    "Selection",
    "SettledBatch",
    "SourceInvalid",
    "SourceState",
    "StoredFacts",
    "TooManyAsked",
    "Upload",
    "accept_batch",
    "accept_checked",
    "answer_once",
    "append_batch",
    "as_checked",
    "backlog_of",
    "check_events",
    "checker_of",
    "claim_run",
    "count_contents",
    "create_dataset",
    "create_source",
    "delete_dataset",
    "distinct_values",
    "events_last_minute",
    "fact_path",
    "fetch_source",
    "find_batch",
    "find_dataset",
    "find_job",
    "finish_batches",
    "forget_expired",
    "hash_request",
    "holding",
    "index_of",
    "key_as_stored",
    "known_keys",
    "load_facts",
    "load_history",
    "newest_records",
    "open_lane",
    "preview_import",
    "publish_events",
    "read_batch",
    "read_key",
    "read_period",
    "received_times",
    "run_import",
    "save_facts",
    "search_facts",
    "seed_market",
    "settle_batches",
    "shown_fields",
    "source_states",
    "start_import",
    "sweep_jobs",
    "sweep_sources",
    "take_batches",
    "visible_datasets",
    "wait_for_judgement",
    "writing",
]
