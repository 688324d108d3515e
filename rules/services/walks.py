"""The way through the logs of some lanes, batch by batch, of drafts that are tried."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from datasets.models import Lane
from datasets.services import (
    SettledBatch,
    Stretch,
    count_records,
    lateness_in_effect,
    newest_stretch,
    read_log,
)
from rules.services.benches import Bench
from rules.services.gathering import count_waiting
from rules.services.merged_logs import read_by_receipt, read_merged

#: Records are found so much faster than judged, where few are of the rule's keys.
_FOUND_PER_JUDGED: Final = 10
_WHOLE: Final = Stretch(start=1, ord=0, is_cut=False)


class Walk:
    """The way of some benches through the logs of lanes, home first.

    The logs of several lanes are read as one: what home was told of stands where it was
    told of it, all else by the time of its receipt; so is everything where several
    lanes judge (`is_spread`). What comes about is then placed by the batches of all of
    them, the first of which is 1.

    `total` events lie on it, of which `read` are behind. `where` names the batch that
    is judged by its lane and its position there; once all are behind it is the home's
    dataset, at no position.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        stretches: Mapping[int, Stretch],
        *,
        keys: Collection[str] | None,
        is_spread: bool,
        skips: bool = False,
    ) -> None:
        self._lanes = lanes
        self._stretches = stretches
        self._keys = keys
        self._is_spread = is_spread
        self._skips = skips
        self._batches_read = 0
        self.where = (0, 0)
        self.read = 0
        self.total = sum(
            count_waiting(lane, after=stretches[lane.pk].start - 1) for lane in lanes
        )

    @property
    def is_cut(self) -> bool:
        """Say whether older events are stored than are on the way."""
        return any(one.is_cut for one in self._stretches.values())

    def judge(self, benches: Sequence[Bench]) -> Iterator[None]:
        """Let benches judge, and pause after every batch.

        A bench judges the events of its own lanes, and of one lane alone they keep the
        positions that they have there.
        """
        for lane in self._lanes:
            seconds = lateness_in_effect(lane, seq=self._stretches[lane.pk].start)
            for bench in benches:
                bench.set_lateness(lane, seconds)
        for lane, one in self._batches():
            self._batches_read += 1
            self.where = lane.pk, one.seq
            for bench in benches:
                if lane not in bench.lanes:
                    continue
                bench.judge(
                    lane,
                    one,
                    start=self._stretches[lane.pk],
                    place=None if len(bench.lanes) == 1 else self._batches_read,
                )
            self.read += one.batch.size
            yield

    def wake(self, benches: Sequence[Bench], now: datetime) -> None:
        """Let time go on to `now`, once all is behind."""
        self.where = self._lanes[0].dataset_id, 0
        for bench in benches:
            home, *foreign = bench.lanes
            last = self._batches_read + 1 if foreign else home.next_seq
            bench.wake(now, place=last)

    def _batches(self) -> Iterator[tuple[Lane, SettledBatch]]:
        home, *foreign = self._lanes
        starts = {pk: one.start for pk, one in self._stretches.items()}
        if not foreign:
            log = read_log(
                lane=home,
                start=starts[home.pk],
                keys=self._keys,
                is_whole=False,
                skips=self._skips,
            )
            for some in log:
                for one in some:
                    yield home, one
        elif self._is_spread:
            yield from read_by_receipt(
                lanes=self._lanes, starts=starts, keys=self._keys
            )
        else:
            yield from read_merged(
                home=home, foreign=foreign, starts=starts, keys=self._keys
            )


def whole_logs(lanes: Sequence[Lane]) -> dict[int, Stretch]:
    """Choose all that is stored of some logs."""
    return {lane.pk: _WHOLE for lane in lanes}


def newest_of_logs(
    lanes: Sequence[Lane], keys: Collection[str] | None, most_events: int
) -> dict[int, Stretch]:
    """Choose as much of some logs, which share the number, as can be judged."""
    share = most_events // len(lanes)
    return {lane.pk: _stretch_for(lane, keys, share) for lane in lanes}


def _stretch_for(lane: Lane, keys: Collection[str] | None, most_events: int) -> Stretch:
    """Choose as much of a log as can be judged; more where few events are of `keys`."""
    if keys is not None:
        most = most_events * _FOUND_PER_JUDGED
        stretch = newest_stretch(lane=lane, most_events=most)
        if count_records(lane=lane, start=stretch.start, keys=keys) <= most_events:
            return stretch
    return newest_stretch(lane=lane, most_events=most_events)
