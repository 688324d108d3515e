"""The program of each lane, kept in memory for as long as it is certainly right.

A program is valid exactly while the lane's `next_seq` is what this process last
committed (DESIGN.md 2.3). Borrowing takes it off the shelf, so that a drain that
fails half-way leaves nothing half-changed behind: the next one loads it anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from django.db import transaction

from datasets.models import Lane
from rules.engine import Program, Specification, parse_definition
from rules.models import Rule
from rules.services.facts import folds_of, series_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInEffect:
    """A rule as its lane judges it now."""

    rule_id: int
    rule_uuid: str
    workspace_id: int
    name: str
    version_id: int
    specification: Specification


@dataclass(slots=True, kw_only=True)
class LaneProgram:
    """The engine's program of one lane and what the lane's rules are."""

    program: Program
    rules: dict[int, RuleInEffect]
    next_seq: int

    def put(self, rule: RuleInEffect) -> None:
        """Judge this rule from the next event on."""
        self.program.put(rule.rule_id, rule.version_id, rule.specification)
        self.rules[rule.rule_id] = rule

    def remove(self, rule_id: int) -> None:
        """Judge this rule no more; unknown ones are none to remove."""
        if self.rules.pop(rule_id, None) is not None:
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


def rule_in_effect(rule: Rule) -> RuleInEffect:
    """Return a rule by the version its lane judges; it must have one."""
    version = rule.in_effect
    if version is None:
        raise ValueError(f"Rule {rule.pk} has no version in effect.")
    return RuleInEffect(
        rule_id=rule.pk,
        rule_uuid=str(rule.uuid),
        workspace_id=rule.workspace_id,
        name=rule.name,
        version_id=version.pk,
        specification=parse_definition(
            version.definition, workspace=rule.workspace.slug
        ),
    )


def _load(lane: Lane) -> LaneProgram:
    dataset = lane.dataset
    lateness = timedelta(seconds=dataset.lateness_seconds)
    loaded = LaneProgram(
        program=Program({series_of(dataset): lateness}, folds=folds_of(dataset)),
        rules={},
        next_seq=lane.next_seq,
    )
    rules = Rule.objects.filter(in_effect__lane=lane).select_related(
        "in_effect", "workspace"
    )
    for rule in rules.order_by("pk"):
        loaded.put(rule_in_effect(rule))
    return loaded
