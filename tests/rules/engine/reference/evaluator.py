"""Judging events one by one, by what is known of each rule."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.rules.engine.reference.reading import (
    Definition,
    Fields,
    Subject,
    conditions_of,
    every,
    facts_of,
)
from tests.rules.engine.reference.truth import MOVES, Moment


class Told(NamedTuple):
    """One transition, in the fewest words that tell two apart."""

    rule_id: int
    version: int
    key: str
    kind: str
    seq: int
    ord: int
    opening: tuple[int, int]
    told: tuple[str, ...]


class Rule(NamedTuple):
    """A version of a rule, as its author wrote it."""

    version: int
    definition: Definition


class ReferenceEvaluator:
    """Judges events in lane order, under the rules as they stand at each."""

    def __init__(
        self,
        rules: Iterable[tuple[int, int, Definition, str]] = (),
        lateness: timedelta = timedelta(seconds=60),
    ) -> None:
        self.rules: dict[int, Rule] = {}
        self.counts: dict[int, Counter[str]] = {}
        self.lateness = lateness
        self.history: defaultdict[Subject, list[Fields]] = defaultdict(list)
        self.watermarks: dict[Subject, datetime] = {}
        self.tellings: list[tuple[int, str, str, datetime]] = []
        self.open: dict[tuple[int, str], Told] = {}
        self.last_truth: dict[tuple[int, str], object] = {}
        self.sides: dict[tuple[int, str], dict[str, int]] = {}
        for rule_id, version, definition, _workspace in rules:
            self.put(rule_id, version, definition)

    def put(self, rule_id: int, version: int, definition: Definition) -> None:
        """Take a rule in; what was told through outputs it lacks is forgotten."""
        self.rules[rule_id] = Rule(version, definition)
        slugs = {output["output"] for output in definition.get("outputs", [])}
        self.tellings = [
            telling
            for telling in self.tellings
            if telling[0] != rule_id or telling[2] in slugs or telling[2] == "(feed)"
        ]

    def remove(self, rule_id: int) -> list[Told]:
        """Take a rule out: what is open closes, nowhere; cool-downs are kept."""
        self.rules.pop(rule_id, None)
        closed = [
            opened._replace(kind="closed", seq=0, ord=0, told=())
            for opened in self.open.values()
            if opened.rule_id == rule_id
        ]
        for known in (self.open, self.last_truth, self.sides):
            for rule_and_key in [one for one in known if one[0] == rule_id]:
                del known[rule_and_key]
        return closed

    def judge(  # noqa: PLR0913 - the words of an event, so that any test can say them
        self,
        series: str,
        key: str,
        fields: Mapping[str, object],
        at: datetime,
        seq: int,
        ord: int,  # noqa: A002 - the lane's word for it
        *,
        raises: bool = True,
        moves_facts: bool = True,
    ) -> list[Told]:
        """Judge one event and give what happened, rules in the order of their ids."""
        watermark = self.watermarks.get((series, key))
        late = watermark is not None and watermark - at > self.lateness
        self.history[series, key].append(fields)
        happened = []
        for rule_id in sorted(self.rules) if raises else ():
            rule = self.rules[rule_id]
            if self._runs(rule, series, key, fields) and not (
                late and self._has_memory(rule)
            ):
                happened += self._run(rule_id, rule, (series, key), at, seq, ord)
        if late or not moves_facts:
            self.history[series, key].pop()
        else:
            self.watermarks[series, key] = max(watermark or at, at)
        return happened

    def _runs(
        self, rule: Rule, series: str, key: str, fields: Mapping[str, object]
    ) -> bool:
        facts = facts_of(rule.definition)
        starred = [fact for fact in facts if fact[1] == "*"]
        return any(
            fact_series == series and fact_key in ("*", key) and field in fields
            for fact_series, fact_key, field in starred or facts
        )

    def _has_memory(self, rule: Rule) -> bool:
        if rule.definition.get("kind") == "state" or mode_of(rule) == "on_enter":
            return True
        return any(one["op"] in MOVES for one in conditions_of(rule.definition["when"]))

    def _run(
        self,
        rule_id: int,
        rule: Rule,
        subject: Subject,
        at: datetime,
        seq: int,
        ord_: int,
    ) -> list[Told]:
        facts = facts_of(rule.definition)
        series, event_key = subject
        starred = any(fact[1] == "*" for fact in facts)
        key = event_key if starred else facts[0][1]
        moment = Moment(rule.definition, key, self.history, (series, event_key), at)
        moment.sides = self.sides.setdefault((rule_id, key), {})
        truth = moment.truth(rule.definition["when"])
        counts = self.counts.setdefault(rule_id, Counter())
        counts["ran"] += 1
        counts["passed" if truth == "true" else "failed"] += 1
        counts["unknown"] += truth == "unknown"
        before = self.last_truth.get((rule_id, key))
        self.last_truth[rule_id, key] = truth
        here = Told(
            rule_id, rule.version, key, "", seq, ord_, opening=(seq, ord_), told=()
        )
        if rule.definition.get("kind") == "state":
            return self._state(rule, here, truth, at)
        if truth != "true" or (mode_of(rule) == "on_enter" and before == "true"):
            return []
        told = self._tell(rule, rule_id, key, at)
        feed = self._tell_one(rule_id, key, "(feed)", feed_every(rule.definition), at)
        counts["sent"] += bool(told)
        return [here._replace(kind="raised", told=told)] if told or feed else []

    def _state(self, rule: Rule, here: Told, truth: str, at: datetime) -> list[Told]:
        open_now = self.open.get((here.rule_id, here.key))
        if truth == "true" and open_now is None:
            told = self._tell(rule, here.rule_id, here.key, at)
            self.counts[here.rule_id]["sent"] += bool(told)
            opened = here._replace(kind="opened", told=told)
            self.open[here.rule_id, here.key] = opened
            return [opened]
        if truth == "false" and open_now is not None:
            del self.open[here.rule_id, here.key]
            announced = rule.definition.get("raise", {}).get("resolved", True)
            return [
                here._replace(
                    kind="resolved",
                    version=open_now.version,
                    opening=open_now.opening,
                    told=open_now.told if announced else (),
                )
            ]
        return []

    def _tell(
        self, rule: Rule, rule_id: int, key: str, at: datetime
    ) -> tuple[str, ...]:
        return tuple(
            output["output"]
            for output in rule.definition.get("outputs", [])
            if self._tell_one(
                rule_id, key, output["output"], every(output.get("at_most_every")), at
            )
        )

    def _tell_one(
        self, rule_id: int, key: str, output: str, least: timedelta, at: datetime
    ) -> bool:
        times = [
            told_at
            for told_rule, told_key, told_output, told_at in self.tellings
            if (told_rule, told_key, told_output) == (rule_id, key, output)
        ]
        if times and max(at - times[-1], times[-1] - at) < least:
            return False
        self.tellings.append((rule_id, key, output, at))
        return True


def mode_of(rule: Rule) -> str:
    """Name the mode of raising, by default that of the kind."""
    default = "on_enter" if rule.definition.get("kind") == "state" else "every_match"
    return str(rule.definition.get("raise", {}).get("mode", default))


def feed_every(definition: Definition) -> timedelta:
    """Give the feed's cool-down: the least of the outputs', 60 seconds without any."""
    outputs = definition.get("outputs", [])
    return min(
        (every(output.get("at_most_every")) for output in outputs),
        default=timedelta(seconds=60),
    )
