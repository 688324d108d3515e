"""Segments: stretches of a lane's history on disk, to be mapped into memory.

A segment is a folder of raw little-endian columns. It is written under another name
and renamed once its manifest, the last file, is there: a folder with a segment's name
is whole. Segments are a cache of what the database knows, and can always be made anew.
"""

import json
import os
import secrets
import shutil
import zlib
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from rules.columns.history.records import Column, Exacts, Records
from rules.columns.history.words import Words

_FORMAT = 2
_MANIFEST = "manifest.json"
_UNFINISHED = "unfinished-"
_FRAME = {"at": "<i8", "seq": "<i8", "ord": "<i4", "flags": "<i1"}
_COLUMN = {"value": "<f8", "state": "<i1"}


class SegmentDamaged(Exception):
    """A segment is not what its manifest says; it is to be made anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A stretch of a lane on disk: the positions from ``first`` to ``last``.

    The lane stood at ``seen`` when its log was read for it. ``earliest`` is the
    smallest event time (microseconds), ``fields`` the columns in the order of their
    files. ``files`` has the size and the checksum of each.
    """

    path: Path
    first: int
    last: int
    seen: int
    rows: int
    earliest: int
    fields: tuple[str, ...]
    files: dict[str, list[int]]
    format: int = _FORMAT

    @classmethod
    def open(cls, path: Path) -> Self:
        """Read a segment's manifest, and see that its files have their sizes.

        Raises:
            SegmentDamaged: a file is missing or has another size.
        """
        try:
            written = json.loads((path / _MANIFEST).read_bytes())
            found = cls(path=path, **{**written, "fields": tuple(written["fields"])})
            for name, (size, _) in found.files.items():
                if (path / name).stat().st_size != size:
                    raise SegmentDamaged(f"{path / name} has another size.")
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise SegmentDamaged(f"{path}: {error}") from error
        if found.format != _FORMAT:
            raise SegmentDamaged(f"{path} is of another format.")
        return found

    def check(self) -> None:
        """Read every file and compare its checksum.

        Raises:
            SegmentDamaged: one is not what was written.
        """
        for name, (_, checksum) in self.files.items():
            try:
                found = zlib.crc32((self.path / name).read_bytes())
            except OSError as error:
                raise SegmentDamaged(f"{self.path}: {error}") from error
            if found != checksum:
                raise SegmentDamaged(f"{self.path / name} was altered.")

    def read(self, fields: Collection[str] | None = None) -> Records:
        """Map the columns of some fields, of all if none are named.

        Raises:
            SegmentDamaged: a file has gone meanwhile.
        """
        names = self.fields if fields is None else fields
        try:
            return Records(
                keys=json.loads((self.path / "keys.json").read_bytes()),
                starts=self._map("starts", "<i8"),
                columns={name: self._column(name) for name in names},
                **{name: self._map(name, kind) for name, kind in _FRAME.items()},
            )
        except (OSError, ValueError) as error:
            raise SegmentDamaged(f"{self.path}: {error}") from error

    def _column(self, name: str) -> Column:
        number = self.fields.index(name)
        value, state = (
            self._map(f"{number}.{part}", kind) for part, kind in _COLUMN.items()
        )
        exacts = Exacts(
            self._map(f"{number}.rows", "<i8"),
            self._map(f"{number}.ends", "<i8"),
            (self.path / f"{number}.texts").read_bytes(),
        )
        words = Words(
            json.loads((self.path / f"{number}.words.json").read_bytes()),
            self._map(f"{number}.codes", "<i4"),
        )
        return Column(value, state, exacts, words)

    def _map(self, name: str, kind: str) -> Any:  # Any: an array of that kind
        if not self.files[name][0]:
            return np.zeros(0, dtype=kind)
        return np.memmap(self.path / name, dtype=kind, mode="r")


def write_segment(
    directory: Path, records: Records, *, first: int, last: int, seen: int
) -> Segment:
    """Write a stretch of a lane; whoever looks finds all of it or nothing."""
    mark = secrets.token_hex(4)
    unfinished = directory / f"{_UNFINISHED}{mark}"
    unfinished.mkdir(parents=True)
    segment = Segment(
        path=directory / f"{first:012}-{last:012}-{mark}",
        first=first,
        last=last,
        seen=seen,
        rows=len(records),
        earliest=int(records.at.min()) if len(records) else 0,
        fields=tuple(records.columns),
        files=_write_files(unfinished, records),
    )
    manifest = {name: one for name, one in asdict(segment).items() if name != "path"}
    _write(unfinished / _MANIFEST, json.dumps(manifest).encode())
    unfinished.rename(segment.path)
    return segment


def find_segments(directory: Path) -> tuple[list[Segment], list[Path]]:
    """Find the segments that follow one upon the other, and what can be removed.

    Where several begin at one position the longest counts, and of two that cover the
    same the newer one: they are what others were merged into, or cut down to.
    """
    whole, useless = [], []
    for path in directory.iterdir() if directory.is_dir() else ():
        if path.is_dir() and not path.name.startswith(_UNFINISHED):
            try:
                whole.append(Segment.open(path))
                continue
            except SegmentDamaged:
                pass
        useless.append(path)
    whole.sort(key=lambda one: (one.first, -one.last, -_age(one)))
    chain: list[Segment] = []
    for one in whole:
        if one.first == (chain[-1].last + 1 if chain else 1):
            chain.append(one)
        else:
            useless.append(one.path)
    return chain, useless


def remove(paths: Sequence[Path]) -> None:
    """Remove folders; who has mapped one keeps what is mapped."""
    for path in paths:
        shutil.rmtree(path, ignore_errors=True)


def _age(segment: Segment) -> float:
    try:
        return segment.path.stat().st_mtime
    except OSError:
        return 0.0


def _write_files(folder: Path, records: Records) -> dict[str, list[int]]:
    parts: dict[str, bytes] = {
        "keys.json": json.dumps(list(records.keys)).encode(),
        "starts": records.starts.astype("<i8").tobytes(),
    }
    for name, kind in _FRAME.items():
        parts[name] = getattr(records, name).astype(kind).tobytes()
    for number, column in enumerate(records.columns.values()):
        for part, kind in _COLUMN.items():
            parts[f"{number}.{part}"] = getattr(column, part).astype(kind).tobytes()
        parts[f"{number}.rows"] = column.exacts.rows.astype("<i8").tobytes()
        parts[f"{number}.ends"] = column.exacts.ends.astype("<i8").tobytes()
        parts[f"{number}.texts"] = column.exacts.blob
        parts[f"{number}.words.json"] = json.dumps(list(column.words.known)).encode()
        parts[f"{number}.codes"] = column.words.codes.astype("<i4").tobytes()
    for name, content in parts.items():
        _write(folder / name, content)
    return {name: [len(one), zlib.crc32(one)] for name, one in parts.items()}


def _write(path: Path, content: bytes) -> None:
    """Write a file and have it on the disk, so that a rename never comes before it."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
