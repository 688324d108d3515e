"""What a draft would have done over the history that its dataset keeps."""

from __future__ import annotations

import heapq
import logging
from collections import Counter, deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from django.conf import settings

from datasets.models import Batch, Lane, Origin
from datasets.services import (
    Period,
    SettledBatch,
    Stretch,
    changed_lateness,
    count_records,
    lateness_in_effect,
    newest_stretch,
    read_log,
    read_period,
    read_zone,
)
from rules.engine import (
    Event,
    Instance,
    KeyFacts,
    Position,
    Program,
    Slice,
    Specification,
    StepResult,
    Subject,
    Tick,
    Transition,
    TransitionKind,
    step,
)
from rules.services.arming import note_armed, wake_of
from rules.services.backtests import HITS_SHOWN, KEYS_SHOWN, Backtest, Hit
from rules.services.charting import curve_of
from rules.services.columnar import ColumnsDisagree, survey_rule
from rules.services.definitions import read_definition, refuse_several
from rules.services.facts import series_of, traits_of
from rules.services.judging import as_event
from rules.services.lane_state import InstanceKey
from rules.services.pasts import JudgedPast, SurveyedPast, moment_of
from rules.services.previewing import with_outputs
from workspaces.access import Access

logger = logging.getLogger(__name__)

#: Records are found so much faster than judged, where few are of the rule's keys.
_FOUND_PER_JUDGED: Final = 10
#: The draft's number in a program of its own, and its version's.
_DRAFT: Final = 1
_BEGINNINGS = frozenset((TransitionKind.RAISED, TransitionKind.OPENED))


def backtest_rule(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    since: str = "",
    until: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
    with_curve: bool = False,
) -> Backtest:
    """Say what a draft would have done, had it been on all the time; store nothing.

    `since` and `until` are times or days as people write them, blank where open; they
    choose what is counted. `addresses` are outputs that saving would make, each with
    the least time between tellings. `with_curve` asks what other levels would do.

    1. Columns answer for a rule of one plain condition (`rules.columns.history`), over
       all that is stored. What follows is for the others.
    2. The newest `BELLWETHER_BACKTEST_EVENTS` of the lane's log are read in its order,
       replaced records included, ignored duplicates not. Of a rule that names its keys
       only those of these count, as far as ten times as many of all keys reach back.
       So an answer takes about 3 s of one core at most.
    3. A program that holds the draft alone judges them, by `step` as live. It begins
       without facts and states, so what comes before `since` is judged as well.
    4. Timers are fired by the data; after the last event those that the sweep would
       have found by `now` fire too. Where the sweep had come before an event of the
       key live, the step differs in its position, not in its time.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
        PeriodInvalid: naming since or until.
    """
    spec, lane = read_definition(access=access, definition=definition)
    refuse_several(spec)
    for address, pace in addresses.items():
        spec = with_outputs(spec, [address], pace)
    period = read_period(
        zone=read_zone(lane.dataset.zone),
        since=since,
        until=until,
        since_name="since",
        until_name="until",
    )
    past = look_at_past(spec, lane, period, now)
    if not with_curve or not isinstance(past, SurveyedPast):
        return past.backtest
    return replace(past.backtest, curve=curve_of(past.survey, period, past.backtest))


def look_at_past(
    spec: Specification, lane: Lane, period: Period, now: datetime
) -> SurveyedPast | JudgedPast:
    """Say what a checked rule would have done in a period, by columns if they can."""
    survey = survey_rule(spec=spec, lane=lane, now=now)
    if survey is not None:
        try:
            return SurveyedPast(survey, period)
        except ColumnsDisagree:
            # The engine's word counts; the columns' is a fault to be found.
            logger.exception("columns and engine disagree", extra={"lane": lane.pk})
    return _judge(spec, lane, period, now)


def _judge(
    spec: Specification, lane: Lane, period: Period, now: datetime
) -> JudgedPast:
    """Judge the newest events one by one."""
    bench = _Bench(spec, lane, _Tally(spec, lane, period))
    stretch = _stretch_for(lane, bench.keys)
    bench.set_lateness(lateness_in_effect(lane, seq=stretch.start))
    for settled in read_log(
        lane=lane, start=stretch.start, keys=bench.keys, is_whole=False
    ):
        for one in settled:
            bench.judge(one, start=stretch)
    bench.wake(now)
    return JudgedPast(
        backtest=bench.tally.result(is_cut=stretch.is_cut),
        starts=(stretch.start, stretch.ord),
        alerts={moment_of(hit, lane): hit for hit in bench.tally.alerts},
    )


def _stretch_for(lane: Lane, keys: Collection[str] | None) -> Stretch:
    """Choose as much of a log as can be judged; more where few events are of `keys`."""
    # So many as are the default, of 25 fields, took 2.0 to 2.4 s whatever the rule.
    most_events = settings.BELLWETHER_BACKTEST_EVENTS
    if keys is not None:
        most = most_events * _FOUND_PER_JUDGED
        stretch = newest_stretch(lane=lane, most_events=most)
        if count_records(lane=lane, start=stretch.start, keys=keys) <= most_events:
            return stretch
    return newest_stretch(lane=lane, most_events=most_events)


class _Bench:
    """A lane in memory that judges by one draft."""

    def __init__(self, spec: Specification, lane: Lane, tally: _Tally) -> None:
        self.lane = lane
        self.tally = tally
        self.series = series_of(self.lane.dataset)
        self.program = Program()
        self.set_lateness(lane.dataset.lateness_seconds)
        self.program.put(_DRAFT, _DRAFT, spec)
        self.keys = self._keys_read()
        self._fields = {path.root for path in self.program.rule(_DRAFT).reads}
        self._facts: dict[Subject, KeyFacts] = {}
        self._instances: dict[InstanceKey, Instance] = {}
        self._armed: dict[Subject, set[InstanceKey]] = {}
        self._wakes: dict[InstanceKey, datetime | None] = {}
        self._next_seq = self.lane.next_seq

    def set_lateness(self, seconds: int) -> None:
        """Take events for late by this from the next one on."""
        traits = traits_of(self.lane.dataset, lateness_seconds=seconds)
        self.program.series.update(traits)

    def judge(self, one: SettledBatch, *, start: Stretch) -> None:
        """Judge the events of a batch, or let it change the lateness."""
        changed = None
        if one.batch.origin == Origin.SCHEMA:
            changed = changed_lateness(one.batch)
        if changed is not None:
            self.set_lateness(changed.after)
        for found in one.events:
            if found.dataset_id != self.lane.dataset_id:
                # Forwarded by the lane of another dataset: no rule tried here reads it.
                continue
            if one.seq == start.start and found.ord < start.ord:
                continue
            fields = {
                name: value
                for name, value in found.fields.items()
                if name in self._fields
            }
            event = as_event(self.series, one, found, fields=fields)
            self.tally.note_event(event)
            self._take(self._step(event), one.batch, at=event.at)

    def wake(self, now: datetime) -> None:
        """Fire the timers that the sweep would have found since the last event."""
        waiting = [(at, named) for named, at in self._wakes.items() if at is not None]
        heapq.heapify(waiting)
        while waiting and waiting[0][0] <= now:
            at, named = heapq.heappop(waiting)
            due_at = self._instances[named].wakes_at
            if due_at is None or self._wakes[named] != at:
                continue
            position = Position(seq=self._next_seq, ord=0)
            tick = Tick(rule_id=_DRAFT, key=named[1], at=due_at, position=position)
            batch = Batch(lane=self.lane, origin=Origin.TIMER, received_at=at)
            self._take(self._step(tick), batch, at=due_at)
            self._next_seq += 1
            again = self._wakes[named]
            if again is not None and again > at:
                heapq.heappush(waiting, (again, named))

    def _keys_read(self) -> Collection[str] | None:
        """Return the keys whose events matter; None for all.

        Those of other keys move no fact that the draft reads, and fire none of its
        timers.
        """
        own_key = self.program.rule(_DRAFT).own_key
        if own_key is None:
            return None
        return {key for _, key in self.program.facts_of(_DRAFT, own_key)}

    def _step(self, happening: Event | Tick) -> StepResult:
        state = Slice(facts=self._facts, instances=self._instances, armed=self._armed)
        return step(self.program, state, happening)

    def _take(self, result: StepResult, batch: Batch, *, at: datetime) -> None:
        self._facts.update(result.facts)
        for named, instance in result.instances.items():
            known = self._instances.get(named)
            self._instances[named] = instance
            if known is None or known.wakes_at != instance.wakes_at:
                self._wakes[named] = wake_of(instance, batch, at=at)
                note_armed(self._armed, self.program, instance)
        self.tally.note_result(result, at=at)


@dataclass(slots=True)
class _Tally:
    """What is counted of a back-test, within the period that was asked about."""

    spec: Specification
    lane: Lane
    period: Period
    hits: deque[Hit] = field(default_factory=lambda: deque(maxlen=HITS_SHOWN))
    alerts: list[Hit] = field(default_factory=list)
    told: int = 0
    told_by_output: Counter[str] = field(default_factory=Counter)
    passes: int = 0
    per_day: Counter[date] = field(default_factory=Counter)
    per_key: Counter[str] = field(default_factory=Counter)
    events: int = 0
    earliest: datetime | None = None
    latest: datetime | None = None
    errors: int = 0
    error: str = ""

    def note_event(self, event: Event) -> None:
        """Count an event, and stretch the span to its time."""
        if not self._is_asked(event.at):
            return
        self.events += 1
        if self.earliest is None or event.at < self.earliest:
            self.earliest = event.at
        if self.latest is None or event.at > self.latest:
            self.latest = event.at

    def note_result(self, result: StepResult, *, at: datetime) -> None:
        """Count what one happening brought."""
        for transition in result.transitions:
            if self._is_asked(transition.at):
                self._note_transition(transition)
        if not self._is_asked(at):
            return
        for counts in result.counts.values():
            self.passes += counts.passed
        for error in result.errors.values():
            self.errors, self.error = self.errors + 1, error

    def result(self, *, is_cut: bool) -> Backtest:
        """Give all that was counted."""
        return Backtest(
            hits=tuple(self.hits),
            alerts=self.per_day.total(),
            told=self.told,
            told_by_output={
                use.output: self.told_by_output[use.output] for use in self.spec.outputs
            },
            passes=self.passes,
            per_day=dict(sorted(self.per_day.items())),
            per_key=self.per_key.most_common(KEYS_SHOWN),
            keys=len(self.per_key),
            events=self.events,
            earliest=self.earliest,
            latest=self.latest,
            is_cut=is_cut,
            errors=self.errors,
            error=self.error,
        )

    def _is_asked(self, at: datetime) -> bool:
        earliest, latest = self.period.earliest, self.period.latest
        return (earliest is None or at >= earliest) and (latest is None or at <= latest)

    def _note_transition(self, transition: Transition) -> None:
        self.told += bool(transition.told)
        self.told_by_output.update(transition.told)
        if transition.kind in _BEGINNINGS:
            zone = read_zone(self.lane.dataset.zone)
            self.per_day[transition.at.astimezone(zone).date()] += 1
            self.per_key[transition.key] += 1
        leading = self.spec.leading_fact.under(transition.key)
        hit = Hit(
            kind=transition.kind,
            key=transition.key,
            at=transition.at,
            position=transition.position,
            value=transition.values.get(leading),
            reason=transition.reason,
            told=transition.told,
        )
        self.hits.append(hit)
        if transition.kind in _BEGINNINGS:
            self.alerts.append(hit)
