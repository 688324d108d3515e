"""Who reads of a lane, although another lane judges their rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Any

from datasets.models import Lane
from datasets.services import LaneEvent, is_own_key
from rules.engine import FactPath, Series, Specification, subject_of
from rules.services.facts import series_of, traits_of

Read = tuple[str | None, str | None]
"""A key and a field; no key means every one, no field any event of the key."""


def reads_in(
    specification: Specification, lane: Lane, *, home: Lane
) -> frozenset[Read]:
    """Name what a rule that is judged at `home` reads of another lane's own keys.

    Of any key of the dataset of `home` nothing: each of its lanes judges its own keys.

    Where time alone may change an instance, every event of the leading fact's key
    counts, whatever it carries: it fires timers and ends silence.
    """
    series, traits = series_of(lane.dataset), traits_of(lane.dataset)
    heard = set(specification.listens_to)
    if specification.keeps_time:
        heard.add(specification.leading_fact)
    reads = specification.facts + specification.include
    return frozenset(
        (_key_of(path, traits), name)
        for path in reads
        if path.series == series and _is_told(lane, home, _key_of(path, traits))
        for name in (path.root, *([None] if path in heard else ()))
    )


def _is_told(lane: Lane, home: Lane, key: str | None) -> bool:
    if key is None:
        return lane.dataset_id != home.dataset_id
    return is_own_key(lane, key)


def _key_of(path: FactPath, traits: Mapping[str, Series]) -> str | None:
    return None if path.any_key else subject_of(path, "", traits)[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A version of a rule that is judged in another lane, and what it reads here."""

    rule_id: int
    version_id: int
    change: int
    home: Lane
    reads: frozenset[Read]

    @property
    def home_id(self) -> int:
        """Name the lane that judges it."""
        return self.home.pk


class Readers:
    """Who reads of a lane, and what each home of theirs has to be told."""

    def __init__(self) -> None:
        self._readers: dict[int, dict[tuple[int, int], Reader]] = {}
        self._wanted: dict[int, Counter[Read]] = {}
        self._homes: dict[int, Lane] = {}

    def add(self, reader: Reader) -> frozenset[Read]:
        """Take in a reader; return what of its reads its home is not told yet."""
        named = (reader.version_id, reader.home_id)
        self._drop(reader.rule_id, named)
        self._homes[reader.home_id] = reader.home
        wanted = self._wanted.setdefault(reader.home_id, Counter())
        missing = frozenset(
            (key, name)
            for key, name in reader.reads
            if (key, name) not in wanted and (None, name) not in wanted
        )
        wanted.update(reader.reads)
        self._readers.setdefault(reader.rule_id, {})[named] = reader
        return missing

    def release(self, rule_id: int, *, change: int) -> None:
        """Forget what versions of a rule read that were in effect before a change."""
        for named, reader in list(self._readers.get(rule_id, {}).items()):
            if reader.change < change:
                self._drop(rule_id, named)

    def homes(self) -> Set[int]:
        """Name the lanes that are told anything."""
        return self._wanted.keys()

    def fields_for(
        self, home_id: int, event: LaneEvent
    ) -> Mapping[str, Any] | None:  # Any: JSON as decoded
        """Return what a home is told of an event; None if it need not know of it.

        One of several lanes that judge rules on any key is told of its own keys.
        """
        wanted, key = self._wanted[home_id], event.key
        any_key = None if is_own_key(self._homes[home_id], key) else key
        fields = {
            name: value
            for name, value in event.fields.items()
            if (any_key, name) in wanted or (key, name) in wanted
        }
        if fields or (any_key, None) in wanted or (key, None) in wanted:
            return fields
        return None

    def _drop(self, rule_id: int, named: tuple[int, int]) -> None:
        readers = self._readers.get(rule_id, {})
        reader = readers.pop(named, None)
        if reader is None:
            return
        if not readers:
            del self._readers[rule_id]
        wanted = self._wanted[reader.home_id]
        wanted.subtract(reader.reads)
        for read in reader.reads:
            if not wanted[read]:
                del wanted[read]
        if not wanted:
            del self._wanted[reader.home_id]
