"""A lane in memory that judges by one draft, and what is counted of that."""

from __future__ import annotations

import heapq
from collections import Counter, deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final

from datasets.models import Batch, Lane, Origin
from datasets.services import (
    Period,
    SettledBatch,
    Stretch,
    changed_lateness,
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
from rules.services.facts import series_of, traits_of
from rules.services.judging import as_event
from rules.services.lane_state import InstanceKey

#: The draft's number in a program of its own, and its version's.
_DRAFT: Final = 1
BEGINNINGS = frozenset((TransitionKind.RAISED, TransitionKind.OPENED))


class Bench:
    """A lane in memory that judges by one draft what `lanes` hold, home first.

    Each of the `tallies` counts what comes about.
    """

    def __init__(
        self, spec: Specification, lanes: Sequence[Lane], tallies: Sequence[Tally]
    ) -> None:
        self.lanes = lanes
        self.tallies = tallies
        self.program = Program()
        self.set_lateness(lanes[0], lanes[0].dataset.lateness_seconds)
        self.program.put(_DRAFT, _DRAFT, spec)
        self.keys = self._keys_read()
        self._fields = {path.root for path in self.program.rule(_DRAFT).reads}
        self._facts: dict[Subject, KeyFacts] = {}
        self._instances: dict[InstanceKey, Instance] = {}
        self._armed: dict[Subject, set[InstanceKey]] = {}
        self._wakes: dict[InstanceKey, datetime | None] = {}
        self.woken: list[tuple[datetime, str]] = []

    def set_lateness(self, lane: Lane, seconds: int) -> None:
        """Take a lane's events for late by this from the next one on."""
        traits = traits_of(lane.dataset, lateness_seconds=seconds)
        self.program.series.update(traits)

    def judge(
        self, lane: Lane, one: SettledBatch, *, start: Stretch, place: int | None = None
    ) -> None:
        """Judge the events of a lane's batch, or let it change the lateness.

        Those of keys that the draft does not read are passed over. `place` is its
        position where that is not its own.
        """
        changed = None
        if one.batch.origin == Origin.SCHEMA:
            changed = changed_lateness(one.batch)
        if changed is not None:
            self.set_lateness(lane, changed.after)
        series = series_of(lane.dataset)
        for found in one.events:
            if one.seq == start.start and found.ord < start.ord:
                continue
            if self.keys is not None and found.key not in self.keys:
                continue
            fields = {
                name: value
                for name, value in found.fields.items()
                if name in self._fields
            }
            event = as_event(series, one, found, fields=fields)
            if place is not None:
                event = replace(event, position=Position(seq=place, ord=found.ord))
            for tally in self.tallies:
                tally.note_event(event)
            self._take(self._step(event), one.batch, at=event.at)

    def wake(self, now: datetime, *, place: int) -> None:
        """Fire the timers that the sweep would have found since the last event.

        They take positions from `place` on; `woken` says when it came, and to which
        key.
        """
        waiting = [(at, named) for named, at in self._wakes.items() if at is not None]
        heapq.heapify(waiting)
        while waiting and waiting[0][0] <= now:
            at, named = heapq.heappop(waiting)
            due_at = self._instances[named].wakes_at
            if due_at is None or self._wakes[named] != at:
                continue
            position = Position(seq=place, ord=0)
            tick = Tick(rule_id=_DRAFT, key=named[1], at=due_at, position=position)
            batch = Batch(lane=self.lanes[0], origin=Origin.TIMER, received_at=at)
            self._take(self._step(tick), batch, at=due_at)
            self.woken.append((at, named[1]))
            place += 1
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
        for tally in self.tallies:
            tally.note_result(result, at=at)


def _count_alone(_: Hit) -> None:
    """Keep nothing of an alert: there may be as many as events."""


@dataclass(slots=True)
class Tally:
    """What is counted of a back-test, within the period that was asked about.

    `on_alert` is given each alert as it begins.
    """

    spec: Specification
    lane: Lane
    period: Period
    hits: deque[Hit] = field(default_factory=lambda: deque(maxlen=HITS_SHOWN))
    on_alert: Callable[[Hit], object] = _count_alone
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
        if not self.is_asked(event.at):
            return
        self.events += 1
        if self.earliest is None or event.at < self.earliest:
            self.earliest = event.at
        if self.latest is None or event.at > self.latest:
            self.latest = event.at

    def note_result(self, result: StepResult, *, at: datetime) -> None:
        """Count what one happening brought."""
        for transition in result.transitions:
            if self.is_asked(transition.at):
                self._note_transition(transition)
        if not self.is_asked(at):
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

    def is_asked(self, at: datetime) -> bool:
        """Tell whether a time lies within the period."""
        earliest, latest = self.period.earliest, self.period.latest
        return (earliest is None or at >= earliest) and (latest is None or at <= latest)

    def note_telling(self, key: str, told: tuple[str, ...], *, at: datetime) -> None:
        """Count a pass of which somebody is told, in words that are not known yet."""
        if self.is_asked(at):
            self.passes += 1
            self._note_told(told)
            self._note_beginning(key, at)

    def _note_told(self, told: tuple[str, ...]) -> None:
        self.told += bool(told)
        self.told_by_output.update(told)

    def _note_beginning(self, key: str, at: datetime) -> None:
        zone = read_zone(self.lane.dataset.zone)
        self.per_day[at.astimezone(zone).date()] += 1
        self.per_key[key] += 1

    def _note_transition(self, transition: Transition) -> None:
        self._note_told(transition.told)
        if transition.kind in BEGINNINGS:
            self._note_beginning(transition.key, transition.at)
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
        if transition.kind in BEGINNINGS:
            self.on_alert(hit)
