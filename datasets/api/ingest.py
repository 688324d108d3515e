"""The short way for records: an ASGI application that stands before Django.

It answers the calls that programs make all day long: records as JSON, with a token,
for a dataset that exists, and all of them right. It asks no question per request that
was just answered for another, and shares commits with whoever comes at the same time.

Loads by `/v1/data` are none of them, not even of a few records of JSON: they are
imports, kept as a file, answered by a job and read by a worker, who tells of each line
that does not fit. There is no commit that they could share.

Whatever is not so plain, and every mistake, takes the long way through Django's views
with its body untouched. So refusals have one author, and this module none.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connections

from datasets.api.calls import Call, read_call, read_idempotency_key
from datasets.api.judgements import Judgements
from datasets.api.openings import Openings
from datasets.models import BatchState
from datasets.services import (
    EventBody,
    GroupCommit,
    Opening,
    OutcomeUnknown,
    Published,
    StoredBatch,
    Submission,
    is_claimed,
    prepare_submission,
    read_key,
    state_of_all,
    wait_for_judgement,
)
from workspaces.access import note_access
from workspaces.api.bare import BareAnswer, refused_bare
from workspaces.api.repeats import caller_of
from workspaces.refusals import Overloaded, Refusal

#: Longer bodies are read beside the loop, which others wait for.
_SHORT_BYTES = 32_768
_ASKING_THREADS = 1


class TakeLongWay(Exception):
    """The call is not so plain that it can be answered here."""


class IngestDoor:
    """Answers plain calls with records, and passes on everything else."""

    # Any: an ASGI application, as in config.origins.
    def __init__(self, application: Any) -> None:
        self._application = application
        self._asking = ThreadPoolExecutor(_ASKING_THREADS, "ingest-asking")
        self._reading = ThreadPoolExecutor(1, "ingest-reading")
        self._openings = Openings(self._asking)
        self._commits = GroupCommit()
        self._judgements = Judgements(self._asking)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer a request, or have it answered."""
        call = read_call(scope)
        if call is None:
            await self._application(scope, receive, send)
            return
        body = await _read(receive)
        if body is None:
            return
        try:
            answer = await self._answer(call, body, read_idempotency_key(scope))
        except TakeLongWay:
            await self._application(scope, _again(body, receive), send)
            return
        await send(answer.start())
        await send({"type": "http.response.body", "body": answer.body})

    def close(self) -> None:
        """Store what waits, and end all threads."""
        self._commits.close()
        self._asking.submit(connections.close_all)
        self._asking.shutdown()
        self._reading.shutdown()

    async def _answer(self, call: Call, body: bytes, key: str | None) -> BareAnswer:
        """Store the records of a call and say so.

        Raises:
            TakeLongWay: before anything was stored.
        """
        try:
            opening = await self._openings.get(call)
            note_access(opening.access)
            if not opening.is_plain:
                raise TakeLongWay
            submission = await self._prepare(call, body, key, opening)
            stored = await self._store(submission)
        except (Overloaded, OutcomeUnknown) as refusal:
            return refused_bare(refusal, path=call.path)
        except (Refusal, DatabaseError) as reason:
            raise TakeLongWay from reason
        try:
            return call.tell(await self._judged(stored, waits=call.waits))
        except Refusal as refusal:
            return refused_bare(refusal, path=call.path)

    async def _prepare(
        self, call: Call, body: bytes, key: str | None, opening: Opening
    ) -> Submission:
        """Read the records, beside the loop if that takes long."""
        claimed = read_key(
            key=key,
            caller=caller_of(opening.access),
            path=call.path,
            query=call.query,
            body=body,
        )
        prepare = partial(
            prepare_submission,
            opening=opening,
            body=EventBody(content=body, kind=call.kind),
            key=claimed,
        )
        if len(body) <= _SHORT_BYTES:
            return prepare()
        return await asyncio.get_running_loop().run_in_executor(self._reading, prepare)

    async def _store(self, submission: Submission) -> StoredBatch:
        rooms = submission.opening.rooms
        if refusal := rooms.refusal([share.shard for share in submission.shares]):
            if await self._is_repeat(submission):
                raise TakeLongWay
            raise refusal
        for share in submission.shares:
            rooms.take(share.shard, len(share.places))
        stored = await self._commits.submit(submission)
        if stored is None:
            raise TakeLongWay
        return stored

    async def _is_repeat(self, submission: Submission) -> bool:
        """Tell whether its key was answered: a repeat needs no room."""
        if submission.key is None:
            return False
        return await asyncio.get_running_loop().run_in_executor(
            self._asking, is_claimed, submission.key
        )

    async def _judged(self, stored: StoredBatch, *, waits: bool) -> Published:
        """Wait for the judgement, if it is wanted.

        Raises:
            DuplicatesRefused: if the dataset began to refuse them in this moment.
        """
        state = BatchState.PENDING
        if waits:
            patience = settings.BELLWETHER_WAIT_SECONDS
            states = await asyncio.gather(
                *(
                    self._judgements.state_of(one, patience=patience)
                    for one in stored.batch_ids
                )
            )
            state = state_of_all(states)
        if state is BatchState.REFUSED:
            refused = partial(wait_for_judgement, patience=timedelta())
            await asyncio.get_running_loop().run_in_executor(
                self._asking, partial(refused, batch_ids=stored.batch_ids)
            )
        return Published(
            batch_id=stored.batch_id, size=stored.size, state=state, is_replay=False
        )


async def _read(receive: Any) -> bytes | None:
    """Return the body of a request, or None if its client went away."""
    pieces = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        pieces.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(pieces)


def _again(body: bytes, receive: Any) -> Any:
    """Return a `receive` that tells a body once more, and then what comes after it."""
    told = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Any:
        return told.pop() if told else await receive()

    return again
