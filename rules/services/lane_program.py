"""What one lane judges by: the engine's program, and what its rules are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from datasets.models import Dataset, Lane
from rules.columns import ChoosingProgram, Predicate
from rules.services.counting import Tallies
from rules.services.facts import KnownDatasets, series_of, traits_of
from rules.services.in_effect import RuleInEffect, rule_in_effect
from rules.services.kept_facts import KeptFacts
from rules.services.lane_state import Values
from rules.services.predicates import fits_table
from rules.services.readers import Readers
from rules.services.stored_rules import rules_in_effect

AT_HAND = 2_000
"""So many rules that the index follows stay at hand when more were read."""


@dataclass(slots=True, kw_only=True)
class LaneProgram:
    """The engine's program of one lane and what the lane's rules are.

    `rules` are those at hand; others that the index follows are read when they are to
    run. `datasets` are those of whose facts it knows, `readers` who reads of its own
    ones although another lane judges them.
    """

    choosing: ChoosingProgram
    rules: dict[int, RuleInEffect]
    next_seq: int
    datasets: KnownDatasets
    readers: Readers = field(default_factory=Readers)
    tallies: Tallies = field(default_factory=Tallies)
    facts: KeptFacts = field(default_factory=KeptFacts)
    #: The sentences for the owners of rules that cannot be read.
    unreadable: dict[int, str] = field(default_factory=dict)
    #: Rules that other lanes of the dataset judge as well.
    shared: set[int] = field(default_factory=set)
    #: What the lane's table is to say of rules that came or went.
    tabled: dict[int, list[Predicate]] = field(default_factory=dict)
    #: Rules are let go of once so many are at hand.
    let_go_at: int = field(default_factory=lambda: 2 * AT_HAND)

    def put(self, rule: RuleInEffect) -> None:
        """Judge this rule from the next event on, if it can be read."""
        self.remove(rule.rule_id)
        self.rules[rule.rule_id] = rule
        if rule.is_spread:
            self.shared.add(rule.rule_id)
        for dataset in rule.foreign:
            self._learn(dataset)
        if rule.error:
            self.unreadable[rule.rule_id] = rule.error
        else:
            self._put(rule)
            if self.choosing.is_followed(rule.rule_id):
                self.choosing.index.note(rule.rule_id, rule.counted)
        predicates = [] if rule.error else self.predicates_of(rule)
        if predicates or rule.is_tabled:
            self.tabled[rule.rule_id] = predicates

    def _put(self, rule: RuleInEffect) -> None:
        """Take a rule in; what lanes share no index follows, which counts for all."""
        put = self.choosing.put_apart if rule.is_spread else self.choosing.put
        put(rule.rule_id, rule.version_id, rule.specification)

    def learn(self, rules: Iterable[RuleInEffect], read: Callable[[], Values]) -> None:
        """Take in the facts that are needed before some rules are put, if any are."""
        lacking: set[str] = set()
        for rule in rules:
            if not (rule.error or rule.is_spread):
                lacking |= self.choosing.lacks(rule.specification)
        if lacking:
            self.choosing.learn(lacking, read())

    def set_lateness(self, dataset: Dataset, *, seconds: int) -> None:
        """Take events for late by this from the next one on."""
        self.choosing.set_series(traits_of(dataset, lateness_seconds=seconds))

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
        series = series_of(dataset)
        if series in self.datasets and self.datasets.id_of(series) != dataset.pk:
            # One that was made anew under the name of another has facts of its own.
            self.facts.forget(series)
        self.datasets.add(dataset)
        self.choosing.set_series(traits_of(dataset))
        return series

    def remove(self, rule_id: int) -> None:
        """Judge this rule no more; unknown ones are none to remove."""
        self.rules.pop(rule_id, None)
        self.unreadable.pop(rule_id, None)
        self.shared.discard(rule_id)
        if rule_id in self.choosing:
            if self.choosing.is_followed(rule_id):
                self.tabled[rule_id] = []
            self.choosing.remove(rule_id)

    def rule(self, rule_id: int) -> RuleInEffect | None:
        """Return a rule of the lane, read if need be; None if there is no such one."""
        self.choosing.have_at_hand([rule_id])
        return self.rules.get(rule_id)

    def read(self, rule_ids: Collection[int]) -> None:
        """Have rules at hand that were loaded from the table, as they are to run.

        One that cannot be read is judged no more, and counted as it was stored last.
        """
        missing = set(rule_ids)
        for stored in rules_in_effect(rule_ids):
            missing.discard(stored.pk)
            rule = rule_in_effect(stored)
            if rule.error:
                self.tallies.leave(rule.rule_id, rule.counted)
                self.put(rule)
                continue
            self.rules[rule.rule_id] = rule
            for dataset in rule.foreign:
                self._learn(dataset)
            self.choosing.keep(rule.rule_id, rule.version_id, rule.specification)
            counted = self.tallies.counted_when_loaded(stored)
            self.choosing.index.begin_with(rule.rule_id, counted)
        for rule_id in missing:
            self.remove(rule_id)

    def take_tabled(self) -> dict[int, list[Predicate]]:
        """Return what the table is to say of rules, since asked last."""
        taken, self.tabled = self.tabled, {}
        return taken

    def let_go(self) -> None:
        """Have fewer rules at hand, if many were read: the newest of them."""
        if len(self.rules) <= self.let_go_at:
            return
        followed = [one for one in self.rules if self.choosing.is_followed(one)]
        for rule_id in followed[:-AT_HAND]:
            del self.rules[rule_id]
            self.choosing.let_go(rule_id)
        self.let_go_at = len(self.rules) + AT_HAND

    def predicates_of(self, rule: RuleInEffect) -> list[Predicate]:
        """Return what the lane's table can say of a rule, if anything."""
        if rule.is_spread:
            return []
        predicates = self.choosing.predicates_of(rule.specification)
        return predicates if fits_table(predicates) else []


def empty_program(lane: Lane, *, next_seq: int, lateness_seconds: int) -> LaneProgram:
    """Return a program for a lane, without rules yet."""
    program = LaneProgram(
        choosing=ChoosingProgram(home=series_of(lane.dataset)),
        rules={},
        next_seq=next_seq,
        datasets=KnownDatasets(lane.dataset),
    )
    program.set_lateness(lane.dataset, seconds=lateness_seconds)
    return program
