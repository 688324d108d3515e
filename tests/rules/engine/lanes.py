"""A lane to try rules on: a program, its state, and a clock that the test moves."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from rules.engine import (
    Counts,
    Event,
    Ports,
    Position,
    Program,
    Slice,
    Specification,
    StepResult,
    Transition,
    Value,
    parse_definition,
    step,
)
from rules.engine.transitions import InstanceId
from rules.patterns import compile_pattern

START = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)


def parsed(definition: Mapping[str, object]) -> Specification:
    """Read a definition of DEMO's, patterns as the product reads them."""
    ports = Ports(compile_pattern=compile_pattern)
    return parse_definition(definition, workspace="DEMO", ports=ports)


def signal(when: object, **members: object) -> dict[str, object]:
    """Write the definition of a signal rule that tells the feed of every pass."""
    return {
        "kind": "signal",
        "name": "A signal",
        "when": when,
        "outputs": [{"output": "mail", "at_most_every": 0}],
        **members,
    }


def state(when: object, **members: object) -> dict[str, object]:
    """Write the definition of a state rule with one output and no cool-down."""
    return {**signal(when), "kind": "state", "name": "A state", **members}


class Lane:
    """Events of ``CORE:STOCK`` (unless said) go in one by one; the state is kept.

    Only the part of the state that the program says it needs is handed to ``step``.
    """

    def __init__(self, program: Program | None = None) -> None:
        self.program = Program() if program is None else program
        self.state = Slice()
        self.counts: dict[int, Counts] = {}
        self.result = StepResult()
        self._sent = 0

    def put(self, definition: dict[str, object], *, rule_id: int = 1) -> None:
        """Turn on a rule, or put a new version of it in place."""
        version = 1 if rule_id not in self.program else 2
        self.program.put(rule_id, version, parsed(definition))

    def send(
        self,
        fields: Mapping[str, Value],
        *,
        key: str = "MSFT",
        series: str = "CORE:STOCK",
        second: float = 0,
        **flags: bool,
    ) -> tuple[Transition, ...]:
        """Judge one event, ``second`` seconds after the start."""
        self._sent += 1
        event = Event(
            series=series,
            key=key,
            fields=fields,
            at=START + timedelta(seconds=second),
            position=Position(1, self._sent),
            **flags,
        )
        self.result = step(self.program, self._needed(event), event)
        self.state = self.state.after(self.result)
        for rule_id, counts in self.result.counts.items():
            self.counts[rule_id] = self.counts.get(rule_id, Counts()) + counts
        return self.result.transitions

    def prices(self, *prices: Value, every: float = 1) -> list[str]:
        """Send prices one after the other; give what happened at each, or a dash."""
        happened = []
        for place, price in enumerate(prices):
            transitions = self.send({"price": price}, second=place * every)
            happened.append(",".join(str(one.kind) for one in transitions) or "-")
        return happened

    def _needed(self, event: Event) -> Slice:
        needs = self.program.needs(event)
        armed = self._armed(event)
        subjects = needs.facts.union(*(self.program.facts_of(*one) for one in armed))
        shared = {one for rule, _ in armed for one in self.program.shared_by(rule)}
        return Slice(
            facts={
                subject: facts
                for subject, facts in self.state.facts.items()
                if subject in subjects
            },
            instances={
                named: instance
                for named, instance in self.state.instances.items()
                if named in needs.instances | armed | shared
            },
            armed={event.subject: armed},
        )

    def _armed(self, event: Event) -> frozenset[InstanceId]:
        return frozenset(
            (rule_id, key)
            for (rule_id, key), instance in self.state.instances.items()
            if instance.timers and rule_id in self.program
            if self.program.subject_of(self.program.rule(rule_id), key) == event.subject
        )
