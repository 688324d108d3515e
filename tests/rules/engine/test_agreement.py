"""The engine and the reference agree on every transition and every counter."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.json import Decoder, Encoder

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
    Transition,
    close_rule,
    edit_rule,
    same_meaning,
    step,
)
from rules.engine.transitions import InstanceId
from tests.rules.engine.lanes import START, parsed
from tests.rules.engine.reference import Definition, ReferenceEvaluator, Told
from tests.rules.engine.strategies import (
    Put,
    Remove,
    Sent,
    definitions,
    histories,
    troubled_histories,
)
from tests.rules.engine.walks import happenings


class Engine:
    """The engine behind the face of the reference.

    It hands to ``step`` no more than the program asks for, and keeps instances as JSON
    between events, as a database would.
    """

    def __init__(self) -> None:
        self.program = Program()
        self.rules: dict[int, Specification] = {}
        self.facts: dict[Subject, KeyFacts] = {}
        self.instances: dict[InstanceId, bytes] = {}
        self.armed: set[InstanceId] = set()
        self.counts: dict[int, Counts] = {}

    def put(self, rule_id: int, version: int, specification: Specification) -> None:
        old = self.rules.get(rule_id)
        if old is not None:
            self._keep(
                edit_rule(
                    old,
                    specification,
                    self._instances_of(rule_id),
                    at=START,
                    position=Position(0, 0),
                )
            )
        self.rules[rule_id] = specification
        self.program.put(rule_id, version, specification)

    def remove(self, rule_id: int) -> list[Told]:
        if rule_id in self.program:
            self.program.remove(rule_id)
        result = close_rule(
            self._instances_of(rule_id),
            reason=CloseReason.DISABLED,
            at=START,
            position=Position(0, 0),
        )
        self._keep(result)
        return [tell(transition) for transition in result.transitions]

    def judge(self, event: Event) -> list[Told]:
        needs = self.program.needs(event)
        armed = self._armed(event)
        shared = {one for rule, _ in armed for one in self.program.shared_by(rule)}
        result = step(
            self.program,
            Slice(
                facts=self._facts(needs.facts.union(*map(self._read_by, armed))),
                instances=self._instances(needs.instances | armed | shared),
                armed={event.subject: armed},
            ),
            event,
        )
        assert result.errors == {}
        for transition in result.transitions:
            assert transition.verdict is not None
            if transition.kind in ("raised", "opened"):
                assert transition.verdict.truth is True
            assert transition.reason
        self.facts |= result.facts
        self._keep(result)
        for rule_id, counts in result.counts.items():
            self.counts[rule_id] = self.counts.get(rule_id, Counts()) + counts
        return [tell(transition) for transition in result.transitions]

    def _armed(self, event: Event) -> frozenset[InstanceId]:
        return frozenset(
            (rule_id, key)
            for rule_id, key in self.armed
            if rule_id in self.program
            if self.program.subject_of(self.program.rule(rule_id), key) == event.subject
        )

    def _read_by(self, named: InstanceId) -> set[Subject]:
        return self.program.facts_of(*named)

    def _facts(self, subjects: Iterable[Subject]) -> dict[Subject, KeyFacts]:
        return {one: self.facts[one] for one in subjects if one in self.facts}

    def _instances(self, named: Iterable[InstanceId]) -> dict[InstanceId, Instance]:
        return {
            one: Instance.from_json(read_json(self.instances[one]))
            for one in named
            if one in self.instances
        }

    def _keep(self, result: StepResult) -> None:
        for one, instance in result.instances.items():
            self.instances[one] = write_json(instance.to_json())
            self.armed.discard(one)
            if instance.timers:
                self.armed.add(one)

    def _instances_of(self, rule_id: int) -> list[Instance]:
        owned = [one for one in self.instances if one[0] == rule_id]
        return list(self._instances(owned).values())


def write_json(value: object) -> bytes:
    return Encoder(decimal_format="number").encode(value)


def read_json(written: bytes) -> Any:
    return Decoder(float_hook=Decimal).decode(written)


def tell(transition: Transition) -> Told:
    return Told(
        rule_id=transition.rule_id,
        version=transition.version,
        key=transition.key,
        kind=str(transition.kind),
        seq=transition.position.seq,
        ord=transition.position.ord,
        opening=(transition.opening.seq, transition.opening.ord),
        told=transition.told,
        severity=str(transition.severity or ""),
    )


def judge_both(
    engine: Engine, reference: ReferenceEvaluator, sent: Sent, place: int, at: datetime
) -> None:
    event = Event(
        series=sent.series,
        key=sent.key,
        fields=sent.fields,
        at=at,
        position=Position(1, place),
        raises=sent.raises,
        moves_facts=sent.moves_facts,
    )
    found = engine.judge(event)
    wanted = reference.judge(
        sent.series,
        sent.key,
        sent.fields,
        at,
        1,
        place,
        raises=sent.raises,
        moves_facts=sent.moves_facts,
    )
    assert found == wanted


def assert_same_counts(engine: Engine, reference: ReferenceEvaluator) -> None:
    found = {
        rule_id: {
            name: getattr(counts, name)
            for name in ("ran", "passed", "failed", "unknown", "sent")
        }
        for rule_id, counts in engine.counts.items()
    }
    wanted = {
        rule_id: {
            name: counts[name]
            for name in ("ran", "passed", "failed", "unknown", "sent")
        }
        for rule_id, counts in reference.counts.items()
    }
    assert found == wanted


@given(rules=st.lists(definitions, min_size=1, max_size=3), history=histories)
def test_random_rules_on_random_histories_agree_with_the_reference(rules, history):
    engine, reference = Engine(), ReferenceEvaluator()
    for rule_id, definition in enumerate(rules, start=1):
        engine.put(rule_id, 1, parsed(definition))
        reference.put(rule_id, 1, definition)

    at = START
    for place, sent in enumerate(history):
        at += timedelta(seconds=sent.seconds)
        judge_both(engine, reference, sent, place, at)

    assert_same_counts(engine, reference)


@given(rules=st.tuples(definitions, definitions), history=troubled_histories)
def test_rules_changed_in_the_middle_agree_with_the_reference(rules, history):
    play_both([*map(Put, (1, 2), rules), *history])


@given(random=st.randoms(use_true_random=True))
def test_rules_around_wandering_values_agree_with_the_reference(random):
    play_both(happenings(random, number=100))


def play_both(happened: Iterable[Put | Remove | Sent]) -> None:
    engine, reference = Engine(), ReferenceEvaluator()
    at = START
    for place, happening in enumerate(happened):
        match happening:
            case Put(rule_id, definition):
                put_both(engine, reference, rule_id, place, definition)
            case Remove(rule_id):
                closed = engine.remove(rule_id)
                assert sorted(closed) == sorted(reference.remove(rule_id))
            case Sent():
                at += timedelta(seconds=happening.seconds)
                judge_both(engine, reference, happening, place, at)

    assert_same_counts(engine, reference)


def put_both(
    engine: Engine,
    reference: ReferenceEvaluator,
    rule_id: int,
    version: int,
    definition: Definition,
) -> None:
    specification = parsed(definition)
    old = engine.rules.get(rule_id)
    if old is not None and not same_meaning(old, specification):
        reference.remove(rule_id)
    engine.put(rule_id, version, specification)
    reference.put(rule_id, version, definition)


@given(rule=definitions, outputs=definitions, history=histories)
def test_editing_outputs_in_the_middle_keeps_state(rule, outputs, history):
    edited = {**rule, "outputs": outputs["outputs"]}
    engine, reference = Engine(), ReferenceEvaluator()
    put_both(engine, reference, 1, 1, rule)

    at = START
    for place, sent in enumerate(history):
        if place == len(history) // 2:
            put_both(engine, reference, 1, 2, edited)
        at += timedelta(seconds=sent.seconds)
        judge_both(engine, reference, sent, place, at)

    assert_same_counts(engine, reference)


def test_reference_reads_numbers_as_numbers_and_nothing_else_as_one():
    reference = ReferenceEvaluator(
        [(1, 1, {"name": "x", "when": {"fact": "A:B:K:x", "op": "<", "value": 1}}, "A")]
    )

    told = [
        len(reference.judge("A:B", "K", {"x": value}, START, 1, place))
        for place, value in enumerate([0, Decimal("0.99999"), 1, "0", False, None])
    ]

    # The second pass falls into the feed's own cool-down and is only counted.
    assert told == [1, 0, 0, 0, 0, 0]
    assert reference.counts[1] == {
        "ran": 6,
        "passed": 2,
        "failed": 4,
        "unknown": 3,
        "sent": 0,
    }
