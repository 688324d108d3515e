"""The program of each lane, kept in memory for as long as it is certainly right.

A program is valid exactly while the lane's `next_seq` is what this process last
committed (DESIGN.md 2.3). Borrowing takes it off the shelf, so that a drain that
fails half-way leaves nothing half-changed behind: the next one loads it anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from datasets.models import Dataset, Lane
from datasets.services import lateness_in_effect
from rules.columns import ChoosingProgram
from rules.engine import Counts, DefinitionInvalid, Specification, blank_specification
from rules.models import Forward, Instance, Rule, Version
from rules.services.counting import KeyTally, Tallies
from rules.services.facts import KnownDatasets, datasets_of, series_of, traits_of
from rules.services.lane_state import StoredState, Values
from rules.services.parsing import parse_rule
from rules.services.readers import Reader, Readers, reads_in


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInEffect:
    """A rule as its lane judges it now.

    One whose stored definition cannot be read any more, perhaps because another
    release wrote it, is not judged: `error` tells its owner, `specification` is blank.
    """

    rule_id: int
    rule_uuid: str
    workspace_id: int
    name: str
    version_id: int
    specification: Specification
    #: The datasets of its facts that are of other lanes than its home.
    foreign: tuple[Dataset, ...] = ()
    #: How it fared before, as it was last stored.
    counted: Counts = field(default_factory=Counts)
    error: str = ""

    @property
    def reads_simulated(self) -> bool:
        """Say whether data of other lanes that it reads are simulated."""
        return any(dataset.is_simulated for dataset in self.foreign)


@dataclass(slots=True, kw_only=True)
class LaneProgram:
    """The engine's program of one lane and what the lane's rules are.

    `datasets` are those of whose facts it knows, `readers` who reads of its own ones
    although another lane judges them.
    """

    program: ChoosingProgram
    rules: dict[int, RuleInEffect]
    next_seq: int
    datasets: KnownDatasets
    readers: Readers = field(default_factory=Readers)
    tallies: Tallies = field(default_factory=Tallies)
    #: The sentences for the owners of rules that cannot be read.
    unreadable: dict[int, str] = field(default_factory=dict)

    def put(self, rule: RuleInEffect) -> None:
        """Judge this rule from the next event on, if it can be read."""
        self.remove(rule.rule_id)
        self.rules[rule.rule_id] = rule
        for dataset in rule.foreign:
            self._learn(dataset)
        if rule.error:
            self.unreadable[rule.rule_id] = rule.error
        else:
            self.program.put(rule.rule_id, rule.version_id, rule.specification)
            if self.program.is_followed(rule.rule_id):
                self.program.index.note(rule.rule_id, rule.counted)

    def learn(self, rules: Iterable[RuleInEffect], read: Callable[[], Values]) -> None:
        """Take in the facts that are needed before some rules are put, if any are."""
        lacking: set[str] = set()
        for rule in rules:
            lacking |= set() if rule.error else self.program.lacks(rule.specification)
        if lacking:
            self.program.learn(lacking, read())

    def set_lateness(self, dataset: Dataset, *, seconds: int) -> None:
        """Take events for late by this from the next one on."""
        self.program.set_series(traits_of(dataset, lateness_seconds=seconds))

    def series_of_id(self, dataset_id: int) -> str:
        """Return the name under which the engine knows a dataset, learned if need be.

        A lane may be told of one that no rule of it reads any more.
        """
        known = self.datasets.series_of(dataset_id)
        if known is None:
            datasets = Dataset.objects.select_related("workspace")
            known = self._learn(datasets.get(pk=dataset_id))
        return known

    def _learn(self, dataset: Dataset) -> str:
        self.datasets.add(dataset)
        self.program.set_series(traits_of(dataset))
        return series_of(dataset)

    def remove(self, rule_id: int) -> None:
        """Judge this rule no more; unknown ones are none to remove."""
        self.rules.pop(rule_id, None)
        self.unreadable.pop(rule_id, None)
        if rule_id in self.program:
            self.program.remove(rule_id)


_shelf: dict[int, LaneProgram] = {}


def empty_program(lane: Lane, *, next_seq: int, lateness_seconds: int) -> LaneProgram:
    """Return a program for a lane, without rules yet."""
    program = LaneProgram(
        program=ChoosingProgram(home=series_of(lane.dataset)),
        rules={},
        next_seq=next_seq,
        datasets=KnownDatasets(lane.dataset),
    )
    program.set_lateness(lane.dataset, seconds=lateness_seconds)
    return program


def borrow_program(lane: Lane) -> LaneProgram:
    """Take the lane's program, from the shelf if it is still valid, else loaded."""
    kept = _shelf.pop(lane.pk, None)
    if kept is not None and kept.next_seq == lane.next_seq:
        return kept
    return _load(lane)


def return_program(lane: Lane, program: LaneProgram, *, next_seq: int) -> None:
    """Keep a program once the transaction that moves its lane so far is committed.

    Not before: were the commit lost, another process could come to the same position
    by other batches.
    """
    program.next_seq = next_seq
    transaction.on_commit(partial(_shelf.__setitem__, lane.pk, program))


def forget_programs() -> None:
    """Take every program off the shelf: what is asked for next is loaded anew."""
    _shelf.clear()


def rule_in_effect(rule: Rule) -> RuleInEffect:
    """Return a rule by the version its lane judges; it must have one."""
    version = rule.in_effect
    if version is None:
        raise ValueError(f"Rule {rule.pk} has no version in effect.")
    specification, error = _read(version, rule)
    return RuleInEffect(
        rule_id=rule.pk,
        rule_uuid=str(rule.uuid),
        workspace_id=rule.workspace_id,
        name=rule.name,
        version_id=version.pk,
        specification=specification,
        foreign=tuple(_foreign_datasets(version, specification)),
        counted=Counts(
            ran=rule.ran,
            passed=rule.passed,
            failed=rule.failed,
            unknown=rule.unknown,
        ),
        error=error,
    )


def reader_of(version: Version, *, change: int, lane: Lane) -> Reader:
    """Return a version that another lane judges as a reader of this one."""
    specification, _ = _read(version, version.rule)
    return Reader(
        rule_id=version.rule_id,
        version_id=version.pk,
        change=change,
        home_id=version.lane_id,
        reads=reads_in(specification, lane),
    )


def _foreign_datasets(
    version: Version, specification: Specification
) -> Iterator[Dataset]:
    reads = specification.facts + specification.include
    # Most rules read one dataset alone; they cost no query.
    if len({path.series for path in reads}) > 1:
        yield from datasets_of(version)[1:]


def _read(version: Version, rule: Rule) -> tuple[Specification, str]:
    """Return what a version says, or a blank and why it cannot be read."""
    try:
        return parse_rule(version.definition, workspace=rule.workspace.slug), ""
    except DefinitionInvalid as error:
        return blank_specification(rule.kind, name=rule.name), (
            f"Version {version.number} of this rule cannot be read, so it is not "
            f"judged: {error} Open the rule, mend that and save it again."
        )


def _load(lane: Lane) -> LaneProgram:
    """Load what a lane judges by.

    1. The rules in effect, and the values of the fields that they read.
    2. The instances that remember something: they are asked at their next run.
    3. How the rules fared, and the tallies that go on counting.
    4. Who reads of its facts although another lane judges them.
    """
    loaded = empty_program(
        lane, next_seq=lane.next_seq, lateness_seconds=lateness_in_effect(lane)
    )
    stored = list(
        Rule.objects.filter(in_effect__lane=lane)
        .select_related("in_effect", "workspace", "tally")
        .order_by("pk")
    )
    rules = [rule_in_effect(rule) for rule in stored]
    instances = Instance.objects.filter(rule__in_effect__lane=lane)
    loaded.program.remember(instances.values_list("rule_id", "key"))
    state = StoredState(lane, loaded.datasets)
    loaded.learn(rules, partial(state.read_values, series_of(lane.dataset)))
    for rule in rules:
        loaded.put(rule)
    _go_on_counting(loaded, stored)
    forwards = Forward.objects.in_effect().filter(lane=lane)
    for row in forwards.select_related("version__rule__workspace").order_by("pk"):
        loaded.readers.add(reader_of(row.version, change=row.change or 0, lane=lane))
    return loaded


def _go_on_counting(loaded: LaneProgram, stored: Sequence[Rule]) -> None:
    """Let counters go on from what is stored; only what that lacks is stored anew."""
    tallied = {rule.pk: rule.tally for rule in stored if rule.tally}
    for one in loaded.program.settled():
        tally = tallied.get(one.rule_id)
        if tally is None:
            loaded.program.index.touch(one.rule_id)
        else:
            loaded.tallies.add(
                KeyTally(
                    key=one.key,
                    fields=one.fields,
                    before=tally.runs,
                    runs=tally.runs,
                    tally_id=tally.pk,
                )
            )
