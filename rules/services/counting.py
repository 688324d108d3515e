"""Counters of rules that the index follows: kept by key, settled when truth changes.

An event adds to the tallies of its key, however many rules are counted by them; a
rule's own row is written when its truth changes, or when it comes or goes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from config.portions import portions
from datasets.models import Lane
from datasets.services import replace_rows, update_rows
from rules.columns import ChoosingProgram, Settled
from rules.engine import Counts
from rules.models import Rule, Tally, counts_with
from rules.services.stored_rules import StoredRule

Subject = tuple[str, frozenset[str]]
"""A key, and the fields whose events run the rules that are counted together."""

_TRUTHS = (False, True, None)
"""The truth of rules, as the columns number it."""
_AT_ONCE = 500
"""What one statement names; databases take so many parameters and no more."""


@dataclass(slots=True, kw_only=True)
class KeyTally:
    """A tally as the lane keeps it: `before` is what it had when counting began."""

    key: str
    fields: frozenset[str]
    before: int = 0
    runs: int = 0
    tally_id: int | None = None

    @property
    def interest(self) -> str:
        """Return what stands for the fields in the database."""
        return interest_of(self.fields)


@dataclass(slots=True, kw_only=True)
class RuleCount:
    """What a rule's row is to say: all its runs, or those apart from a tally's."""

    rule_id: int
    ran: int
    passed: int
    unknown: int
    truth: bool | None = None
    tally: KeyTally | None = None


@dataclass(slots=True, kw_only=True)
class Counted:
    """What a drain has to store of counters: rows of rules, and tallies."""

    rules: dict[int, RuleCount] = field(default_factory=dict)
    tallies: list[KeyTally] = field(default_factory=list)

    def leave(self, rule_id: int, counts: Counts) -> None:
        """Note that a rule is counted by no tally from now on."""
        self.rules[rule_id] = _whole(rule_id, counts)

    def counts_of(self, rule_id: int) -> Counts | None:
        """Return how a rule had fared when it left, if it did."""
        one = self.rules.get(rule_id)
        if one is None:
            return None
        failed = one.ran - one.passed
        return Counts(
            ran=one.ran, passed=one.passed, failed=failed, unknown=one.unknown
        )


class Tallies:
    """The tallies of a lane's keys, for as long as its program is kept."""

    def __init__(self) -> None:
        self._by_key: dict[str, dict[frozenset[str], KeyTally]] = {}
        self._before: dict[int, int] = {}
        self._any_key: dict[int, Counts] = {}
        self._left: dict[int, Counts] = {}

    def go_on(self, lane: Lane, program: ChoosingProgram) -> None:
        """Take up the counting of rules that were loaded; all of it is stored."""
        for some in portions(program.index.any_key_rules(), _AT_ONCE):
            for rule in Rule.objects.filter(pk__in=some):
                program.index.begin_with(rule.pk, self.counted_when_loaded(rule))
        self._any_key = program.counted()
        subjects = {
            (key, interest_of(fields)): fields
            for key, fields in program.index.subjects()
        }
        stored = Tally.objects.filter(lane=lane)
        for pk, key, interest, runs in stored.values_list(
            "pk", "key", "interest", "runs"
        ).iterator():
            fields = subjects.get((key, interest))
            if fields is not None:
                self._by_key.setdefault(key, {})[fields] = KeyTally(
                    key=key, fields=fields, before=runs, runs=runs, tally_id=pk
                )
                self._before[pk] = runs

    def leave(self, rule_id: int, counts: Counts) -> None:
        """Note how a rule had fared that is counted no more."""
        self._left[rule_id] = counts

    def counted_when_loaded(self, rule: Rule | StoredRule) -> Counts:
        """Return how a rule had fared when the lane was loaded.

        What its tally has counted since, the columns have counted as well.
        """
        return counts_with(self._before.get(rule.tally_id or 0, 0), rule)

    def collect(self, program: ChoosingProgram, counted: Counted) -> None:
        """Gather what the events since the last time have changed."""
        for rule_id, left in self._left.items():
            counted.leave(rule_id, left)
        self._left = {}
        keys, settled = program.ran(), program.settled()
        before = self._begin(program, settled)
        for one in settled:
            keys.add(one.key)
            whole = _with(one, before.get(one.rule_id))
            counted.rules[one.rule_id] = self._rule_count(whole)
        for key in keys:
            counted.tallies += self._moved(program, key)
        for rule_id, counts in program.counted().items():
            if counts != self._any_key.get(rule_id):
                self._any_key[rule_id] = counts
                counted.rules[rule_id] = _whole(rule_id, counts)

    def _begin(
        self, program: ChoosingProgram, settled: Iterable[Settled]
    ) -> dict[int, Counts]:
        """Read how rules had fared that were loaded and are settled first now."""
        before = {}
        for some in portions(
            [one.rule_id for one in settled if not one.is_whole], _AT_ONCE
        ):
            for rule in Rule.objects.filter(pk__in=some):
                before[rule.pk] = self.counted_when_loaded(rule)
                program.index.begin_with(rule.pk, before[rule.pk])
        return before

    def _rule_count(self, one: Settled) -> RuleCount:
        tallies = self._by_key.setdefault(one.key, {})
        tally = tallies.get(one.fields)
        if tally is None:
            tally = tallies[one.fields] = KeyTally(key=one.key, fields=one.fields)
        truth = _TRUTHS[one.truth]
        return RuleCount(
            rule_id=one.rule_id,
            ran=one.ran - tally.before,
            passed=one.passed - tally.before * (truth is True),
            unknown=one.unknown - tally.before * (truth is None),
            truth=truth,
            tally=tally,
        )

    def _moved(self, program: ChoosingProgram, key: str) -> Iterable[KeyTally]:
        for tally in self._by_key.get(key, {}).values():
            runs = tally.before + program.runs(key, tally.fields)
            if runs != tally.runs or tally.tally_id is None:
                tally.runs = runs
                yield tally


def interest_of(fields: Iterable[str]) -> str:
    """Return what stands for a set of fields: short, and the same for ever."""
    written = "\n".join(sorted(fields))
    return hashlib.blake2b(written.encode(), digest_size=8).hexdigest()


class _TallyRow(NamedTuple):
    lane_id: int
    key: str
    interest: str
    runs: int
    run_at: datetime


class _MovedRow(NamedTuple):
    runs: int
    run_at: datetime
    id: int


def save_tallies(lane: Lane, tallies: Sequence[KeyTally], now: datetime) -> None:
    """Store the tallies that events have moved, and name those that are new."""
    moved = [_MovedRow(one.runs, now, one.tally_id) for one in tallies if one.tally_id]
    update_rows(Tally, moved, unique=("id",))
    new = [one for one in tallies if one.tally_id is None]
    if not new:
        return
    rows = [_TallyRow(lane.pk, one.key, one.interest, one.runs, now) for one in new]
    replace_rows(Tally, rows, unique=("lane_id", "key", "interest"))
    _name_tallies(lane, new)


def _name_tallies(lane: Lane, new: Sequence[KeyTally]) -> None:
    # A program that was just loaded settles all its keys at once.
    for some in portions(new, _AT_ONCE):
        stored = Tally.objects.filter(lane=lane, key__in={one.key for one in some})
        ids = {
            (key, interest): tally_id
            for tally_id, key, interest in stored.values_list("pk", "key", "interest")
        }
        for one in some:
            one.tally_id = ids[one.key, one.interest]


def _with(one: Settled, before: Counts | None) -> Settled:
    if before is None:
        return one
    return one._replace(
        ran=one.ran + before.ran,
        passed=one.passed + before.passed,
        unknown=one.unknown + before.unknown,
    )


def _whole(rule_id: int, counts: Counts) -> RuleCount:
    return RuleCount(
        rule_id=rule_id, ran=counts.ran, passed=counts.passed, unknown=counts.unknown
    )
