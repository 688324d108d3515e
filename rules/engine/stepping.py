"""``step``: the engine's one truth. Whatever is stored of an event, it decided.

Columns (``rules.columns``) choose the runs that can change something, count the rest,
and answer back-tests where tests hold them equal to it.
"""

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from rules.engine.events import (
    Event,
    KeyFacts,
    Position,
    Subject,
    Tick,
    View,
)
from rules.engine.instances import Instance
from rules.engine.ladders import change_severity
from rules.engine.lifecycle import rest, run_state
from rules.engine.memory import Memory
from rules.engine.moving import begin_anew
from rules.engine.newness import is_still_so
from rules.engine.program import ALL_KEYS, CompiledRule, Program
from rules.engine.reminders import (
    remind_by_time,
    remind_if_moved,
    remind_next,
    watch_reminders,
)
from rules.engine.runs import Outcome, Run
from rules.engine.signals import finish, is_finished, run_signal
from rules.engine.silence import note_silence, watch_silence
from rules.engine.specification import Mode, RuleKind
from rules.engine.timers import Timer
from rules.engine.transitions import (
    Counts,
    InstanceId,
    Slice,
    StepResult,
    Transition,
)
from rules.engine.verdicts import judge


def step(program: Program, state: Slice, happening: Event | Tick) -> StepResult:
    """Judge one event or timer, and give what it changes; nothing given is altered."""
    if isinstance(happening, Tick):
        return _step_tick(program, state, happening)
    return _step_event(program, state, happening)


def _step_event(program: Program, state: Slice, event: Event) -> StepResult:
    """Judge one event.

    1. The timers that are due by its time fire, in the order in which they are due,
       over the facts as they were: those of its key, and those of the rules that it
       runs, be they of another key or dataset. A late event fires none.
    2. The event's fields are taken in, all of them, before any rule looks.
    3. An event that is late, or says so, leaves the facts as they were.
    4. An event that raises nothing runs no rule; its facts have moved, so a rule that
       became true so fires on the key's next event. Windows take its values in.
    5. The rules that read one of its fields run, in the order of their ids. Those with
       a memory do not see late events; the others judge them over the current facts.
    6. A rule that cannot be judged is noted, and stops no other.
    """
    view = View.of_event(event, state.facts, series=program.series)
    late = event.late
    if late is None:
        late = view.before.is_late(event.at, program.lateness_of(event.series))
    bench, rules = _Bench(program, state), program.rules_on(event)
    if not late and program.keeps_time:
        run = {(rule.rule_id, rule.key_of(event)) for rule in rules}
        armed = state.armed.get(event.subject, set()) | run
        bench.fire(armed, event.at, event.position)
    for rule in rules:
        if event.raises and (not late or rule.sees_late_events):
            bench.run(rule, rule.key_of(event), view, event.position)
        elif rule.keeps_windows and not late:
            bench.observe(rule, rule.key_of(event), view)
    facts = {event.subject: view.own} if event.moves_facts and not late else {}
    return bench.result(facts=facts, late=late)


def _step_tick(program: Program, state: Slice, tick: Tick) -> StepResult:
    """Fire the timers of one instance that are due by a time, in their order."""
    bench = _Bench(program, state)
    if tick.rule_id in program:
        bench.fire([(tick.rule_id, tick.key)], tick.at, tick.position)
    return bench.result()


@dataclass(frozen=True, slots=True)
class Due:
    """A timer that is due, and the time until which others are due as well."""

    timer: Timer
    until: datetime


@dataclass(slots=True)
class _Bench:
    """One step at work: the state it was given, and what was decided so far."""

    program: Program
    state: Slice
    instances: dict[InstanceId, Instance] = field(default_factory=dict)
    transitions: list[Transition] = field(default_factory=list)
    counts: dict[int, Counts] = field(default_factory=dict)
    errors: dict[int, str] = field(default_factory=dict)

    def run(
        self,
        rule: CompiledRule,
        key: str,
        view: View,
        position: Position,
        due: Due | None = None,
    ) -> None:
        """Run one rule at an event, or because a timer of it is due."""
        self.program.before_run()
        timer = due.timer if due else None
        before = self.instance(rule, key)
        is_once = rule.specification.mode is Mode.ONCE
        if is_once and is_finished(self.instance(rule, ALL_KEYS)):
            if timer:
                self.instances[rule.rule_id, key] = before.disarm(timer)
            return
        try:
            outcome = _run(rule, before, view, position, due)
        except Exception as error:  # noqa: BLE001 - one rule must never stop its lane
            self.errors[rule.rule_id] = f"{type(error).__name__}: {error}"
            outcome = Outcome(instance=before.disarm(timer) if timer else before)
        if outcome.counts.ran:
            known = self.counts.get(rule.rule_id)
            counts = known + outcome.counts if known else outcome.counts
            self.counts[rule.rule_id] = counts
        if outcome.instance is not before:
            self.instances[rule.rule_id, key] = outcome.instance
        if outcome.transition is not None:
            self.transitions.append(outcome.transition)
            if is_once:
                shared = finish(self.instance(rule, ALL_KEYS))
                self.instances[rule.rule_id, ALL_KEYS] = shared

    def observe(self, rule: CompiledRule, key: str, view: View) -> None:
        """Let the windows of a rule that does not run take in an event's values."""
        self.program.before_run()
        before = self.instance(rule, key)
        try:
            after = _observe(rule, before, view)
        except Exception as error:  # noqa: BLE001 - one rule must never stop its lane
            self.errors[rule.rule_id] = f"{type(error).__name__}: {error}"
            return
        if after is not before:
            self.instances[rule.rule_id, key] = after

    def fire(
        self, armed: Iterable[InstanceId], at: datetime, position: Position
    ) -> None:
        """Fire the timers of instances that are due by a time, in the order of that."""
        due = [one for named in armed for one in self._due(named, at)]
        heapq.heapify(due)
        while due:
            when, rule_id, key, timer = heapq.heappop(due)
            rule = self.program.rule(rule_id)
            if self.instance(rule, key).timers.get(timer) != when:
                continue
            view = self._standing(rule, key, when)
            self.run(rule, key, view, position, Due(timer, until=at))
            for one in self._due((rule_id, key), at):
                if one not in due:
                    heapq.heappush(due, one)

    def instance(self, rule: CompiledRule, key: str) -> Instance:
        """Give an instance as this step has it by now."""
        named = (rule.rule_id, key)
        known = self.instances.get(named) or self.state.instances.get(named)
        if known is not None:
            return known
        return Instance(rule_id=rule.rule_id, key=key, version=rule.version)

    def result(
        self,
        *,
        facts: Mapping[Subject, KeyFacts] | None = None,
        late: bool = False,
    ) -> StepResult:
        """Give all that was decided."""
        return StepResult(
            facts=facts or {},
            instances=self.instances,
            transitions=tuple(self.transitions),
            counts=self.counts,
            late=late,
            errors=self.errors,
        )

    def _due(
        self, named: InstanceId, at: datetime
    ) -> Iterator[tuple[datetime, int, str, Timer]]:
        rule_id, key = named
        if rule_id not in self.program:
            return
        for timer, when in self.instance(
            self.program.rule(rule_id), key
        ).timers.items():
            if when <= at:
                yield when, rule_id, key, Timer(timer)

    def _standing(self, rule: CompiledRule, key: str, at: datetime) -> View:
        """See the facts as they are at an instant at which no event comes."""
        subject = self.program.subject_of(rule, key)
        standing = View.standing(
            self.state.facts, subject, at=at, series=self.program.series
        )
        return replace(standing, carried=frozenset())


def _run(
    rule: CompiledRule,
    instance: Instance,
    view: View,
    position: Position,
    due: Due | None,
) -> Outcome:
    """Run a rule: judge its conditions, and let its kind decide what follows.

    Outside of its active hours a rule does not run, and what waits begins anew; its
    windows go on. A timer for windows that finds no condition turned is set anew.
    """
    timer = due.timer if due else None
    if timer is not None:
        instance = instance.disarm(timer)
    if not rule.specification.is_active(view.at):
        instance = _rest(rule, instance, due, view.at)
        return Outcome(instance=_observe(rule, instance, view, rests=True))
    memory = _memory(rule, instance, timer)
    run = _judge(rule, instance, view, position, due, memory)
    if timer is Timer.LAPSE and not memory.has_lapsed:
        return Outcome(instance=_rearm(instance, Timer.LAPSE, memory.lapses_at))
    if timer is Timer.WAKE and not memory.is_due:
        return Outcome(instance=run.instance)
    return begin_anew(run, _decide(run, timer))


def _judge(
    rule: CompiledRule,
    instance: Instance,
    view: View,
    position: Position,
    due: Due | None,
    memory: Memory,
) -> Run:
    """Judge all that a rule asks: its conditions, its recovery, and its ladder."""
    asked, key = rule.specification, instance.key
    verdict = judge(asked.when, view, key, memory)
    is_old = is_still_so(asked, instance, view, memory, truth=verdict.truth)
    # The recovery closes windows of its own.
    closes = memory.has_closed
    recovery = asked.recover.when
    ends = judge(recovery, view, key, memory) if recovery else None
    steps = tuple(judge(one.when, view, key, memory) for one in asked.ladder)
    # What tells of silence, or reminds, is no run, of which conditions would know.
    is_none = due is not None and due.timer in (Timer.NO_DATA, Timer.REMIND)
    return Run(
        rule=rule,
        instance=instance if is_none else _remember(rule, instance, memory),
        position=position,
        view=view,
        verdict=verdict,
        recovery=ends,
        steps=steps,
        until=due.until if due else view.at,
        closes=closes,
        is_old=is_old,
    )


def _memory(
    rule: CompiledRule,
    instance: Instance,
    timer: Timer | None,
    *,
    rests: bool = False,
) -> Memory:
    return Memory(
        instance.nodes,
        of_event=timer is None,
        sees_ends=rule.specification.kind is RuleKind.STATE,
        awaits_close=rule.specification.mode is Mode.ON_WINDOW_CLOSE,
        rests=rests,
    )


def _observe(
    rule: CompiledRule, instance: Instance, view: View, *, rests: bool = False
) -> Instance:
    """Let the windows of a rule take in what an event brings, and decide nothing.

    Where no event comes it is those that close by time alone.
    """
    conditions = rule.windowed if view.arrives else rule.tumbling
    if not conditions:
        return instance
    memory = _memory(rule, instance, None, rests=rests)
    for condition in conditions:
        judge(condition, view, instance.key, memory)
    named = {one.window_id for one in conditions}
    windows = {name: one for name, one in memory.kept.items() if name in named}
    observed = replace(instance, nodes={**instance.nodes, **windows})
    if memory.lapses_at is not None:
        observed = _rearm(observed, Timer.LAPSE, memory.lapses_at)
    if memory.wakes_at is not None:
        observed = _rearm(observed, Timer.WAKE, memory.wakes_at)
    return observed


def _decide(run: Run, timer: Timer | None) -> Outcome:
    """Let the kind of the rule, or the silence of its key, decide what follows."""
    if timer is Timer.NO_DATA:
        return note_silence(run)
    if timer is Timer.REMIND:
        return remind_by_time(run)
    if run.specification.kind is RuleKind.SIGNAL:
        return run_signal(run)
    outcome = remind_if_moved(run, change_severity(run, run_state(run)))
    if timer in (Timer.HOLD, Timer.RECOVER, Timer.LAPSE):
        # What was waited for has come, or a value left; no event was judged.
        outcome = outcome._replace(counts=Counts())
    watched = watch_reminders(run, watch_silence(run, outcome.instance))
    return outcome._replace(instance=watched)


def _rest(
    rule: CompiledRule, instance: Instance, due: Due | None, at: datetime
) -> Instance:
    """Give the instance outside of the active hours; reminders keep their rhythm."""
    every = rule.specification.remind_every
    if due and due.timer is Timer.REMIND and every is not None:
        instance = remind_next(instance, at, due.until, every)
    return rest(instance)


def _remember(rule: CompiledRule, instance: Instance, memory: Memory) -> Instance:
    """Keep what conditions remember, and when time alone may change one."""
    if memory.has_changed:
        # While open, an instance keeps the version under which it opened.
        version = instance.version if instance.is_open else rule.version
        instance = replace(instance, version=version, nodes=memory.kept)
    instance = _rearm(instance, Timer.WAKE, memory.wakes_at)
    return _rearm(instance, Timer.LAPSE, memory.lapses_at)


def _rearm(instance: Instance, timer: Timer, when: datetime | None) -> Instance:
    """Set a timer or take it away; one that is set is left to fire too early."""
    if when is None:
        return instance.disarm(timer)
    armed = instance.timers.get(timer)
    return instance.arm(timer, when) if armed is None or when < armed else instance
