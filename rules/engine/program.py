"""The program of a lane: its rules, found by the facts that run them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from rules.engine.errors import RuleNotInProgram
from rules.engine.events import (
    NO_SERIES,
    PLAIN_SERIES,
    AllSeries,
    Event,
    Subject,
    subject_of,
)
from rules.engine.nodes import Condition
from rules.engine.paths import FactPath
from rules.engine.specification import Mode, Specification, heard_by
from rules.engine.transitions import InstanceId

ALL_KEYS = ""
"""The key of the instance that all keys of a rule share; no event's key is blank."""

Trigger = tuple[str, str | None, str | None]
"""A series, a field, and a key; no field, and no key, mean any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledRule:
    """A version of a rule, ready to run.

    Of its conditions ``windowed`` ask about windows, ``moving`` how far a fact has
    moved since the last alert.
    """

    rule_id: int
    version: int
    specification: Specification
    own_key: str | None
    triggers: frozenset[Trigger]
    sees_late_events: bool
    windowed: tuple[Condition, ...] = ()
    moving: tuple[Condition, ...] = ()

    @property
    def tumbling(self) -> tuple[Condition, ...]:
        """Name the conditions whose windows close by time."""
        return tuple(one for one in self.windowed if one.window and one.window.tumbles)

    def key_of(self, event: Event) -> str:
        """Name the instance: the event's key, or the rule's only one."""
        return event.key if self.own_key is None else self.own_key

    @property
    def keeps_windows(self) -> bool:
        """Tell whether events must be seen also when the rule does not run."""
        return bool(self.windowed)

    @property
    def reads(self) -> tuple[FactPath, ...]:
        """Name the facts that judging and telling read."""
        return self.specification.facts + self.specification.include


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """The part of a lane's state that an event can touch."""

    facts: frozenset[Subject]
    instances: frozenset[InstanceId]


def _tell_nobody() -> None:
    """Watch nothing."""


class Program:
    """The rules of a lane, changed in place, indexed by the facts that run them.

    ``series`` tells what is to be known of the datasets whose facts the rules read.
    """

    def __init__(self, series: AllSeries = NO_SERIES) -> None:
        self.series = dict(series)
        self._rules: dict[int, CompiledRule] = {}
        self._triggered: dict[Trigger, dict[int, CompiledRule]] = {}
        self._keeping_time: set[int] = set()
        #: Called before each run of a rule, for whoever watches that judging goes on.
        self.before_run: Callable[[], object] = _tell_nobody

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._rules)

    def __contains__(self, rule_id: object) -> bool:
        """Tell whether a rule is in the program."""
        return rule_id in self._rules

    def put(self, rule_id: int, version: int, specification: Specification) -> None:
        """Take in a rule, in place of the version that was here."""
        if rule_id in self._rules:
            self.remove(rule_id)
        rule = self._compile(rule_id, version, specification)
        self._rules[rule_id] = rule
        if specification.keeps_time:
            self._keeping_time.add(rule_id)
        for trigger in rule.triggers:
            self._triggered.setdefault(trigger, {})[rule_id] = rule

    def remove(self, rule_id: int) -> None:
        """Take out a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        if rule_id not in self._rules:
            raise RuleNotInProgram(f"Rule {rule_id} is not in this program.")
        rule = self._rules.pop(rule_id)
        self._keeping_time.discard(rule_id)
        for trigger in rule.triggers:
            rules = self._triggered[trigger]
            del rules[rule_id]
            if not rules:
                del self._triggered[trigger]

    def rules_on(self, event: Event) -> list[CompiledRule]:
        """Find the rules that an event runs, in the order of their ids.

        A rule runs once for an event that carries at least one field its conditions
        read, under a key they name; one that listens for silence, for any event. A
        guest runs none on any key: its own lane does.
        """
        if not self._triggered:
            # As in a lane whose rules are all followed by columns.
            return []
        found: dict[int, CompiledRule] = {}
        keys = (event.key,) if event.is_guest else (event.key, None)
        for name in (*event.fields, None):
            for key in keys:
                if rules := self._triggered.get((event.series, name, key)):
                    found |= rules
        return [found[rule_id] for rule_id in sorted(found)]

    def may_run(self, event: Event) -> list[CompiledRule]:
        """Find the rules that an event may run, whatever happens before it."""
        return self.rules_on(event)

    @property
    def keeps_time(self) -> bool:
        """Tell whether any of the rules may have timers."""
        return bool(self._keeping_time)

    def rule(self, rule_id: int) -> CompiledRule:
        """Give a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        try:
            return self._rules[rule_id]
        except KeyError:
            raise RuleNotInProgram(f"Rule {rule_id} is not in this program.") from None

    def needs(self, event: Event) -> Needs:
        """Name the facts and instances to load before the event is judged.

        What armed instances need, whose timers the event may fire, comes on top.
        """
        facts = {event.subject}
        instances = set()
        for rule in self.may_run(event):
            key = rule.key_of(event)
            instances.add((rule.rule_id, key))
            instances |= self.shared_by(rule.rule_id)
            facts |= self.facts_of(rule.rule_id, key)
        return Needs(facts=frozenset(facts), instances=frozenset(instances))

    def facts_of(self, rule_id: int, key: str) -> set[Subject]:
        """Name the subjects whose facts a rule reads under a key."""
        reads = self.rule(rule_id).reads
        return {subject_of(path, key, self.series) for path in reads}

    def shared_by(self, rule_id: int) -> set[InstanceId]:
        """Name the instance that a rule's keys share, if it has one."""
        once = self.rule(rule_id).specification.mode is Mode.ONCE
        return {(rule_id, ALL_KEYS)} if once else set()

    def subject_of(self, rule: CompiledRule, key: str) -> Subject:
        """Name the subject of an instance, whose events fire its timers."""
        return rule.specification.leading_fact.series, key

    def lateness_of(self, series: str) -> timedelta:
        """Give how far behind its key's watermark an event of a series may come."""
        return self.series.get(series, PLAIN_SERIES).lateness

    def _compile(
        self, rule_id: int, version: int, specification: Specification
    ) -> CompiledRule:
        triggers = specification.triggers
        own_key = None
        if not triggers[0].any_key:
            own_key = subject_of(triggers[0], "", self.series)[1]
        conditions = [one for _, one in specification.conditions()]
        return CompiledRule(
            rule_id=rule_id,
            version=version,
            specification=specification,
            own_key=own_key,
            triggers=frozenset(self._triggers(triggers, conditions)),
            sees_late_events=not specification.looks_back,
            windowed=tuple(one for one in conditions if one.window is not None),
            moving=tuple(one for one in conditions if one.since is not None),
        )

    def _triggers(
        self, facts: Iterable[FactPath], conditions: Iterable[Condition]
    ) -> Iterator[Trigger]:
        listens_to = heard_by(conditions)
        for fact in facts:
            field = None if fact in listens_to else fact.root
            if fact.any_key:
                yield fact.series, field, None
            else:
                series, key = subject_of(fact, "", self.series)
                yield series, field, key
