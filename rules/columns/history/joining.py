"""Events of all whose facts a rule reads, put together in the order of its lane."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rules.columns.buffers import Longs
from rules.columns.history.histories import History
from rules.columns.history.questions import Question
from rules.columns.history.records import (
    ABSENT,
    LATE,
    NUMBER,
    OTHER,
    SOURCE_BITS,
    STILL,
    Column,
    Records,
    merge,
)
from rules.columns.history.runs import Runs, runs_of
from rules.columns.history.sources import Source, Sources
from rules.columns.history.together import Together, together_of
from rules.columns.history.windows import LeftToEngine

Logs = Sequence[tuple[str, History]]
"""Histories of lanes by the series of their events; places go through all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What moved a fact of a named key; its ``runs`` are rows of its own ``records``.

    ``places`` are those of the runs in the lane, as numbers that rise.
    """

    source: Source
    root: str
    name: str
    records: Records
    runs: Runs
    places: Longs

    def newest(self, place: int | None) -> int | None:
        """Name the row that stood before a place, or at the end; none if none did."""
        found = len(self.places)
        if place is not None:
            found = int(np.searchsorted(self.places, place))
        return int(self.runs.row[found - 1]) if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Joined:
    """What runs a rule, by the keys of its instances, and what stands beside those."""

    sources: Sources
    history: History
    beside: Sequence[Beside]

    def together(self, question: Question, history: History) -> Together:
        """Put the runs of a part of the history together, with what stood beside."""
        if not self.beside:
            return history.together_for(question, None)
        own = {
            name: history.runs(name, None, looks_back=True)
            for name in sorted(self.sources.asked_of_own)
        }
        together = together_of(history.records, own, are_all_keys=True)
        at = history.records.places[together.runs.row]
        fields, last = dict(together.fields), dict(together.last)
        columns = dict(together.columns)
        for one in self.beside:
            fields[one.name] = one.runs
            last[one.name] = np.searchsorted(one.places, at, side="right") - 1
            columns[one.name] = one.records.columns[one.root]
        return replace(
            together,
            columns=columns,
            fields=fields,
            last=last,
            beside=frozenset(one.name for one in self.beside),
        )


def join(sources: Sources, question: Question, logs: Logs, key: str | None) -> Joined:
    """Put together what a rule is run by, under its only key or under any.

    Raises:
        LeftToEngine: a field has no column, or what a named key carried is not known.
    """
    for series, history in logs:
        if any(one not in history.records.columns for one in sources.carried[series]):
            raise LeftToEngine("A field has no column.")
    beside = [
        _beside(sources, source, root, logs)
        for source in sources.beside
        for root in sources.asked[source]
    ]
    if not all(_is_known(one, question) for one in beside):
        raise LeftToEngine("What a named key carried has no column.")
    if sources.is_single and key is None and len(logs) == 1:
        return Joined(sources=sources, history=logs[0][1], beside=())
    parts = [
        _part(sources, number, history.records, key)
        for number, source in enumerate(sources.own)
        for series, history in logs
        if series == source.series
    ]
    records = parts[0] if len(parts) == 1 else merge(parts, by_place=True)
    return Joined(sources=sources, history=History(records), beside=beside)


def numbered(history: History, seqs: Sequence[int], numbers: Sequence[int]) -> History:
    """Give a lane's history with its batches, by rising ``seqs``, numbered otherwise.

    What it has of later ones is left out.
    """
    records, known = history.records, np.asarray(seqs, dtype=np.int64)
    found = np.searchsorted(known, records.seq)
    inside = found < len(known)
    if not inside.all():
        records, found = records.only(inside), found[inside]
    placed = np.asarray(numbers, dtype=np.int64)[found]
    return History(replace(records, seq=placed))


def _part(sources: Sources, number: int, records: Records, key: str | None) -> Records:
    """Give the events of a source as those of the keys that they run."""
    source = sources.own[number]
    if source.key is not None:
        records = _under(records, source.key)
    columns = {
        name: records.columns[root] if of == number else _blank(len(records))
        for name, (of, root) in sources.names.items()
    }
    return replace(
        records,
        keys=[key for _ in records.keys] if key is not None else records.keys,
        flags=records.flags | np.int8(number << SOURCE_BITS),
        columns=columns,
    )


def _beside(sources: Sources, source: Source, root: str, logs: Logs) -> Beside:
    """Find what moved a fact of a named key, whatever else it did."""
    own = [history.records for series, history in logs if series == source.series]
    records = merge([_under(one, source.key or "") for one in own], by_place=True)
    moves = records.only((records.flags & (LATE | STILL)) == 0)
    moves = replace(moves, flags=np.zeros_like(moves.flags))
    runs = runs_of(moves, root, looks_back=True)
    return Beside(
        source=source,
        root=root,
        name=sources.column(source, root),
        records=moves,
        runs=runs,
        places=moves.places[runs.row],
    )


def _is_known(beside: Beside, question: Question) -> bool:
    """Tell whether columns know all that a fact was, for what is asked of it."""
    column = beside.records.columns[beside.root]
    if beside.name in question.equated and (column.state == OTHER).any():
        return False
    if beside.name not in question.worded:
        return True
    unkept = column.words.unkept(len(beside.records))
    return not ((column.state >= NUMBER) & unkept).any()


def _under(records: Records, key: str) -> Records:
    """Leave a key alone."""
    number, kept = records.number_of(key), np.zeros(len(records), dtype=np.bool_)
    if number is not None:
        kept[records.starts[number] : records.starts[number + 1]] = True
    return records.only(kept)


def _blank(count: int) -> Column:
    return Column(np.full(count, np.nan), np.full(count, ABSENT, dtype=np.int8))
