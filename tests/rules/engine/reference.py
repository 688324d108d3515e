"""A slow and obvious judge of events, to hold the engine against.

It shares no code with the engine. It reads definitions as they are written, keeps the
whole history and asks it anew for every fact, compares numbers as fractions, and knows
no index and no state but what was told and what is open.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

Fields = Mapping[str, object]
Definition = Mapping[str, Any]  # Any: read as it is written, by its shape
Subject = tuple[str, str]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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
        for known in (self.open, self.last_truth):
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
                happened += self._run(rule_id, rule, key, at, seq, ord)
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
        return rule.definition.get("kind") == "state" or mode_of(rule) == "on_enter"

    def _run(
        self,
        rule_id: int,
        rule: Rule,
        event_key: str,
        at: datetime,
        seq: int,
        ord_: int,
    ) -> list[Told]:
        facts = facts_of(rule.definition)
        starred = any(fact[1] == "*" for fact in facts)
        key = event_key if starred else facts[0][1]
        truth = self._truth(rule.definition["when"], rule.definition, key)
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

    def _truth(self, node: Definition, definition: Definition, key: str) -> str:
        if "not" in node:
            inside = self._truth(node["not"], definition, key)
            return {"true": "false", "false": "true"}.get(inside, "unknown")
        for kind, decides, otherwise in (
            ("all", "false", "true"),
            ("any", "true", "false"),
        ):
            if kind in node:
                truths = {self._truth(one, definition, key) for one in node[kind]}
                if decides in truths:
                    return decides
                return "unknown" if "unknown" in truths else otherwise
        left = self._value(fact_of(node["fact"], definition), key)
        wanted = node["value"]
        if isinstance(wanted, dict):
            wanted = self._value(fact_of(wanted["fact"], definition), key)
        return compare(left, node["op"], wanted)

    def _value(self, fact: tuple[str, str, str], key: str) -> object:
        """Give what the last event to carry the fact's field said of it."""
        series, fact_key, field = fact
        wanted_key = key if fact_key == "*" else fact_key
        for fields in reversed(self.history[series, wanted_key]):
            if field in fields:
                return fields[field]
        return None


def compare(left: Any, op: str, right: Any) -> str:  # Any: asked before compared
    """Compare two values; unknown unless both are known and of one kind."""
    if isinstance(left, bool) and isinstance(right, bool):
        ordered = None
    elif is_number(left) and is_number(right):
        left, right = Fraction(left), Fraction(right)
        ordered = {"gt": left > right, "lt": left < right}
        ordered |= {"gte": not ordered["lt"], "lte": not ordered["gt"]}
    elif isinstance(left, str) and isinstance(right, str):
        ordered = None
    else:
        return "unknown"
    op = {">": "gt", "<": "lt", ">=": "gte", "<=": "lte"}.get(op, op)
    op = {"==": "eq", "=": "eq", "!=": "ne", "<>": "ne"}.get(op, op)
    if op in ("eq", "ne"):
        return "true" if (left == right) == (op == "eq") else "false"
    if ordered is None:
        return "unknown"
    return "true" if ordered[op] else "false"


def is_number(value: object) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | Decimal) and not isinstance(value, bool)


def facts_of(definition: Definition) -> list[tuple[str, str, str]]:
    """Name the facts of the conditions, those of ``watch`` first."""
    listed = definition.get("watch", {}).get("facts", [])
    found = [split(text) for text in listed]
    waiting = [definition["when"]]
    while waiting:
        node = waiting.pop(0)
        if "fact" in node:
            found.append(fact_of(node["fact"], definition))
            if isinstance(node["value"], dict):
                found.append(fact_of(node["value"]["fact"], definition))
        elif "not" in node:
            waiting.insert(0, node["not"])
        else:
            waiting[:0] = node.get("all") or node.get("any")
    return found


def fact_of(written: object, definition: Definition) -> tuple[str, str, str]:
    """Find the fact that a condition names, by number or in full."""
    if isinstance(written, str):
        return split(written)
    return split(definition["watch"]["facts"][written])


def split(text: str) -> tuple[str, str, str]:
    """Split a plain path into series, key and field."""
    workspace, dataset, *key, field = text.split(":")
    if dataset.upper() == "DATASET":
        dataset, key = key[0], ["*"]
    named = ":".join(key)
    named = "*" if named == "ANYEVENT" else named
    return f"{workspace}:{dataset}".upper(), named, field


def mode_of(rule: Rule) -> str:
    """Name the mode of raising, by default that of the kind."""
    default = "on_enter" if rule.definition.get("kind") == "state" else "every_match"
    return str(rule.definition.get("raise", {}).get("mode", default))


def every(written: Any) -> timedelta:
    """Read a cool-down, 60 seconds if nothing is said."""
    if written is None:
        return timedelta(seconds=60)
    if isinstance(written, str):
        return timedelta(seconds=float(written[:-1]) * UNITS[written[-1]])
    return timedelta(seconds=float(written))


def feed_every(definition: Definition) -> timedelta:
    """Give the feed's cool-down: the least of the outputs', 60 seconds without any."""
    outputs = definition.get("outputs", [])
    return min(
        (every(output.get("at_most_every")) for output in outputs),
        default=timedelta(seconds=60),
    )
