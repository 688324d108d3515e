"""A body of many rows becomes an import: `POST /data` and `PUT /datasets`."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import IO, cast

from django.conf import settings
from django.http import UnreadablePostError
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.models import Duplicates, Job, JobState
from datasets.services import (
    Answer,
    ImportProgress,
    Upload,
    answer_once,
    find_dataset,
    read_key,
    start_import,
    wait_for_import,
)
from workspaces.api.apperate import ApperateView
from workspaces.api.bodies import Readable
from workspaces.api.repeats import repeatable, replayed
from workspaces.refusals import TooLarge, Unreadable

_PIECE_BYTES = 65_536
#: As many as a job can count.
_MOST_ERRORS = 2_147_483_647

#: Apperate's words for what is done with a record that is stored already.
DUPLICATES: Mapping[str, Duplicates | None] = {
    "ignore": Duplicates.IGNORE,
    "false": Duplicates.IGNORE,
    "replace": Duplicates.REPLACE,
    "true": Duplicates.REPLACE,
    "refuse": Duplicates.REFUSE,
}


class LoadingView(ApperateView):
    """Takes rows as JSON, JSON Lines or CSV, whatever its headers say."""

    token_in_body = False

    def load(self, slug: str) -> Response:
        """Queue the body as an import into a dataset.

        Rows are history, which tells nobody, unless `event=true` says that they happen
        now. With `wait=true` the answer follows the import and the
        judgement of its records, if that does not take too long.
        """
        waits = self.parameters.flag("wait", default=False)
        answer = self._queue_once(slug)
        if not waits:
            return replayed(answer)
        progress = wait_for_import(
            access=self.access,
            job_id=_job_of(answer),
            patience=timedelta(seconds=settings.BELLWETHER_WAIT_SECONDS),
        )
        return replayed(replace(answer, body=_told_after(progress)))

    def _queue_once(self, slug: str) -> Answer:
        asked = self.parameters
        is_live = asked.flag("event", default=False)
        overwrites = asked.flag("overwrite", default=False)
        duplicates = asked.choice(
            "duplicateKeyHandling",
            DUPLICATES,
            default=Duplicates.REPLACE if overwrites else None,
        )
        errors_allowed = asked.number(
            "maximumValidationErrors", least=0, most=_MOST_ERRORS
        )
        dataset = find_dataset(access=self.access, slug=slug)
        now = database_now()

        def start(pieces: Iterable[bytes]) -> Answer:
            job = start_import(
                access=self.access,
                dataset=dataset,
                upload=Upload(
                    pieces=pieces,
                    content_type=self.request.headers.get("Content-Type", ""),
                ),
                is_live=is_live,
                duplicates=duplicates,
                errors_allowed=errors_allowed,
                now=now,
            )
            return Answer(status=200, body=_told(job))

        if "Idempotency-Key" not in self.request.headers:
            return start(_pieces(self.request))
        # Whether it came before is known only when all of it has been seen.
        with tempfile.TemporaryFile() as kept:
            digest = _keep(self.request, kept)
            told = repeatable(self.request, access=self.access, body=digest)
            key = read_key(**told)
            return answer_once(key=key, act=lambda: start(_pieces(kept)), now=now)


def _told(job: Job, *, how: str = "completed", more: str = "") -> dict[str, object]:
    """Return Apperate's answer, which calls an upload completed once it has arrived."""
    dataset = job.dataset
    return {
        "success": True,
        "message": f"Data upload of {job.total_bytes}B for {dataset.slug} {how}, "
        f"jobId: {job.pk} has been created{more}",
        "jobId": str(job.pk),
        "jobUrl": f"/v1/jobs/{dataset.workspace.slug}/ingest/{job.pk}",
    }


def _told_after(progress: ImportProgress) -> dict[str, object]:
    """Return the answer to who waited: completed is what is through."""
    how = "completed" if progress.is_through else "received"
    return _told(progress.job, how=how, more=_standing(progress))


def _standing(progress: ImportProgress) -> str:
    """Say what is still to come of an import, and what was left out of it."""
    job = progress.job
    if job.state == JobState.QUEUED:
        return " and waits for its turn"
    if job.state == JobState.RUNNING:
        return f" and is {job.percent} % through"
    counts = {
        "wait to be judged": progress.unjudged,
        "do not fit and were left out": job.rows_rejected,
        "were refused with others that are stored already": progress.refused,
    }
    return "".join(
        f"; records that {what}: {count:,}" for what, count in counts.items() if count
    )


def _job_of(answer: Answer) -> str:
    """Return the import of an answer, which may have been given to an earlier try."""
    return str(cast("Mapping[str, object]", answer.body)["jobId"])


def _keep(request: Request, kept: IO[bytes]) -> bytes:
    """Write the body to a file, to be read from its start, and return its digest.

    Raises:
        TooLarge: if it exceeds the limit for uploads.
    """
    digest = hashlib.sha256()
    size = 0
    for piece in _pieces(request):
        size += len(piece)
        if size > settings.BELLWETHER_UPLOAD_BYTES:
            raise TooLarge(
                f"The body is larger than {settings.BELLWETHER_UPLOAD_BYTES:,} bytes; "
                "send it in several requests."
            )
        digest.update(piece)
        kept.write(piece)
    kept.seek(0)
    return digest.digest()


def _pieces(stream: Readable) -> Iterator[bytes]:
    try:
        while piece := stream.read(_PIECE_BYTES):
            yield piece
    except UnreadablePostError as error:
        raise Unreadable("The body ended before it was complete.") from error
