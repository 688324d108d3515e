"""The program of each lane, kept in memory for as long as it is certainly right.

A program is valid exactly while the lane's `next_seq` is what this process last
committed (DESIGN.md 2.3). Borrowing takes it off the shelf, so that a drain that
fails half-way leaves nothing half-changed behind: the next one loads it anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from django.db import transaction

from datasets.models import Dataset, Lane
from datasets.services import lateness_in_effect
from rules.engine import DefinitionInvalid, Program, Specification, blank_specification
from rules.models import Rule, Version
from rules.services.facts import traits_of
from rules.services.parsing import parse_rule


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
    error: str = ""


@dataclass(slots=True, kw_only=True)
class LaneProgram:
    """The engine's program of one lane and what the lane's rules are."""

    program: Program
    rules: dict[int, RuleInEffect]
    next_seq: int
    #: The sentences for the owners of rules that cannot be read.
    unreadable: dict[int, str] = field(default_factory=dict)

    def put(self, rule: RuleInEffect) -> None:
        """Judge this rule from the next event on, if it can be read."""
        self.remove(rule.rule_id)
        self.rules[rule.rule_id] = rule
        if rule.error:
            self.unreadable[rule.rule_id] = rule.error
        else:
            self.program.put(rule.rule_id, rule.version_id, rule.specification)

    def set_lateness(self, dataset: Dataset, *, seconds: int) -> None:
        """Take events for late by this from the next one on."""
        self.program.series.update(traits_of(dataset, lateness_seconds=seconds))

    def remove(self, rule_id: int) -> None:
        """Judge this rule no more; unknown ones are none to remove."""
        self.rules.pop(rule_id, None)
        self.unreadable.pop(rule_id, None)
        if rule_id in self.program:
            self.program.remove(rule_id)


_shelf: dict[int, LaneProgram] = {}


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
        error=error,
    )


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
    dataset = lane.dataset
    loaded = LaneProgram(program=Program(), rules={}, next_seq=lane.next_seq)
    loaded.set_lateness(dataset, seconds=lateness_in_effect(lane))
    rules = Rule.objects.filter(in_effect__lane=lane).select_related(
        "in_effect", "workspace"
    )
    for rule in rules.order_by("pk"):
        loaded.put(rule_in_effect(rule))
    return loaded
