"""A history on its way through the engine's program and through that of the columns.

Between two turns the program of the columns may be loaded anew, as after a restart:
plain rules by their predicates.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from operator import methodcaller

import pytest

from rules.columns import ChoosingProgram, Place, Predicate, Predicates
from rules.engine import (
    CloseReason,
    Counts,
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
    Value,
    close_rule,
    edit_rule,
    step,
)
from rules.engine.transitions import InstanceId
from tests.rules.engine.lanes import START, parsed
from tests.rules.engine.strategies import Put, Remove, Sent

HOME = "CORE:STOCK"
Values = Mapping[str, Mapping[str, Value]]
PATHS = pytest.mark.parametrize("few", [0, 10_000], ids=["arrays", "plain"])


class Judge:
    """A lane over either program, judged in stretches between changes of rules."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.rules: dict[int, Specification] = {}
        self.versions: dict[int, int] = {}
        self.facts: dict[Subject, KeyFacts] = {}
        self.instances: dict[InstanceId, Instance] = {}
        self.counts: dict[int, Counts] = {}
        self.transitions: list[Transition] = []
        self.stepped = 0

    def put(self, rule_id: int, version: int, specification: Specification) -> None:
        self._leave(rule_id)
        old, kept = self.rules.get(rule_id), self._instances_of(rule_id)
        if old is not None:
            position = Position(0, 0)
            self._keep(edit_rule(old, specification, kept, at=START, position=position))
        self.rules[rule_id], self.versions[rule_id] = specification, version
        if isinstance(self.program, ChoosingProgram):
            self.program.remember(self.instances)
            self.program.learn(self.program.lacks(specification), self._values())
        self.program.put(rule_id, version, specification)

    def remove(self, rule_id: int) -> None:
        self._leave(rule_id)
        self.versions.pop(rule_id, None)
        if rule_id in self.program:
            self.program.remove(rule_id)
        self._keep(
            close_rule(
                self._instances_of(rule_id),
                reason=CloseReason.DISABLED,
                at=START,
                position=Position(0, 0),
            )
        )

    def reload(self, few: int) -> None:
        """Load the program anew: rules by their predicates where these say all."""
        before = self.program
        assert isinstance(before, ChoosingProgram)
        for rule_id in self.versions:
            self._leave(rule_id)
        tabled = {
            rule_id: before.predicates_of(self.rules[rule_id])
            for rule_id in self.versions
        }
        loaded = self.program = ChoosingProgram(before.series, home=HOME, few=few)
        loaded.read = self._read
        loaded.remember(self.instances)
        if any(tabled.values()):
            loaded.load(table_of(tabled), self._values())
        for rule_id, version in self.versions.items():
            if not tabled[rule_id]:
                specification = self.rules[rule_id]
                loaded.learn(loaded.lacks(specification), self._values())
                loaded.put(rule_id, version, specification)

    def judge(self, events: Sequence[Event]) -> None:
        if isinstance(self.program, ChoosingProgram):
            self.program.choose(events, self.facts)
        needed = {
            event.position: self.program.needs(event).instances for event in events
        }
        for event in events:
            # What is not named before the stretch is not at hand when it is judged.
            known = set().union(*needed.values(), self._armed(event))
            instances = {
                named: instance
                for named, instance in self.instances.items()
                if named in known
            }
            result = step(
                self.program,
                Slice(
                    facts=self.facts,
                    instances=instances,
                    armed={event.subject: self._armed(event)},
                ),
                event,
            )
            assert result.errors == {}
            self.facts |= result.facts
            self._keep(result)
            self._count(event, result)

    def sweep(self, at: datetime, place: int) -> None:
        """Fire the timers that are due by a time, one instance after the other."""
        for rule_id, key in sorted(self.instances):
            due = self.instances[rule_id, key].wakes_at
            if due is not None and due <= at and rule_id in self.program:
                tick = Tick(
                    rule_id=rule_id, key=key, at=at, position=Position(2, place)
                )
                state = Slice(facts=self.facts, instances=self.instances)
                result = step(self.program, state, tick)
                self._keep(result)
                if isinstance(self.program, ChoosingProgram):
                    self.program.note_fired(result)

    def counted(self, rule_id: int) -> Counts:
        """Add what the index counts of a rule that is still here."""
        known = self.counts.get(rule_id, Counts())
        program = self.program
        if isinstance(program, ChoosingProgram) and program.is_followed(rule_id):
            return known + program.index.counts(rule_id)
        return known

    def _read(self, rule_ids: Iterable[int]) -> None:
        assert isinstance(self.program, ChoosingProgram)
        for rule_id in rule_ids:
            self.program.keep(rule_id, self.versions[rule_id], self.rules[rule_id])

    def _values(self) -> Values:
        return {
            key: {name: fact.value for name, fact in facts.values.items()}
            for (series, key), facts in self.facts.items()
            if series == HOME
        }

    def _leave(self, rule_id: int) -> None:
        self.counts[rule_id] = self.counted(rule_id)

    def _count(self, event: Event, result: StepResult) -> None:
        self.stepped += sum(one.ran for one in result.counts.values())
        counts = result.counts
        if isinstance(self.program, ChoosingProgram):
            counts = self.program.note(event, result, self.instances)
        for rule_id, one in counts.items():
            self.counts[rule_id] = self.counts.get(rule_id, Counts()) + one

    def _armed(self, event: Event) -> frozenset[InstanceId]:
        return frozenset(
            (rule_id, key)
            for (rule_id, key), instance in self.instances.items()
            if instance.timers and rule_id in self.program
            if self.program.subject_of(self.program.rule(rule_id), key) == event.subject
        )

    def _instances_of(self, rule_id: int) -> list[Instance]:
        return [one for (owner, _), one in self.instances.items() if owner == rule_id]

    def _keep(self, result: StepResult) -> None:
        self.instances |= result.instances
        self.transitions += result.transitions


def table_of(tabled: Mapping[int, Sequence[Predicate]]) -> Predicates:
    """Number the places, and take the predicates in as from a database."""
    numbers: dict[Place, int] = {}
    rows = [
        (rule_id, numbers.setdefault(one.place, 7 * len(numbers)), *one[1:])
        for rule_id, predicates in tabled.items()
        for one in predicates
    ]
    return Predicates.of_rows([(n, place) for place, n in numbers.items()], rows)


def never() -> bool:
    return False


def always() -> bool:
    return True


def play(
    happened: Iterable[Put | Remove | Sent],
    *,
    few: int,
    reloads: Callable[[], bool] = never,
    sweeps: Callable[[], bool] = never,
) -> tuple[Judge, Judge]:
    """Play a history through both programs; they must agree at every turn."""
    engine, columns = Judge(Program()), Judge(ChoosingProgram(home=HOME, few=few))
    both = engine, columns
    for turn in turns(happened, sweeps):
        if reloads():
            columns.reload(few)
        for judge in both:
            turn(judge)
        assert columns.transitions == engine.transitions
        assert columns.instances == engine.instances
        assert columns.facts == engine.facts
        for rule_id in engine.rules:
            assert columns.counted(rule_id) == engine.counted(rule_id)
    return both


def turns(
    happened: Iterable[Put | Remove | Sent], sweeps: Callable[[], bool]
) -> Iterator[Callable[[Judge], None]]:
    """Make of a history the changes of rules, and the stretches of events between.

    Now and then timers fire without an event, some time after it came.
    """
    at, waiting = START, list[Event]()
    for place, one in enumerate([*happened, None]):
        if isinstance(one, Sent):
            at += timedelta(seconds=one.seconds)
            waiting.append(event_of(one, at, place))
            if sweeps():
                yield methodcaller("judge", waiting)
                yield methodcaller("sweep", at + timedelta(seconds=place % 40), place)
                waiting = []
            continue
        yield methodcaller("judge", waiting)
        waiting = []
        if isinstance(one, Put):
            yield methodcaller("put", one.rule_id, place, parsed(one.definition))
        elif isinstance(one, Remove):
            yield methodcaller("remove", one.rule_id)


def event_of(one: Sent, at: datetime, place: int) -> Event:
    return Event(
        series=one.series,
        key=one.key,
        fields=one.fields,
        at=at,
        position=Position(1, place),
        raises=one.raises,
        moves_facts=one.moves_facts,
    )


def over(limit: int, key: str = "A") -> dict[str, object]:
    return {"fact": f"{HOME}:{key}:x", "op": "gt", "value": limit}


def values(*numbers: int | None, every: int = 1, key: str = "A") -> list[Sent]:
    return [
        Sent(HOME, key, {"x": number}, every, raises=True, moves_facts=True)
        for number in numbers
    ]
