"""A body of many rows becomes an import: `POST /data` and `PUT /datasets`."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import IO

from django.conf import settings
from django.http import UnreadablePostError
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.models import Duplicates, Job
from datasets.services import (
    Answer,
    Upload,
    answer_once,
    find_dataset,
    read_key,
    start_import,
)
from workspaces.api.apperate import ApperateView
from workspaces.api.bodies import Readable
from workspaces.api.repeats import repeatable, replayed
from workspaces.refusals import TooLarge, Unreadable

_PIECE_BYTES = 65_536

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
        now (API.md B 16).
        """
        is_live = self.parameters.flag("event", default=False)
        overwrites = self.parameters.flag("overwrite", default=False)
        duplicates = self.parameters.choice(
            "duplicateKeyHandling",
            DUPLICATES,
            default=Duplicates.REPLACE if overwrites else None,
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
                now=now,
            )
            return Answer(status=200, body=_told(job))

        if "Idempotency-Key" not in self.request.headers:
            return replayed(start(_pieces(self.request)))
        # Whether it came before is known only when all of it has been seen.
        with tempfile.TemporaryFile() as kept:
            digest = _keep(self.request, kept)
            told = repeatable(self.request, access=self.access, body=digest)
            key = read_key(**told)
            return replayed(
                answer_once(key=key, act=lambda: start(_pieces(kept)), now=now)
            )


def _told(job: Job) -> dict[str, object]:
    dataset = job.dataset
    return {
        "success": True,
        "message": f"Data upload of {job.total_bytes}B for {dataset.slug} completed, "
        f"jobId: {job.pk} has been created",
        "jobId": str(job.pk),
        "jobUrl": f"/v1/jobs/{dataset.workspace.slug}/ingest/{job.pk}",
    }


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
