"""Group commit: requests that arrive while one commit goes on share the next.

One transaction stores all that wait, so they share its cost; each is answered after
it. What cannot be stored so, for whatever reason, is handed back with nothing done,
and takes the ordinary way, alone, where every refusal has its words. Only where the
database was lost in the midst of a commit nobody knows what was done: that is said.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from django.db import (
    InterfaceError,
    OperationalError,
    close_old_connections,
    connection,
)

from config import tracing
from config.celery import Task, nudge
from config.metrics import COMMIT_SECONDS
from datasets.models import Origin
from datasets.services.accepting import (
    as_checked,
    check_events,
    check_size,
    count_accepted,
    event_time_order,
)
from datasets.services.bodies import EventBody, read_events
from datasets.services.idempotency import IdempotencyKey
from datasets.services.openings import Opening
from datasets.services.publishing import StoredBatch
from datasets.services.rooms import RETRY_AFTER
from datasets.services.shards import Share, split_by_shard
from datasets.services.tracing import AcceptedBatch, trace_accepted
from datasets.store.batches import PlainBatch, insert_plain, note_options
from datasets.store.datasets import changes_of_living
from datasets.store.keys import AnsweredKey, ClaimedKey, answer_keys, claim_keys
from datasets.store.records import CheckedEvent, RecordRow, insert_records
from datasets.store.writing import writing
from workspaces.refusals import Overloaded, Unavailable, tells_of_full_disk

logger = logging.getLogger(__name__)

#: What one commit takes at most; a request is never cut.
GROUP_EVENTS = 5_000
#: What may wait in memory for the next commits.
WAITING_EVENTS = 50_000


class OutcomeUnknown(Unavailable):
    """The database was lost in the midst of a commit; the records may be stored."""

    code = "outcome_unknown"

    def __init__(self) -> None:
        super().__init__(
            "The database was lost while it stored the records; whether they are "
            "stored is not known. Send them again under the Idempotency-Key that they "
            "had; without one they may then be there twice.",
            retry_after=RETRY_AFTER,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Checked events of one request, in their order, and how they are divided."""

    opening: Opening
    events: Sequence[CheckedEvent]
    shares: Sequence[Share]
    received_at: datetime
    key: IdempotencyKey | None


#: A submission, and what tells its sender: the batch after its commit, or None if
#: nothing was stored.
Waiting = tuple[Submission, "Future[StoredBatch | None]"]
#: What became of a group: what was stored, by place, or that nobody knows.
Outcome = Mapping[int, StoredBatch] | OutcomeUnknown


def prepare_submission(
    *, opening: Opening, body: EventBody, key: IdempotencyKey | None
) -> Submission:
    """Read and check the events of a request.

    Raises:
        Unreadable, BodyInvalid: as `read_events` does.
        EventsInvalid, TooLarge: as `accept_batch` does.
    """
    received_at = opening.received_at()
    events = read_events(body).events
    check_size(events)
    prepared = check_events(checker=opening.checker, events=events, now=received_at)
    order = event_time_order(prepared)
    return Submission(
        opening=opening,
        events=[as_checked(prepared[place]) for place in order],
        shares=split_by_shard(
            [prepared[place].key for place in order], opening.dataset.shards
        ),
        received_at=received_at,
        key=key,
    )


class GroupCommit:
    """Stores submissions in a thread of its own, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[Waiting] = deque()
        self._events = 0
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def submit(self, submission: Submission) -> Future[StoredBatch | None]:
        """Have a request's events stored with the next commit.

        Raises:
            Overloaded: if too much waits; the submission is not taken then.
            Unavailable: if the server ends.
        """
        stored: Future[StoredBatch | None] = asyncio.get_running_loop().create_future()
        with self._changed:
            if self._is_closed:
                raise Unavailable(
                    "The server ends; send this again in a moment. Nothing was stored.",
                    retry_after=RETRY_AFTER,
                )
            if self._events >= WAITING_EVENTS:
                raise Overloaded(
                    f"{self._events:,} records wait to be stored; send this again in a "
                    "moment. Nothing was stored.",
                    retry_after=RETRY_AFTER,
                )
            self._waiting.append((submission, stored))
            self._events += len(submission.events)
            # Whatever may have ended it, those who wait must not wait for nobody.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(
                    target=self._run, name="group-commit", daemon=True
                )
                self._thread.start()
            self._changed.notify()
        return stored

    def close(self) -> None:
        """Store what waits, take nothing more, and end the thread."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while group := self._next_group():
            outcome = _store([submission for submission, _ in group])
            _answer([one for _, one in group], outcome)
        connection.close()

    def _next_group(self) -> list[Waiting]:
        """Wait for submissions and return what one commit takes; none at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            group: list[Waiting] = []
            events = 0
            while self._waiting and events < GROUP_EVENTS:
                group.append(self._waiting.popleft())
                events += len(group[-1][0].events)
            self._events -= events
            return group


def _store(group: Sequence[Submission]) -> Outcome:
    try:
        close_old_connections()
        return store_group(group)
    except OutcomeUnknown as unknown:
        logger.warning("a commit was cut off", exc_info=True, extra=_whose(group))
        return unknown
    except BaseException:
        # The thread must go on: all who post wait for it. Whatever it was, each request
        # finds out for itself, alone.
        logger.warning(
            "group not stored, its requests go alone",
            exc_info=True,
            extra=_whose(group),
        )
        return {}


def _whose(group: Sequence[Submission]) -> dict[str, object]:
    return {"workspace": sorted({one.opening.access.workspace.pk for one in group})}


def _answer(told: Sequence[Future[StoredBatch | None]], outcome: Outcome) -> None:
    """Have all of a group told at once: waking a loop costs more than telling."""
    for loop in {one.get_loop() for one in told}:
        try:
            loop.call_soon_threadsafe(_tell, loop, told, outcome)
        except RuntimeError:  # the loop is closed
            logger.warning("nobody waits any more for what was stored", exc_info=True)


def _tell(
    loop: AbstractEventLoop,
    told: Sequence[Future[StoredBatch | None]],
    outcome: Outcome,
) -> None:
    for place, one in enumerate(told):
        if one.get_loop() is not loop:
            continue
        if one.done():  # its client has gone
            continue
        if isinstance(outcome, OutcomeUnknown):
            one.set_exception(outcome)
        else:
            one.set_result(outcome.get(place))


def store_group(group: Sequence[Submission]) -> dict[int, StoredBatch]:
    """Store all submissions that can be stored in one transaction; return by place.

    Left out are those whose dataset has changed since it was opened, and those whose
    key was claimed before, also by an earlier one of the group.

    Raises:
        OutcomeUnknown: if the database was lost after it was told to commit.
    """
    stored: dict[int, StoredBatch] = {}
    is_whole = False
    began = time.monotonic()
    try:
        with COMMIT_SECONDS.labels("records").time(), writing():
            stored = _insert(group)
            is_whole = True
    except (OperationalError, InterfaceError) as error:
        if is_whole and not tells_of_full_disk(error):
            raise OutcomeUnknown from error
        raise
    if tracing.is_on():
        _trace(group, stored, took=timedelta(seconds=time.monotonic() - began))
    return stored


def _trace(
    group: Sequence[Submission], stored: Mapping[int, StoredBatch], *, took: timedelta
) -> None:
    """Tell of each batch from its receipt to the commit that it shared."""
    for place, batch in stored.items():
        one = group[place]
        for share, batch_id in zip(one.shares, batch.batch_ids, strict=True):
            trace_accepted(
                AcceptedBatch(
                    batch_id=batch_id,
                    lane_id=one.opening.lanes[share.shard].pk,
                    origin=Origin.API,
                    events=len(share.places),
                    received_at=one.received_at,
                    committed_at=one.opening.received_at(),
                    commit=took,
                    shared_with=len(stored) - 1,
                )
            )


def _insert(group: Sequence[Submission]) -> dict[int, StoredBatch]:
    """Insert what can be stored of a group, inside the caller's transaction."""
    fresh = _still_as_opened(group)
    places = _claiming(group, fresh)
    batches = [one for place in places for one in _batches_of(group[place])]
    ids = iter(insert_plain(batches))
    stored = {place: _stored(group[place], ids) for place in places}
    divided = [one for one in stored.values() if one.parts]
    if divided:
        note_options((one.batch_id, {"parts": one.parts}) for one in divided)
    insert_records(_rows(group, stored))
    answer_keys(_answers(group, stored))
    for lane_id in {one.lane_id for one in batches}:
        nudge(Task.DRAIN, lane_id=lane_id)
    count_accepted(Origin.API, sum(batch.size for batch in stored.values()))
    return stored


def _still_as_opened(group: Sequence[Submission]) -> list[int]:
    """Return the places of those whose dataset is as it was when it was opened."""
    changed_at = changes_of_living({one.opening.dataset.pk for one in group})
    return [
        place
        for place, one in enumerate(group)
        if changed_at.get(one.opening.dataset.pk) == one.opening.dataset.updated_at
    ]


def _claiming(group: Sequence[Submission], places: Sequence[int]) -> list[int]:
    """Claim the keys of these submissions; return who has its own, or needs none."""
    wanted = {
        (key.scope, key.key): place
        for place in reversed(places)
        if (key := group[place].key) is not None
    }
    claimed = claim_keys(
        ClaimedKey(scope, name, key.body_hash, group[place].received_at)
        for (scope, name), place in wanted.items()
        if (key := group[place].key) is not None
    )
    mine = {wanted[identity] for identity in claimed}
    return [place for place in places if group[place].key is None or place in mine]


def _batches_of(one: Submission) -> Iterable[PlainBatch]:
    for share in one.shares:
        lane = one.opening.lanes[share.shard]
        yield PlainBatch(lane.pk, len(share.places), one.received_at)


def _stored(one: Submission, ids: Iterator[int]) -> StoredBatch:
    """Take as many of the ids that were given as a submission has batches."""
    first, *others = islice(ids, len(one.shares))
    size = len(one.events)
    return StoredBatch(batch_id=first, size=size, refuses=False, parts=others)


def _rows(
    group: Sequence[Submission], stored: Mapping[int, StoredBatch]
) -> Iterable[RecordRow]:
    return (
        RecordRow(
            batch_id=batch_id,
            ord=number,
            dataset_id=group[place].opening.dataset.pk,
            key=event.key,
            subkey=event.subkey,
            event_time=event.event_time,
            body=event.body,
            is_current=True,
        )
        for place, batch in stored.items()
        for share, batch_id in zip(group[place].shares, batch.batch_ids, strict=True)
        for number, event in enumerate(_events_of(group[place], share))
    )


def _events_of(one: Submission, share: Share) -> Iterable[CheckedEvent]:
    return (one.events[place] for place in share.places)


def _answers(
    group: Sequence[Submission], stored: Mapping[int, StoredBatch]
) -> Iterable[AnsweredKey]:
    return (
        AnsweredKey(key.scope, key.key, answer.status, answer.body)
        for place, batch in stored.items()
        if (key := group[place].key) is not None
        for answer in [batch.to_answer()]
    )
