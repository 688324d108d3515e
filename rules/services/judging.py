"""From the batches of a lane to transitions: loads state, lets the engine decide."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Any

from datasets.models import Batch, Lane, Origin
from datasets.services import (
    LaneEvent,
    SettledBatch,
    StoredFacts,
    changed_lateness,
    is_own_key,
    is_snapshot,
    note_judged,
    note_judging,
)
from rules.engine import (
    CloseReason,
    Counts,
    Event,
    Instance,
    KeyFacts,
    Position,
    Slice,
    StepResult,
    Tick,
    close_rule,
    edit_rule,
    step,
)
from rules.services.arming import note_armed, wake_of
from rules.services.changes import changes_judging, judged_version
from rules.services.facts import facts_as_forwarded, facts_to_keep
from rules.services.in_effect import RuleInEffect, version_to_judge
from rules.services.judgement import Effect, JudgedTransition, Judgement, Streak
from rules.services.lane_program import LaneProgram
from rules.services.lane_state import (
    FactKey,
    InstanceKey,
    KnownInstance,
    LaneState,
    StoredState,
    Values,
    values_in,
)

#: What brings no events, but changes how those after it are judged.
_CHANGES = frozenset((Origin.RULE, Origin.SCHEMA))


def judge_batches(
    *,
    lane: Lane,
    program: LaneProgram,
    settled: Sequence[SettledBatch],
    state: LaneState | None = None,
) -> Judgement:
    """Judge settled batches in order; changes `program` in place, stores nothing.

    Batches of events between two changes share one read of facts and instances; within
    them every event is one `step` of the engine. `state` is what the lane knows before
    them; None means what is stored.
    """
    bench = _Bench(
        lane=lane,
        program=program,
        state=state or StoredState(lane, program.datasets),
    )
    waiting: list[SettledBatch] = []
    for one in settled:
        if one.batch.origin not in _CHANGES and not is_snapshot(one):
            waiting.append(one)
            continue
        bench.judge_events(waiting)
        waiting = []
        match one.batch.origin:
            case Origin.RULE:
                bench.change_rule(one)
            case Origin.SCHEMA:
                bench.change_schema(one)
            case _:
                bench.take_snapshot(one)
    bench.judge_events(waiting)
    judgement = bench.judgement
    judgement.unreadable = dict(program.unreadable)
    program.facts.keep(judgement.facts)
    program.tallies.collect(program.choosing, judgement.counted)
    judgement.tabled = program.take_tabled()
    judgement.shared |= program.shared
    return judgement


class _Bench:
    """The working state of one drain round: what was read, and what has changed."""

    def __init__(self, *, lane: Lane, program: LaneProgram, state: LaneState) -> None:
        self.lane = lane
        self.state = state
        self.program = program
        self.judgement = Judgement()
        self._facts: dict[FactKey, KeyFacts] = {}
        #: Of these nothing was stored before this round.
        self._unheard_of: set[FactKey] = set()
        self._instances: dict[InstanceKey, Instance] = {}
        self._armed: dict[FactKey, set[InstanceKey]] = {}
        self._wakes: dict[InstanceKey, datetime | None] = {}

    def judge_events(self, settled: Sequence[SettledBatch]) -> None:
        """Step through what happens between two changes of rules: events and timers.

        The program first chooses, over all of it, the runs that can change something.
        """
        happenings = [
            (one, happening) for one in settled for happening in self._happenings(one)
        ]
        events = [one for _, one in happenings if isinstance(one, Event)]
        self._read_facts({event.subject for event in events})
        self.program.choosing.choose(events, self._facts)
        self._read_for([happening for _, happening in happenings])
        # What `_take` puts into these is what the next step finds.
        state = Slice(facts=self._facts, instances=self._instances, armed=self._armed)
        # An event may run very many rules; as long as one follows another it comes on.
        self.program.choosing.before_run = note_judging
        for one, happening in happenings:
            note_judging()
            result = step(self.program.choosing, state, happening)
            note_judged()
            if result.late and one.batch.origin != Origin.FORWARD:
                one.late.append(happening.position.ord)
            self._take(result, one.batch, at=happening.at)
            self._count(result, happening)

    def change_rule(self, one: SettledBatch) -> None:
        """Let a rule's version come into effect, or leave it, at this position.

        Open instances close when what the rule means has changed, and state begins
        anew; cool-downs stay. What the lane begins to
        forward, or does no longer, changes nothing here.
        """
        if not changes_judging(one.batch):
            self.judgement.stands[one.seq] = dict(self.judgement.facts)
            return
        rule_id = int(one.batch.options["rule"])
        old = self.program.rule(rule_id)
        new = version_to_judge(rule_id, judged_version(one.batch))
        if (old and old.is_spread) or (new and new.is_spread):
            self.judgement.shared.add(rule_id)
        kept = list(self.state.read_all_instances(rule_id))
        self.program.choosing.remember((rule_id, one.instance.key) for one in kept)
        if old:
            self._carry_over(old, new, kept, one)
        if new is None:
            self._end_counting(rule_id)
            self.program.remove(rule_id)
        else:
            self._begin(new)
        # A new version begins well, whatever became of the old one in this round.
        self.judgement.streaks.pop(rule_id, None)
        self.judgement.effects.append(
            Effect(
                rule_id=rule_id,
                version_id=new.version_id if new else None,
                seq=one.seq,
                change=one.batch.options.get("change", 0),
            )
        )

    def change_schema(self, one: SettledBatch) -> None:
        """Let what was changed of the dataset come into effect at this position."""
        lateness = changed_lateness(one.batch)
        if lateness is not None:
            self.program.set_lateness(self.lane.dataset, seconds=lateness.after)

    def take_snapshot(self, one: SettledBatch) -> None:
        """Take in facts as they stood in another lane; no event, so no rule runs."""
        brought = {
            (self.program.series_of_id(event.dataset_id), event.key): event
            for event in one.events
        }
        self._read_facts(brought.keys())
        for subject, event in brought.items():
            known = self._facts.get(subject, KeyFacts())
            stood = facts_as_forwarded(event.fields, event.event_time)
            facts = known.with_newer(stood)
            self._facts[subject] = self.judgement.facts[subject] = facts

    def _begin(self, new: RuleInEffect) -> None:
        """Judge by a version from here on; the counters are the rule's, and go on."""
        program = self.program
        program.learn([new], self._read_values)
        before = self._end_counting(new.rule_id) or new.counted
        program.put(replace(new, counted=before))
        if program.choosing.is_followed(new.rule_id):
            added = self.judgement.counts.pop(new.rule_id, Counts())
            program.choosing.index.note(new.rule_id, replace(added, sent=0))
            self._add_counts(new.rule_id, Counts(sent=added.sent))

    def _end_counting(self, rule_id: int) -> Counts | None:
        """Settle the counters of a rule that was followed in this round, if it was."""
        counted, program = self.judgement.counted, self.program.choosing
        if program.is_followed(rule_id):
            counted.leave(rule_id, program.index.counts(rule_id))
        return counted.counts_of(rule_id)

    def _read_values(self) -> Values:
        """Return the last values of all keys, as this round has them by now."""
        series = self.program.series_of_id(self.lane.dataset_id)
        stored = self.state.read_values(series)
        return {**stored, **values_in(series, self._facts)}

    def _carry_over(
        self,
        old: RuleInEffect,
        new: RuleInEffect | None,
        kept: Iterable[KnownInstance],
        one: SettledBatch,
    ) -> None:
        for known in kept:
            self._learn(known)
        instances = [
            instance
            for (rule_id, _), instance in self._instances.items()
            if rule_id == old.rule_id
        ]
        at, position = one.batch.received_at, Position(seq=one.seq, ord=0)
        if new is None or old.error or new.error:
            # What cannot be read has no meaning that another version could share.
            reason = CloseReason(
                one.batch.options["reason"] if new is None else "edited"
            )
            result = close_rule(instances, reason=reason, at=at, position=position)
        else:
            result = edit_rule(
                old.specification,
                new.specification,
                instances,
                at=at,
                position=position,
            )
        self._take(result, one.batch, at=at)

    def _happenings(self, one: SettledBatch) -> Iterator[Event | Tick]:
        """Give what a batch brings: its events, or the timers that are due."""
        for event in one.events:
            series = self.program.series_of_id(event.dataset_id)
            is_guest = not is_own_key(self.lane, event.key)
            yield as_event(series, one, event, is_guest=is_guest)
        for place, (rule_id, key, at) in enumerate(one.batch.options.get("timers", ())):
            yield Tick(
                rule_id=rule_id,
                key=key,
                at=datetime.fromisoformat(at),
                position=Position(seq=one.seq, ord=place),
            )

    def _read_for(self, happenings: Sequence[Event | Tick]) -> None:
        """Read the facts and instances that are needed, timers that may fire first."""
        self._read_armed(happenings)
        facts: set[FactKey] = set()
        instances: set[InstanceKey] = set()
        for event in happenings:
            if isinstance(event, Event):
                needs = self.program.choosing.needs(event)
                facts |= needs.facts
                instances |= needs.instances
        for rule_id, key in set().union(*self._armed.values()):
            if rule_id in self.program.choosing:
                facts |= self.program.choosing.facts_of(rule_id, key)
                instances |= self.program.choosing.shared_by(rule_id)
        self._read_facts(facts)
        remembered = {
            named
            for named in instances - self._instances.keys()
            if self.program.choosing.is_remembered(*named)
        }
        for known in self.state.read_instances(remembered) if remembered else ():
            self._learn(known)

    def _read_facts(self, subjects: Set[FactKey]) -> None:
        unknown = subjects - self._facts.keys() - self._unheard_of
        kept = self.program.facts.find(unknown)
        wanted = unknown - kept.keys()
        read = self.state.read_facts(wanted) if wanted else {}
        self._unheard_of |= wanted - read.keys()
        self._facts |= {**kept, **read}

    def _read_armed(self, happenings: Sequence[Event | Tick]) -> None:
        """Read the instances of the keys concerned whose timers may be due."""
        if not happenings or not self.program.choosing.keeps_time:
            return
        keys = {happening.key for happening in happenings}
        until = max(happening.at for happening in happenings)
        armed = list(self.state.read_armed(keys, until))
        # At once, as each is asked what its rule is about.
        self.program.choosing.have_at_hand({one.instance.rule_id for one in armed})
        for known in armed:
            self._learn(known)

    def _learn(self, known: KnownInstance) -> None:
        """Take in an instance that was read; what this round changed is newer."""
        named = (known.instance.rule_id, known.instance.key)
        if named not in self._instances:
            self._wakes[named] = known.wake_at
            self._know(known.instance)

    def _know(self, instance: Instance) -> None:
        """Take in an instance as it is now, and whether it has timers."""
        named = (instance.rule_id, instance.key)
        self._instances[named] = instance
        note_armed(self._armed, self.program.choosing, instance)

    def _set_wake(self, instance: Instance, batch: Batch, at: datetime) -> None:
        """Decide when the sweep looks; a timer that stays keeps its time."""
        named = (instance.rule_id, instance.key)
        known = self._instances.get(named)
        if known is None or known.wakes_at != instance.wakes_at:
            self._wakes[named] = wake_of(instance, batch, at=at)
        self.judgement.wakes[named] = self._wakes.get(named)

    def _count(self, result: StepResult, happening: Event | Tick) -> None:
        """Add what the columns have not counted already."""
        counts = result.counts
        if isinstance(happening, Event):
            counts = self.program.choosing.note(happening, result, self._instances)
        else:
            self.program.choosing.note_fired(result)
        for rule_id, one in counts.items():
            self._add_counts(rule_id, one)

    def _add_counts(self, rule_id: int, counts: Counts) -> None:
        known = self.judgement.counts.get(rule_id)
        self.judgement.counts[rule_id] = known + counts if known else counts

    def _take(self, result: StepResult, batch: Batch, *, at: datetime) -> None:
        judgement = self.judgement
        self._facts.update(result.facts)
        for instance in result.instances.values():
            self._set_wake(instance, batch, at)
            self._know(instance)
        judgement.facts.update(result.facts)
        judgement.instances.update(result.instances)
        for rule_id, error in result.errors.items():
            judgement.streaks.setdefault(rule_id, Streak()).add(error)
            judgement.evaluated.error += 1
        for rule_id, counts in result.counts.items():
            judgement.evaluated.add(counts)
            if rule_id in judgement.streaks:
                judgement.streaks[rule_id].end()
            else:
                judgement.streaks[rule_id] = Streak(began_well=True)
        judgement.transitions += [
            JudgedTransition(
                transition=transition,
                rule=self.program.rules[transition.rule_id],
                batch=batch,
            )
            for transition in result.transitions
        ]


def as_event(
    series: str,
    one: SettledBatch,
    event: LaneEvent,
    *,
    fields: Mapping[str, Any] | None = None,  # Any: JSON as decoded
    is_guest: bool = False,
) -> Event:
    """Return a record of a batch as the engine judges it, or with some `fields` only.

    Leaving out those that no rule reads changes nothing that is decided.
    """
    options = one.batch.options
    return Event(
        series=series,
        key=event.key,
        fields=event.fields if fields is None else fields,
        at=event.event_time,
        position=Position(seq=one.seq, ord=event.ord),
        raises=options.get("raises", True),
        moves_facts=options.get("moves_facts", True),
        late=event.is_late if one.batch.origin == Origin.FORWARD else None,
        is_guest=is_guest,
    )


def facts_to_store(program: LaneProgram, judgement: Judgement) -> list[StoredFacts]:
    """Return the changed facts in the form in which a lane keeps them."""
    return [
        facts_to_keep(program.datasets.id_of(series), key, facts)
        for (series, key), facts in judgement.facts.items()
    ]
