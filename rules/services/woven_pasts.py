"""The past of a rule, judged by the engine where columns say that it may matter."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final, NamedTuple

from datasets.models import Lane
from datasets.services import Period
from rules.columns.history import (
    LeftToEngine,
    Moment,
    Outline,
    Seen,
    Weave,
    nearest_moment,
    outline_of,
    weave_of,
)
from rules.engine import (
    Position,
    Program,
    Series,
    Specification,
    StepResult,
    Value,
    judge_event,
    nearest_miss,
)
from rules.services.awaiting import Look, Undecided
from rules.services.backtests import HITS_SHOWN, Backtest, Closest, Hit
from rules.services.benches import BEGINNINGS, Tally
from rules.services.columnar import bounds_of
from rules.services.facts import traits_of
from rules.services.gathering import instant_of, microseconds_of
from rules.services.homes import is_spread
from rules.services.pasts import AFTER_ALL, JudgedPast
from rules.services.pasts import Moment as Beginning
from rules.services.witnesses import ColumnsDisagree
from rules.services.woven_logs import PastLog, read_past_log

_DRAFT: Final = 1
#: Events between two looks at how far it is.
_AT_ONCE: Final = 500


class Lag(NamedTuple):
    """How long after their times events were received of which one set a timer.

    There is no most where one of them was never, as it came with history.
    """

    least: int
    most: int | None

    def look(self, due: datetime, now: datetime) -> datetime:
        """Say when the sweep looks at a timer that is due at a time.

        Raises:
            Undecided: one event would have had it looked at by now, another not.
        """
        away = microseconds_of(due)
        latest = None if self.most is None else instant_of(away + self.most)
        earliest = instant_of(away + self.least)
        if (earliest <= now) is not (latest is not None and latest <= now):
            raise Undecided("Not all events that may have set a timer agree.")
        return latest or earliest


class WovenJudging:
    """A draft on its way through the columns of its lane.

    The engine sees the events that may change something, by their values in columns;
    what is told one by one it has judged once more by what was sent. `seen` counts
    the events that it saw, `turns` those of which that was known from the beginning.
    """

    def __init__(
        self,
        outline: Outline,
        weave: Weave,
        program: Program,
        lane: Lane,
        log: PastLog,
        period: Period,
        *,
        keeps_alerts: bool = False,
    ) -> None:
        self.seen = 0
        self.read = 0
        self.turns = weave.turns
        self.woken: list[Look] = []
        self.begun: list[tuple[Seen, Sequence[Beginning]]] = []
        self._outline = outline
        self._program = program
        self._weave = weave
        self._lane = lane
        self._log = log
        self._period = period
        self._keeps_alerts = keeps_alerts
        self._rule = program.rule(_DRAFT)
        self._fields = {path.root for path in self._rule.reads}
        self._tally = Tally(self._rule.specification, lane, period)
        self._passes = 0
        self._told: deque[Seen] = deque(maxlen=HITS_SHOWN)
        self._span = weave.span(self._keys(program), *bounds_of(period))

    @property
    def total(self) -> int:
        """Count the events that lie on the way."""
        return self._weave.events

    @property
    def last_seq(self) -> int:
        """Give the position of the newest event that there is."""
        return max(one.last_seq for one in self._weave.histories)

    @property
    def next_seq(self) -> int:
        """Give the first place after the last."""
        return self._log.next_seq

    def steps(self) -> Iterator[None]:
        """Go on, and pause now and then.

        Raises:
            ColumnsDisagree: the engine cannot judge the rule.
        """
        for seen in _judged(self._weave):
            self._take(seen)
            self.seen += 1
            if self.seen % _AT_ONCE == 0:
                position = seen.moment.ground.position(seen.moment.row)
                self.read = self._weave.count_until(position)
                yield
        self.read = self.total

    def so_far(self) -> Backtest:
        """Tell what came about up to here, by the values in columns."""
        return self._told_by({})

    def _told_by(self, sent: Mapping[Position, Mapping[str, Value]]) -> Backtest:
        found, span = self._tally.result(is_cut=False), self._span
        return replace(
            found,
            hits=self._hits(sent),
            passes=found.passes + self._passes,
            events=span.events,
            earliest=None if span.earliest is None else instant_of(span.earliest),
            latest=None if span.latest is None else instant_of(span.latest),
        )

    def end(self, now: datetime) -> JudgedPast:
        """Let time go on to `now`, once all is behind, and tell what came about.

        Raises:
            ColumnsDisagree: the engine does not find the same by what was sent.
            Undecided: it cannot be told what time has brought about since.
        """
        self._wake(now)
        places = {place for one in self._told for place in one.moment.places}
        found = self._told_by(self._log.sent_at(places, self._fields))
        # A rule that is done with its one alert has not run since.
        if not found.passes and not self._weave.is_done:
            found = replace(found, closest=self._closest())
        return JudgedPast(backtest=found, alerts=())

    def _closest(self) -> Closest | None:
        """Say how near the rule came to being true.

        Raises:
            ColumnsDisagree: the engine finds something else there.
        """
        bounds = bounds_of(self._period)
        near = nearest_moment(
            self._outline, self._log.histories, self._program, _DRAFT, bounds
        )
        if near is None:
            return None
        event, key = near.moment.event(), near.moment.instance.key
        verdict = judge_event(
            self._outline.spec,
            near.moment.facts(),
            event,
            key=key,
            series=self._program.series,
            node=near.node,
        )
        missed = nearest_miss(verdict, self._program.series)
        if missed is None or len(missed.misses) != 1:
            raise ColumnsDisagree(f"{verdict.reason}, at {event.position}.")
        return Closest(
            key=key,
            at=event.at,
            value=near.nearest.value,
            margin=near.nearest.margin,
        )

    def _keys(self, program: Program) -> set[str] | None:
        own_key = self._rule.own_key
        if own_key is None:
            return None
        return {key for _, key in program.facts_of(_DRAFT, own_key)}

    def _take(self, seen: Seen) -> None:
        at = instant_of(seen.moment.at)
        if seen.result is None:
            self._tally.note_telling(seen.moment.instance.key, seen.told, at=at)
        else:
            self._tally.note_result(seen.result, at=at)
        self._passes += seen.count_passed(*bounds_of(self._period))
        if any(self._tally.is_asked(one) for _, one, _ in seen.marks):
            self._told.append(seen)
        begun = list(self._beginnings(seen)) if self._keeps_alerts else []
        if begun:
            self.begun.append((seen, begun))

    def _beginnings(self, seen: Seen) -> Iterator[Beginning]:
        """Name the moments of the alerts that begin where the engine looked."""
        moment, place = seen.moment, Position(seq=AFTER_ALL, ord=0)
        if moment.tick is None:
            place = moment.ground.position(moment.row)
        for kind, at, _ in seen.marks:
            if kind in BEGINNINGS and self._tally.is_asked(at):
                key, since = moment.instance.key, microseconds_of(at)
                yield Beginning(seq=place.seq, ord=place.ord, at=since, key=key)

    def alerts_of(self, some: Sequence[Seen]) -> Sequence[Hit]:
        """Tell of the alerts that began where the engine looked, by what was sent.

        Raises:
            ColumnsDisagree: the engine does not find the same.
        """
        alerts: list[Hit] = []
        places = {place for one in some for place in one.moment.places}
        sent = self._log.sent_at(places, self._fields)
        again = Tally(self._rule.specification, self._lane, self._period)
        again.on_alert = alerts.append
        for seen in some:
            again.note_result(_judged_again(seen, sent), at=instant_of(seen.moment.at))
        return alerts

    def _wake(self, now: datetime) -> None:
        """Fire the timers that the sweep would have found since the last event.

        As those of `Bench.wake`, they take positions after the log.

        Raises:
            Undecided: it cannot be told whether one would have been found.
        """
        lags, threads = self._lags(), self._weave.threads
        waiting = []
        for number, lag in lags.items():
            due = threads[number].wakes_at
            if due is not None:
                key = threads[number].instance.key
                waiting.append((lag.look(due, now), key, number))
        heapq.heapify(waiting)
        place = self._log.next_seq
        while waiting and waiting[0][0] <= now and not self._weave.is_done:
            at, key, number = heapq.heappop(waiting)
            due = threads[number].wakes_at
            self._take(self._weave.wake(number, Position(seq=place, ord=0)))
            self.woken.append((at, key))
            place += 1
            again = threads[number].wakes_at
            if due is not None and again is not None and again > due:
                heapq.heappush(waiting, (lags[number].look(again, now), key, number))

    def _lags(self) -> dict[int, Lag]:
        """Say how long after its time the event was received that set a timer."""
        setting = [
            (number, one.set_by)
            for number, one in enumerate(self._weave.threads)
            if one.wakes_at is not None
        ]
        places = {position.seq for _, some in setting for position, _ in some}
        received = self._log.received_at(sorted(places))
        found = {}
        for number, some in setting:
            times = [
                received[position.seq] - at if position.seq in received else None
                for position, at in some
            ]
            known = [one for one in times if one is not None]
            if known:
                most = max(known) if len(known) == len(times) else None
                found[number] = Lag(least=min(known), most=most)
        return found

    def _hits(self, sent: Mapping[Position, Mapping[str, Value]]) -> tuple[Hit, ...]:
        """Tell of the newest transitions as the engine finds them by what was sent."""
        again = Tally(self._rule.specification, self._lane, self._period)
        for seen in self._told:
            result = _judged_again(seen, sent)
            again.note_result(result, at=instant_of(seen.moment.at))
        return tuple(again.hits)


def weave_past(
    spec: Specification,
    lanes: Sequence[Lane],
    period: Period,
    now: datetime,
    *,
    keeps_alerts: bool = False,
) -> WovenJudging | None:
    """Begin to judge a draft by columns; none if the engine must see all there is.

    If it `keeps_alerts`, all that begin are known by their moments.
    """
    traits: dict[str, Series] = {}
    for lane in lanes:
        traits |= traits_of(lane.dataset)
    outline = outline_of(spec, traits)
    if outline is None or is_spread(spec, lanes[0]):
        return None
    log = read_past_log(outline, lanes, now)
    if log is None:
        return None
    program = Program(traits)
    program.put(_DRAFT, _DRAFT, spec)
    weave = weave_of(outline, log.histories, program, _DRAFT)
    if weave is None:
        return None
    return WovenJudging(
        outline, weave, program, lanes[0], log, period, keeps_alerts=keeps_alerts
    )


def _judged(weave: Weave) -> Iterator[Seen]:
    try:
        yield from weave.see()
    except LeftToEngine as error:
        raise ColumnsDisagree(str(error)) from error


def _sent(
    moment: Moment, sent: Mapping[Position, Mapping[str, Value]]
) -> dict[Position, Mapping[str, Value]]:
    """Give what events carried; what was removed a moment ago as columns have it."""
    return {
        place: {**known, **sent.get(place, {})}
        for place, known in moment.carried().items()
    }


def _judged_again(
    seen: Seen, sent: Mapping[Position, Mapping[str, Value]]
) -> StepResult:
    moment = seen.moment
    try:
        result = moment.judge(_sent(moment, sent))
    except LeftToEngine as error:
        raise ColumnsDisagree(str(error)) from error
    if replace(seen, result=result).marks != seen.marks:
        raise ColumnsDisagree("By what was sent other things come about.")
    return result
