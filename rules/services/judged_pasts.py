"""The past of a rule, judged by the engine: some batches at a time, event by event."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from datasets.models import Lane
from datasets.services import (
    Period,
    SettledBatch,
    Stretch,
    count_records,
    lateness_in_effect,
    newest_stretch,
    read_log,
)
from rules.engine import Specification
from rules.services.awaiting import Look
from rules.services.backtests import Backtest, Hit
from rules.services.benches import Bench, Tally
from rules.services.columnar import Survey
from rules.services.gathering import count_waiting, microseconds_of
from rules.services.homes import is_spread
from rules.services.merged_logs import read_by_receipt, read_merged
from rules.services.pasts import JudgedPast, Moment, moment_of

#: Records are found so much faster than judged, where few are of the rule's keys.
_FOUND_PER_JUDGED: Final = 10
#: Keys of which the events are looked for by name.
_KEYS_NAMED: Final = 500
_WHOLE: Final = Stretch(start=1, ord=0, is_cut=False)
#: Events between two looks at how far it is.
_AT_ONCE: Final = 2_000


class PastJudging:
    """A draft on its way through the logs that it reads.

    `total` events lie on it, of which `read` are behind. The logs of several lanes,
    home first, are read as one: what home was told of stands where it was told of it,
    all else by the time of its receipt; so is everything where several lanes judge.
    They share the number of events, and what comes about is placed by the batches of
    all of them, the first of which is 1.

    `waiting` are the columns' words of what a rule waits for that then has to last:
    under keys where that never was true nothing comes about, so they are left out.
    `only` names keys to which it is confined, over all that is stored.
    """

    def __init__(
        self,
        spec: Specification,
        lanes: Sequence[Lane],
        period: Period,
        *,
        most_events: int,
        waiting: Survey | None = None,
        only: Collection[str] | None = None,
    ) -> None:
        self._lanes = lanes
        self._is_spread = is_spread(spec, lanes[0])
        self._bench = Bench(spec, lanes[0], Tally(spec, lanes[0], period))
        self._period = period
        self._keys = self._bench.keys
        self._waiting = waiting if _is_short(lanes[0], waiting, most_events) else None
        self._is_confined = only is not None
        if self._waiting is not None:
            only = self._waiting.keys_passed()
        if only is not None:
            self._keys = only
            self._stretches = {lanes[0].pk: _WHOLE}
        else:
            share = most_events // len(lanes)
            self._stretches = {
                lane.pk: _stretch_for(lane, self._keys, share) for lane in lanes
            }
        self._places: list[tuple[int, int]] = []
        self.read = 0
        self.total = sum(
            count_waiting(lane, after=self._stretches[lane.pk].start - 1)
            for lane in lanes
        )

    @property
    def is_cut(self) -> bool:
        """Say whether older events are stored than are on the way."""
        return any(one.is_cut for one in self._stretches.values())

    @property
    def alerts(self) -> Sequence[Hit]:
        """Name what raised or opened an alert up to here, also at one moment."""
        return self._bench.tally.alerts

    @property
    def woken(self) -> Sequence[Look]:
        """Name the timers that were found after the last event."""
        return self._bench.woken

    def steps(self) -> Iterator[None]:
        """Go on, and pause now and then."""
        for lane in self._lanes:
            start = self._stretches[lane.pk].start
            self._bench.set_lateness(lane, lateness_in_effect(lane, seq=start))
        paused_at = 0
        for lane, one, place in self._batches():
            start_of = self._stretches[lane.pk]
            self._bench.judge(lane, one, start=start_of, place=place)
            self.read += one.batch.size
            if self.read - paused_at >= _AT_ONCE:
                paused_at = self.read
                yield

    def so_far(self) -> Backtest:
        """Tell what came about up to here."""
        found = self._bench.tally.result(is_cut=self.is_cut)
        if self._waiting is None:
            return found
        events, earliest, latest = self._waiting.span(self._period)
        return replace(found, events=events, earliest=earliest, latest=latest)

    def end(self, now: datetime) -> JudgedPast:
        """Let time go on to `now`, once all is behind, and tell what came about."""
        home = self._lanes[0]
        is_one = len(self._lanes) == 1
        self._bench.wake(now, place=home.next_seq if is_one else len(self._places) + 1)
        found = self.so_far()
        alerts = self._bench.tally.alerts
        if is_one:
            stretch = self._stretches[home.pk]
            return JudgedPast(
                backtest=found,
                starts=(stretch.start, stretch.ord),
                alerts={moment_of(hit, home): hit for hit in alerts},
            )
        return JudgedPast(
            backtest=found,
            starts=(_instant(found.earliest) if found.is_cut else 0, 0),
            alerts={self._moment_of(hit): hit for hit in alerts},
        )

    def _batches(self) -> Iterator[tuple[Lane, SettledBatch, int | None]]:
        home, *foreign = self._lanes
        if not foreign:
            start = self._stretches[home.pk].start
            log = read_log(
                lane=home,
                start=start,
                keys=self._keys,
                is_whole=False,
                skips=self._is_confined,
            )
            for some in log:
                for one in some:
                    yield home, one, None
            return
        starts = {pk: one.start for pk, one in self._stretches.items()}
        if self._is_spread:
            merged = read_by_receipt(lanes=self._lanes, starts=starts, keys=self._keys)
        else:
            merged = read_merged(
                home=home, foreign=foreign, starts=starts, keys=self._keys
            )
        for lane, one in merged:
            self._places.append((lane.pk, one.seq))
            yield lane, one, len(self._places)

    def _moment_of(self, hit: Hit) -> Moment:
        """Name an alert by its time, and by the lane and the position of its event."""
        place = hit.position.seq - 1
        where = ""
        if place < len(self._places):
            where = ":".join(map(str, self._places[place]))
        return _instant(hit.at), hit.position.ord, hit.key, where


def _instant(at: datetime | None) -> int:
    return 0 if at is None else microseconds_of(at)


def _is_short(lane: Lane, waiting: Survey | None, most_events: int) -> bool:
    """Tell whether few enough events are of keys for which there was any waiting."""
    if waiting is None:
        return False
    keys = waiting.keys_passed()
    if len(keys) > _KEYS_NAMED:
        return False
    return count_records(lane=lane, start=1, keys=keys) <= most_events


def _stretch_for(lane: Lane, keys: Collection[str] | None, most_events: int) -> Stretch:
    """Choose as much of a log as can be judged; more where few events are of `keys`."""
    if keys is not None:
        most = most_events * _FOUND_PER_JUDGED
        stretch = newest_stretch(lane=lane, most_events=most)
        if count_records(lane=lane, start=stretch.start, keys=keys) <= most_events:
            return stretch
    return newest_stretch(lane=lane, most_events=most_events)
