"""Several lanes' logs as one, in the order in which one of them would have seen all."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from datasets.models import Batch, Lane, Origin
from datasets.services import SettledBatch, read_log


@dataclass(slots=True)
class _Log:
    """The log of a lane that is not home, read as far as its batches are due.

    `told` are the positions at which home was told of it, by batch; `due` is the last
    of them that home has reached.
    """

    lane: Lane
    batches: Iterator[SettledBatch]
    told: Mapping[int, int]
    due: int = 0
    head: SettledBatch | None = field(init=False)
    _positions: Collection[int] = field(init=False)

    def __post_init__(self) -> None:
        self.head = next(self.batches, None)
        self._positions = set(self.told.values())

    def reach(self, batches: Collection[int]) -> None:
        """Note that home has been told of some batches."""
        self.due = max([self.due, *(self.told.get(one, 0) for one in batches)])

    def until(self, received_at: datetime) -> Iterator[SettledBatch]:
        """Give what home saw by then: what it was told of, and else by receipt."""
        while self.head is not None and self._is_due(self.head, received_at):
            yield self.head
            self.head = next(self.batches, None)

    def _is_due(self, one: SettledBatch, received_at: datetime) -> bool:
        if one.seq <= self.due:
            return True
        is_told_later = one.seq in self._positions
        return not is_told_later and one.batch.received_at <= received_at


def read_merged(
    *,
    home: Lane,
    foreign: Sequence[Lane],
    starts: Mapping[int, int],
    keys: Collection[str] | None,
) -> Iterator[tuple[Lane, SettledBatch]]:
    """Give the batches of several logs, each from its start on and in its own order.

    1. What home was told of stands where it was told of it, and what came before it
       in its own log stands before that.
    2. What home was told nothing of is placed by the time of its receipt.
    """
    logs = {lane.pk: _read(lane, starts[lane.pk], keys) for lane in foreign}
    whole = read_log(lane=home, start=starts[home.pk], keys=keys)
    own = (one for settled in whole for one in settled)
    yield from _merge(home, own, foreign, logs, starts[home.pk])


def merge_batches(
    *, home: Lane, foreign: Sequence[Lane]
) -> Iterator[tuple[Lane, SettledBatch]]:
    """Give the batches of whole logs as `read_merged` does, but not their events."""
    logs = {lane.pk: _read(lane, 1, None, has_events=False) for lane in foreign}
    whole = read_log(lane=home, start=1, has_events=False)
    own = (one for settled in whole for one in settled)
    yield from _merge(home, own, foreign, logs, 1)


def _merge(
    home: Lane,
    own: Iterator[SettledBatch],
    foreign: Sequence[Lane],
    others: Mapping[int, Iterator[SettledBatch]],
    start: int,
) -> Iterator[tuple[Lane, SettledBatch]]:
    logs = {
        lane.pk: _Log(lane, others[lane.pk], _told_of(lane, home, start))
        for lane in foreign
    }
    for one in own:
        is_told = one.batch.origin == Origin.FORWARD
        if is_told and one.batch.options["lane"] in logs:
            logs[one.batch.options["lane"]].reach(one.batch.options.get("of", []))
        for log in logs.values():
            for other in log.until(one.batch.received_at):
                yield log.lane, other
        if not is_told:
            yield home, one
    yield from _rest(list(logs.values()))


def read_by_receipt(
    *,
    lanes: Sequence[Lane],
    starts: Mapping[int, int],
    keys: Collection[str] | None,
) -> Iterator[tuple[Lane, SettledBatch]]:
    """Give the batches of several logs, each in its own order, by their receipt.

    It is the order of lanes that share a rule, none of which sees what all of them do.
    """
    logs = [_with_lane(lane, starts[lane.pk], keys) for lane in lanes]
    yield from heapq.merge(*logs, key=_received)


def _with_lane(
    lane: Lane, start: int, keys: Collection[str] | None
) -> Iterator[tuple[Lane, SettledBatch]]:
    for one in _read(lane, start, keys):
        # What changed rules then changes nothing of the one that is tried.
        if one.batch.origin != Origin.RULE:
            yield lane, one


def _received(placed: tuple[Lane, SettledBatch]) -> tuple[datetime, int]:
    _, one = placed
    return one.batch.received_at, one.batch.pk


def _rest(logs: Sequence[_Log]) -> Iterator[tuple[Lane, SettledBatch]]:
    """Give what came after home's last batch, by receipt alone."""
    while waiting := [(log, log.head) for log in logs if log.head is not None]:
        log, head = min(waiting, key=lambda one: one[1].batch.received_at)
        yield log.lane, head
        log.head = next(log.batches, None)


def _read(
    lane: Lane,
    start: int,
    keys: Collection[str] | None,
    *,
    has_events: bool = True,
) -> Iterator[SettledBatch]:
    log = read_log(
        lane=lane, start=start, keys=keys, is_whole=False, has_events=has_events
    )
    for settled in log:
        yield from settled


def _told_of(lane: Lane, home: Lane, start: int) -> dict[int, int]:
    """Return the positions in a lane of the batches of which its home was told."""
    forwards = Batch.objects.filter(
        lane=home,
        origin=Origin.FORWARD,
        seq__gte=start,
        options__lane=lane.pk,
        options__has_key="of",
    )
    named = {
        pk
        for options in forwards.values_list("options", flat=True)
        for pk in options["of"]
    }
    if not named:
        return {}
    judged = Batch.objects.filter(lane=lane, pk__gte=min(named), seq__isnull=False)
    places = judged.values_list("pk", "seq")
    return {pk: seq for pk, seq in places if pk in named and seq is not None}
