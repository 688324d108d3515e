"""Uploaded files: streamed to disk, kept until their import has ended."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from workspaces.refusals import Invalid, TooLarge


class FileTooLarge(TooLarge):
    """The file is larger than one upload may be."""

    code = "file_too_large"


class ImportInvalid(Invalid):
    """The file cannot be imported; the text says why."""

    code = "import_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A file as it arrives: its bytes in pieces, and what its sender calls it."""

    pieces: Iterable[bytes]
    file_name: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceivedFile:
    """A file that is on disk, and the id that its import has or will have."""

    id: uuid.UUID
    size: int
    file_name: str = ""
    content_type: str = ""

    @property
    def files(self) -> ImportFiles:
        """Where it is."""
        return ImportFiles.of(self.id)


@dataclass(frozen=True, slots=True)
class ImportFiles:
    """The files of one import, in a directory of their own."""

    directory: Path

    @classmethod
    def of(cls, job_id: uuid.UUID) -> ImportFiles:
        """Return where the files of an import are, or would be."""
        return cls(imports_directory() / job_id.hex)

    @property
    def upload(self) -> Path:
        """The file as it came."""
        return self.directory / "upload"

    @property
    def spool(self) -> Path:
        """What brings its events into order."""
        return self.directory / "spool"

    def store(self, pieces: Iterable[bytes]) -> int:
        """Write the upload to disk and return its size in bytes.

        Raises:
            TooLarge: if it exceeds the limit; nothing is left on disk then.
        """
        limit = settings.BELLWETHER_UPLOAD_BYTES
        self.directory.mkdir(parents=True)
        size = 0
        with self.upload.open("wb") as file:
            for piece in pieces:
                size += len(piece)
                if size > limit:
                    break
                file.write(piece)
        if size > limit:
            self.remove()
            raise _too_large(limit)
        return size

    def remove(self) -> None:
        """Delete the files; those that are gone already are no error."""
        shutil.rmtree(self.directory, ignore_errors=True)


def receive_file(upload: Upload) -> ReceivedFile:
    """Write an upload to disk, under an id of its own.

    Raises:
        TooLarge: if the file exceeds the limit for uploads.
        ImportInvalid: if the file is empty.
    """
    received_id = uuid.uuid4()
    files = ImportFiles.of(received_id)
    size = files.store(upload.pieces)
    if not size:
        files.remove()
        raise ImportInvalid("The file is empty; choose one that holds records.")
    return ReceivedFile(
        id=received_id,
        size=size,
        file_name=upload.file_name[:200],
        content_type=upload.content_type[:100],
    )


def imports_directory() -> Path:
    """Return the directory below which every import has its own."""
    return Path(settings.MEDIA_ROOT) / "imports"


def _too_large(limit: int) -> FileTooLarge:
    return FileTooLarge(
        f"The file is larger than {limit / 1_000_000:,.0f} MB; split it, or send its "
        "records in several requests."
    )
