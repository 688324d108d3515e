"""A program that runs plain rules only where something can come of it.

``choose`` takes in the events of a stretch at once and finds, by the index, the runs at
which a rule may change its instance or raise an alert; ``rules_on`` then names these
and no others, so that ``step`` decides exactly them. Whatever the index cannot follow
is run on every event that the rule reads, as by any other program. To choose too much
costs time and changes nothing; how often rules ran is counted by the index.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from rules.columns.cooling import Repeats
from rules.columns.events import Events
from rules.columns.failing import Failing
from rules.columns.index import FEW, Index
from rules.columns.settling import Settled
from rules.columns.trees import Tree, compile_rule, leaves_of
from rules.columns.truth import TRUE, UNKNOWN
from rules.engine import (
    CompiledRule,
    Counts,
    Event,
    Instance,
    KeyFacts,
    Position,
    Program,
    Series,
    Specification,
    StepResult,
    Subject,
    Value,
    may_repeat,
    quiet_times,
)

InstanceId = tuple[int, str]
Values = Mapping[str, Mapping[str, Value]]
"""The last values of fields, by key."""

_NO_SERIES: Mapping[str, Series] = {}
_SENT_ALONE = {number: Counts(sent=number) for number in (0, 1)}


@dataclass(slots=True)
class _Stretch:
    """What was chosen of the events between two changes: rules, by position.

    ``chosen`` has their truth by the index, ``uncounted`` the events that it did not
    see, ``opened`` the rules by key that may come to remember something on the way.
    """

    chosen: dict[Position, dict[int, int]] = field(default_factory=dict)
    uncounted: set[Position] = field(default_factory=set)
    opened: dict[str, set[int]] = field(default_factory=dict)

    def choose(self, event: Event, rule_id: int, truth: int) -> None:
        """Choose a run."""
        self.chosen.setdefault(event.position, {})[rule_id] = truth

    def open(self, key: str, rules: Iterable[int]) -> None:
        """Note that some rules may come to remember something of a key."""
        self.opened.setdefault(key, set()).update(rules)

    def is_opened(self, key: str, rule_id: int) -> bool:
        """Tell whether a rule may by now remember something of a key."""
        return rule_id in self.opened.get(key, ())


class ChoosingProgram(Program):
    """The rules of a lane, of which those on ``home`` alone are followed by an index.

    A stretch of events is chosen from before it is judged; what ``step`` decides of
    each event is noted before the next is judged.
    """

    def __init__(
        self,
        series: Mapping[str, Series] = _NO_SERIES,
        *,
        home: str,
        few: int = FEW,
    ) -> None:
        super().__init__(series)
        self.index = Index(series, few=few)
        self._home = home
        self._repeats = Repeats()
        self._failing = Failing()
        self._remembered: dict[int, set[str]] = {}
        self._any_key: set[int] = set()
        self._ran: set[str] = set()
        self._stretch = _Stretch()

    def put(
        self,
        rule_id: int,
        version: int,
        specification: Specification,
    ) -> None:
        """Take in a rule, in place of the version that was here.

        The facts that it ``lacks`` are learnt before, and its instances are named that
        remember something.
        """
        tree = self._follow(specification)
        if tree is None:
            super().put(rule_id, version, specification)
            return
        if rule_id in self:
            self.remove(rule_id)
        self._rules[rule_id] = self._compile(rule_id, version, specification)
        self.index.put_tree(rule_id, tree)
        if specification.any_key:
            self._any_key.add(rule_id)
        for key in self._remembered.get(rule_id, ()):
            self.index.tell_again(self._home, key, rule_id)

    def remove(self, rule_id: int) -> None:
        """Take out a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        if not self.is_followed(rule_id):
            super().remove(rule_id)
            return
        own_key = self._rules.pop(rule_id).own_key
        self._any_key.discard(rule_id)
        self.index.remove(rule_id)
        self._repeats.drop(rule_id, own_key)
        self._failing.drop(rule_id, own_key)

    def is_followed(self, rule_id: int) -> bool:
        """Tell whether the index follows a rule, and counts its runs."""
        return self.index.is_followed(rule_id)

    def lacks(self, specification: Specification) -> set[str]:
        """Name the fields of which facts are to be learnt before a rule is put."""
        tree = self._follow(specification)
        fields = {leaf.place.field for leaf in leaves_of(tree)} if tree else set()
        return fields - self.index.open_series(self._home).columns.keys()

    def learn(self, fields: Set[str], values: Values) -> None:
        """Take in some fields of all keys, with their values as they are now."""
        series = self.index.open_series(self._home)
        for name in sorted(fields):
            series.column(name)
        known = [
            {name: one[name] for name in fields & one.keys()} for one in values.values()
        ]
        self.index.learn(Events(self._home, list(values), known))

    def settled(self) -> list[Settled]:
        """Give the counters of rules on one key that were settled since asked last."""
        return self.index.settled()

    def counted(self) -> dict[int, Counts]:
        """Give the counters of all rules on any key."""
        return {rule_id: self.index.counts(rule_id) for rule_id in self._any_key}

    def runs(self, key: str, fields: Iterable[str]) -> int:
        """Count the events of a key that ran the rules on some fields."""
        return self.index.runs(self._home, key, fields)

    def ran(self) -> set[str]:
        """Name the keys whose events ran rules since asked last."""
        ran, self._ran = self._ran, set()
        return ran

    def set_series(self, series: Mapping[str, Series]) -> None:
        """Note what is to be known of datasets from now on."""
        self.series.update(series)
        self.index.set_series(series)

    def remember(self, instances: Iterable[InstanceId]) -> None:
        """Name instances that remember something from before: they may change."""
        for rule_id, key in instances:
            self._remembered.setdefault(rule_id, set()).add(key)

    def is_remembered(self, rule_id: int, key: str) -> bool:
        """Tell whether an instance may remember something."""
        return key in self._remembered.get(rule_id, ())

    def choose(
        self, events: Iterable[Event], facts: Mapping[Subject, KeyFacts]
    ) -> None:
        """Choose the runs of events that are judged next, in the order of the lane.

        1. Events of other datasets run no rule that is followed.
        2. Events that are late or move no facts are none of the index's: every rule is
           run that they would run.
        3. Of the others, runs are chosen at which a rule turns true, or is true no more
           and its instance may remember that it was.
        4. Rules that stay true and may be told again are chosen at every run outside of
           their cool-downs.

        ``facts`` are those of the events' subjects, as they are before.
        """
        self._repeats.settle()
        self._stretch = _Stretch()
        usual: list[Event] = []
        watermarks: dict[str, datetime | None] = {}
        for event in events:
            if event.series != self._home:
                continue
            late = self._is_late(event, watermarks, facts)
            if event.moves_facts and not late:
                usual.append(event)
                continue
            self._choose_changes(usual)
            usual = []
            self._choose_all(event, late=late)
        self._choose_changes(usual)

    def rules_on(self, event: Event) -> list[CompiledRule]:
        """Find the rules to run at an event, in the order of their ids."""
        asked = self._repeats.asked_at(event.key, event.at)
        return self._rules_on(event, asked)

    def may_run(self, event: Event) -> list[CompiledRule]:
        """Find the rules that an event may run, whatever happens before it."""
        asked = {*self._repeats.asked(event.key)}
        return self._rules_on(event, asked | self._stretch.opened.get(event.key, set()))

    def note(
        self,
        event: Event,
        result: StepResult,
        instances: Mapping[InstanceId, Instance],
    ) -> Mapping[int, Counts]:
        """Note what was decided of an event; give the counts that the index has not.

        ``instances`` are all that the event touched, as they are now.
        """
        self.remember(result.instances)
        counts = {}
        for rule_id, counted in result.counts.items():
            counts[rule_id] = counted
            if self.is_followed(rule_id):
                counts[rule_id] = _SENT_ALONE[counted.sent]
                self._note_run(rule_id, event, counted)
                if counted.passed:
                    self._note_quiet(rule_id, event.key, instances)
        for rule_id in result.errors:
            self._note_failure(rule_id, event)
        return counts

    def _follow(self, specification: Specification) -> Tree | None:
        """Compile a rule that the index can follow: it reads one key, or any."""
        tree = compile_rule(specification, self.series)
        if tree is None:
            return None
        places = {(leaf.place.series, leaf.place.key) for leaf in leaves_of(tree)}
        series, _ = next(iter(places))
        return tree if len(places) == 1 and series == self._home else None

    def _is_late(
        self,
        event: Event,
        watermarks: dict[str, datetime | None],
        facts: Mapping[Subject, KeyFacts],
    ) -> bool:
        """Tell whether an event is late, and move its key's watermark if not."""
        if event.key not in watermarks:
            known = facts.get(event.subject)
            watermarks[event.key] = known.watermark if known else None
        mark = watermarks[event.key]
        if mark is not None and event.at < mark - self.lateness_of(self._home):
            return True
        if event.moves_facts and (mark is None or event.at > mark):
            watermarks[event.key] = event.at
        return False

    def _choose_changes(self, events: Sequence[Event]) -> None:
        """Choose of events that the index takes in."""
        if not events:
            return
        raises = [event.raises for event in events]
        self._ran.update(event.key for event in events if event.raises)
        flips = self.index.flips(
            Events(
                self._home,
                [event.key for event in events],
                [event.fields for event in events],
                None if all(raises) else raises,
            )
        )
        stretch = self._stretch
        for place, rule_id, truth in flips:
            event = events[place]
            named = (rule_id, event.key)
            if truth == TRUE:
                stretch.open(event.key, [rule_id])
                stretch.choose(event, rule_id, truth)
            elif (
                stretch.is_opened(event.key, rule_id)
                or self.is_remembered(*named)
                or rule_id in self._failing.on(event.key)
            ):
                stretch.choose(event, rule_id, truth)
        for event in events:
            self._repeats.wake(event.key, event.at)

    def _choose_all(self, event: Event, *, late: bool) -> None:
        """Choose all rules that an event would run; the index does not see it."""
        if not event.raises:
            return
        rules = self.index.rules_on(event.series, event.key, event.fields)
        self._stretch.uncounted.add(event.position)
        self._stretch.chosen[event.position] = dict.fromkeys(rules, UNKNOWN)
        self._stretch.open(event.key, rules)
        self._repeats.wake_all(event.key, rules)
        if not late:
            # What these runs have rules remember is not what their facts say.
            for rule_id in rules:
                self.index.tell_again(self._home, event.key, rule_id)

    def _rules_on(self, event: Event, asked: Iterable[int]) -> list[CompiledRule]:
        """Find the rules that are not followed, those chosen, and of some asked."""
        found = super().rules_on(event)
        chosen = set(self._stretch.chosen.get(event.position, ()))
        if self._is_counted(event):
            failing = self._failing.on(event.key)
            candidates = chain(asked, failing)
            chosen.update(one for one in candidates if self._runs(one, event))
        if not chosen:
            return found
        found += [self.rule(rule_id) for rule_id in chosen]
        return sorted(found, key=_id_of)

    def _is_counted(self, event: Event) -> bool:
        """Tell whether the index took in an event that runs rules."""
        is_seen = event.position not in self._stretch.uncounted
        return event.series == self._home and event.raises and is_seen

    def _runs(self, rule_id: int, event: Event) -> bool:
        """Tell whether an event of its key runs a rule."""
        triggers = self.rule(rule_id).specification.triggers
        return any(fact.root in event.fields for fact in triggers)

    def _note_run(self, rule_id: int, event: Event, counted: Counts) -> None:
        """Note that a rule is true from now on, or no more, and count what is to be."""
        if event.position in self._stretch.uncounted:
            self.index.note(rule_id, counted)
            return
        self._failing.drop(rule_id, event.key)
        if counted.passed:
            self._repeats.begin(event.key, rule_id)
        else:
            self._repeats.drop(rule_id, event.key)

    def _note_quiet(
        self, rule_id: int, key: str, instances: Mapping[InstanceId, Instance]
    ) -> None:
        instance = instances.get((rule_id, key))
        if instance is None:
            return
        specification = self.rule(rule_id).specification
        if may_repeat(specification, instance):
            quiet = quiet_times(specification, instance)
            self._repeats.keep_quiet(key, rule_id, quiet)
        else:
            self._repeats.drop(rule_id, key)

    def _note_failure(self, rule_id: int, event: Event) -> None:
        """Take back that a rule ran, which could not be judged, and ask it again."""
        position, key = event.position, event.key
        if not self.is_followed(rule_id) or position in self._stretch.uncounted:
            return
        truth = self._failing.on(key).get(rule_id, TRUE)
        truth = self._stretch.chosen.get(position, {}).get(rule_id, truth)
        passed, unknown = truth == TRUE, truth == UNKNOWN
        self.index.note(
            rule_id,
            Counts(ran=-1, passed=-passed, failed=passed - 1, unknown=-unknown),
        )
        self._failing.note(key, rule_id, truth)


def _id_of(rule: CompiledRule) -> int:
    return rule.rule_id
