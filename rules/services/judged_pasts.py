"""The past of a rule, judged by the engine: some batches at a time, event by event."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from datasets.models import Lane
from datasets.services import Period, count_records
from rules.engine import Specification
from rules.services.awaiting import Look
from rules.services.backtests import Backtest, Hit
from rules.services.benches import Bench, Tally
from rules.services.columnar import Survey
from rules.services.homes import is_spread
from rules.services.pasts import JudgedPast
from rules.services.walks import Walk, newest_of_logs, whole_logs

#: Keys of which the events are looked for by name.
_KEYS_NAMED: Final = 500
#: Events between two looks at how far it is.
_AT_ONCE: Final = 2_000


class PastJudging:
    """A draft on its way through the logs of the lanes that it reads, home first.

    `waiting` are the columns' words of what a rule waits for that then has to last:
    under keys where that never was true nothing comes about, so they are left out.
    `only` names keys to which it is confined, over all that is stored; then `alerts`
    keeps each that begins, of which there may be as many as events otherwise.
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
        self.alerts: list[Hit] = []
        self._tally = Tally(spec, lanes[0], period)
        if only is not None:
            self._tally.on_alert = self.alerts.append
        self._bench = Bench(spec, lanes, [self._tally])
        self._period = period
        self._waiting = waiting if _is_short(lanes[0], waiting, most_events) else None
        if self._waiting is not None:
            only = self._waiting.keys_passed()
        keys = self._bench.keys if only is None else only
        self._walk = Walk(
            lanes,
            newest_of_logs(lanes, keys, most_events)
            if only is None
            else whole_logs(lanes),
            keys=keys,
            is_spread=is_spread(spec, lanes[0]),
            skips=only is not None,
        )

    @property
    def read(self) -> int:
        """Count the events that are behind."""
        return self._walk.read

    @property
    def total(self) -> int:
        """Count the events that lie on the way."""
        return self._walk.total

    @property
    def is_cut(self) -> bool:
        """Say whether older events are stored than are on the way."""
        return self._walk.is_cut

    @property
    def woken(self) -> Sequence[Look]:
        """Name the timers that were found after the last event."""
        return self._bench.woken

    def steps(self) -> Iterator[None]:
        """Go on, and pause now and then."""
        yield from pausing(self._walk, [self._bench])

    def so_far(self) -> Backtest:
        """Tell what came about up to here."""
        found = self._tally.result(is_cut=self.is_cut)
        if self._waiting is None:
            return found
        events, earliest, latest = self._waiting.span(self._period)
        return replace(found, events=events, earliest=earliest, latest=latest)

    def end(self, now: datetime) -> JudgedPast:
        """Let time go on to `now`, once all is behind, and tell what came about."""
        self._walk.wake([self._bench], now)
        return JudgedPast(backtest=self.so_far(), alerts=self.alerts)


def pausing(walk: Walk, benches: Sequence[Bench]) -> Iterator[None]:
    """Judge all that lies on a way, and pause now and then."""
    paused_at = 0
    for _ in walk.judge(benches):
        if walk.read - paused_at >= _AT_ONCE:
            paused_at = walk.read
            yield


def _is_short(lane: Lane, waiting: Survey | None, most_events: int) -> bool:
    """Tell whether few enough events are of keys for which there was any waiting."""
    if waiting is None:
        return False
    keys = waiting.keys_passed()
    if len(keys) > _KEYS_NAMED:
        return False
    return count_records(lane=lane, start=1, keys=keys) <= most_events
