"""Files that wait for a person to say what they hold, and are imported then."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from datasets.formats import RowProblem
from datasets.models import Dataset, Job
from datasets.services.importing import queue_import
from datasets.services.making import DatasetDraft, create_dataset, find_dataset
from datasets.services.previewing import SAMPLE_BYTES, ImportPreview, preview_import
from datasets.services.uploads import (
    ImportInvalid,
    ReceivedFile,
    Upload,
    receive_file,
)
from datasets.store.spool import RejectedLine
from datasets.store.writing import writing
from workspaces.access import Access, Need
from workspaces.refusals import Clash, Missing

#: Names the file that says whose the upload beside it is.
_ABOUT = "about.json"


class DraftNotFound(Missing):
    """There is no such file of this person in the workspace."""

    code = "upload_not_found"


class AlreadyImported(Clash):
    """The file's import has begun; `job` shows how far it is."""

    code = "already_imported"

    def __init__(self, job: Job) -> None:
        super().__init__("The import of this file has begun already.")
        self.job = job


class FileUnreadable(ImportInvalid):
    """The file cannot be read to its end; `failure` shows the place.

    `before` is the first row that was wrong already, often the cause.
    """

    def __init__(self, failure: RowProblem, before: RejectedLine | None) -> None:
        super().__init__(failure.detail)
        self.failure = failure
        self.before = before


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportDraft:
    """A file as it was found to be; `dataset` None means that it will make one.

    With a dataset, the preview's problems are also the rows that do not fit it.
    """

    file: ReceivedFile
    preview: ImportPreview
    dataset: Dataset | None


def keep_upload(
    *, access: Access, upload: Upload, slug: str | None = None, now: datetime
) -> ReceivedFile:
    """Keep a file until its sender has looked at it, a day at most.

    `slug` names the dataset that it is for, None a new one.

    Raises:
        DatasetNotFound: if the workspace has no such dataset.
        TooLarge, ImportInvalid: as `receive_file` does.
        FileUnreadable: if it cannot be imported; nothing is kept then.
    """
    access.require(Need.WRITE)
    dataset = find_dataset(access=access, slug=slug) if slug else None
    file = receive_file(upload)
    preview = _look_at(file, dataset, now)
    if preview.failure is not None:
        file.files.remove()
        raise FileUnreadable(preview.failure, next(iter(preview.problems), None))
    about = {
        "workspace": access.workspace.pk,
        "user": access.user.pk if access.user else None,
        "dataset": dataset.slug if dataset else None,
        "size": file.size,
        "file_name": file.file_name,
        "content_type": file.content_type,
    }
    _about(file.id).write_text(json.dumps(about))
    return file


def open_draft(*, access: Access, draft_id: uuid.UUID, now: datetime) -> ImportDraft:
    """Look at a file that was kept.

    Raises:
        DraftNotFound: also for the files of other people and workspaces.
        AlreadyImported: with the job that it became.
        DatasetNotFound: if its dataset was deleted meanwhile.
    """
    access.require(Need.WRITE)
    job = _started(access, draft_id)
    if job is not None:
        raise AlreadyImported(job)
    file, slug = _find(access, draft_id)
    dataset = find_dataset(access=access, slug=slug) if slug else None
    return ImportDraft(file=file, preview=_look_at(file, dataset, now), dataset=dataset)


def import_draft(
    *,
    access: Access,
    draft: ImportDraft,
    making: DatasetDraft | None,
    is_live: bool,
    now: datetime,
) -> Job:
    """Queue the import of a file that was kept, into its dataset or into a new one.

    Doing it twice is harmless: the second time returns the first one's job.

    Raises:
        DatasetInvalid, DatasetTaken: as `create_dataset` does.
    """
    access.require(Need.WRITE)
    with writing():
        job = _started(access, draft.file.id)
        if job is not None:
            return job
        dataset = draft.dataset
        if dataset is None:
            if making is None:
                raise ImportInvalid("Say which dataset the records make.")
            dataset = create_dataset(access=access, draft=making, now=now)
        return queue_import(
            access=access, dataset=dataset, file=draft.file, is_live=is_live, now=now
        )


def _started(access: Access, draft_id: uuid.UUID) -> Job | None:
    jobs = Job.objects.filter(pk=draft_id, dataset__workspace=access.workspace)
    return jobs.select_related("dataset__workspace").first()


def _find(access: Access, draft_id: uuid.UUID) -> tuple[ReceivedFile, str | None]:
    try:
        about = json.loads(_about(draft_id).read_text())
    except FileNotFoundError:
        about = {}
    mine = (access.workspace.pk, access.user.pk if access.user else None)
    if not about or (about["workspace"], about["user"]) != mine:
        raise DraftNotFound(
            "This file is not here any more: it was imported, or a day has passed "
            "since it was sent. Send it again."
        )
    file = ReceivedFile(
        id=draft_id,
        size=about["size"],
        file_name=about["file_name"],
        content_type=about["content_type"],
    )
    return file, about["dataset"]


def _look_at(
    file: ReceivedFile, dataset: Dataset | None, now: datetime
) -> ImportPreview:
    with file.files.upload.open("rb") as upload:
        sample = upload.read(SAMPLE_BYTES)
    return preview_import(
        sample=sample,
        is_whole=file.size <= len(sample),
        file_name=file.file_name,
        content_type=file.content_type,
        dataset=dataset,
        now=now,
    )


def _about(draft_id: uuid.UUID) -> Path:
    return ReceivedFile(id=draft_id, size=0).files.directory / _ABOUT
