"""A program that runs plain rules only where something can come of it.

``choose`` takes in the events of a stretch at once and finds, by the index, the runs at
which a rule may change its instance or raise an alert; ``rules_on`` then names these
and no others, so that ``step`` decides exactly them. Whatever the index cannot follow
is run on every event that the rule reads, as by any other program. To choose too much
costs time and changes nothing; how often rules ran is counted by the index.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain

from rules.columns.cooling import Repeats
from rules.columns.events import Events
from rules.columns.failing import Failing
from rules.columns.index import FEW
from rules.columns.indexed import NO_SERIES, IndexedProgram, Values
from rules.columns.memories import InstanceId, Memories
from rules.columns.predicates import Predicates
from rules.columns.stretches import Stretch
from rules.columns.truth import FALSE, TRUE, UNKNOWN
from rules.engine import (
    CompiledRule,
    Counts,
    Event,
    Instance,
    KeyFacts,
    Series,
    Specification,
    StepResult,
    Subject,
    Truth,
    may_repeat,
    quiet_times,
)

_SENT_ALONE = {number: Counts(sent=number) for number in (0, 1)}
_TRUTHS: Mapping[Truth, int] = {True: TRUE, False: FALSE, None: UNKNOWN}


class ChoosingProgram(IndexedProgram):
    """The rules of a lane, of which those run that an event may change.

    A stretch of events is chosen from before it is judged; what ``step`` decides of
    each event is noted before the next is judged.
    """

    def __init__(
        self,
        series: Mapping[str, Series] = NO_SERIES,
        *,
        home: str,
        few: int = FEW,
    ) -> None:
        super().__init__(series, home=home, few=few)
        self._repeats = Repeats()
        self._failing = Failing()
        self._memories = Memories()
        self._ran: set[str] = set()
        self._stretch = Stretch()

    def put(self, rule_id: int, version: int, specification: Specification) -> None:
        """Take in a rule, in place of the version that was here.

        The facts that it ``lacks`` are learnt before, and its instances are named that
        remember something.
        """
        super().put(rule_id, version, specification)
        if self.is_followed(rule_id):
            for key in self._memories.keys_of(rule_id, self.index.key_of(rule_id)):
                self.index.tell_again(self.home, key, rule_id)

    def remove(self, rule_id: int) -> None:
        """Take out a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        if self.is_followed(rule_id):
            own_key = self.index.key_of(rule_id)
            self._repeats.drop(rule_id, own_key)
            self._failing.drop(rule_id, own_key)
        super().remove(rule_id)

    def load(self, table: Predicates, values: Values) -> list[tuple[str, int]]:
        """Take in many rules by their predicates, with the facts as they are.

        The rules are none of those here; the instances are named before that remember
        something.
        """
        true = super().load(table, values)
        self._memories.await_keys(true)
        return true

    def ran(self) -> set[str]:
        """Name the keys whose events ran rules since asked last."""
        ran, self._ran = self._ran, set()
        return ran

    def remember(self, instances: Iterable[InstanceId]) -> None:
        """Name instances that remember something from before: they may change."""
        self._memories.add(instances)

    def is_remembered(self, rule_id: int, key: str) -> bool:
        """Tell whether an instance may remember something."""
        return self._memories.has(rule_id, key)

    def choose(
        self, events: Iterable[Event], facts: Mapping[Subject, KeyFacts]
    ) -> None:
        """Choose the runs of events that are judged next, in the order of the lane.

        1. Events of other datasets, and guests, run no rule that is followed.
        2. Events that are late or move no facts are none of the index's: every rule is
           run that they would run.
        3. Of the others, runs are chosen at which a rule turns true, or is true no more
           and its instance may remember that it was.
        4. Rules of which more may come while their truth stays are chosen at every run
           outside of their quiet times: of those that stay true and may be told again
           these are their cool-downs, of those that wait for what lasts its length.

        ``facts`` are those of the events' subjects, as they are before.
        """
        self._repeats.settle()
        self._stretch = Stretch()
        usual: list[Event] = []
        watermarks: dict[str, datetime | None] = {}
        for event in events:
            if event.series != self.home or event.is_guest:
                continue
            late = self._is_late(event, watermarks, facts)
            if event.moves_facts and not late:
                usual.append(event)
                continue
            self._choose_changes(usual)
            usual = []
            self._choose_all(event, late=late)
        self._choose_changes(usual)
        self.have_at_hand(self._stretch.rules())

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
                self._note_run(rule_id, event, counted, instances)
        for rule_id in result.errors:
            self._note_failure(rule_id, event)
        self.note_fired(result)
        return counts

    def note_fired(self, result: StepResult) -> None:
        """Note what timers changed: what that is, only the next run of a rule tells."""
        for rule_id, key in result.instances:
            if rule_id not in result.counts and self.is_followed(rule_id):
                self._repeats.ask(key, rule_id)

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
        if mark is not None and event.at < mark - self.lateness_of(self.home):
            return True
        if event.moves_facts and (mark is None or event.at > mark):
            watermarks[event.key] = event.at
        return False

    def _choose_changes(self, events: Sequence[Event]) -> None:
        """Choose of events that the index takes in."""
        if not events:
            return
        self._tell_again(events)
        raises = [event.raises for event in events]
        self._ran.update(event.key for event in events if event.raises)
        flips = self.index.flips(
            Events(
                self.home,
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
                self.index.tell_again(self.home, event.key, rule_id)

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
        self.have_at_hand(chosen)
        # One that could not be read is here no more.
        found += [self.rule(one) for one in chosen if self.is_followed(one)]
        return sorted(found, key=_id_of)

    def _is_counted(self, event: Event) -> bool:
        """Tell whether the index took in an event that runs rules."""
        is_seen = event.position not in self._stretch.uncounted
        is_own = event.series == self.home and not event.is_guest
        return is_own and event.raises and is_seen

    def _runs(self, rule_id: int, event: Event) -> bool:
        """Tell whether an event of its key runs a rule, if it is still here."""
        if not self.is_followed(rule_id):
            return False
        return not self.index.fields_of(rule_id).isdisjoint(event.fields)

    def _tell_again(self, events: Iterable[Event]) -> None:
        """Have loaded rules tell their truth at the next run of a key that is met."""
        for rule_id, key in self._memories.met(event.key for event in events):
            if self.is_followed(rule_id):
                self.index.tell_again(self.home, key, rule_id)

    def _note_run(
        self,
        rule_id: int,
        event: Event,
        counted: Counts,
        instances: Mapping[InstanceId, Instance],
    ) -> None:
        """Note whether more may come of a truth that stays, and count what is to be."""
        key = event.key
        is_counted = event.position not in self._stretch.uncounted
        if is_counted:
            self._failing.drop(rule_id, key)
        else:
            self.index.note(rule_id, counted)
            if not counted.passed:
                return
        specification = self.rule(rule_id).specification
        instance, truth = instances.get((rule_id, key)), _truth_of(counted)
        if instance is None or not may_repeat(specification, instance, truth):
            self._repeats.drop(rule_id, key)
            return
        if is_counted:
            self._repeats.begin(key, rule_id, _TRUTHS[truth])
        self._repeats.keep_quiet(key, rule_id, quiet_times(specification, instance))

    def _note_failure(self, rule_id: int, event: Event) -> None:
        """Take back that a rule ran, which could not be judged, and ask it again."""
        position, key = event.position, event.key
        if not self.is_followed(rule_id) or position in self._stretch.uncounted:
            return
        truth = self._repeats.truth_of(rule_id, key)
        truth = self._failing.on(key).get(rule_id, truth)
        truth = self._stretch.chosen.get(position, {}).get(rule_id, truth)
        passed, unknown = truth == TRUE, truth == UNKNOWN
        self.index.note(
            rule_id,
            Counts(ran=-1, passed=-passed, failed=passed - 1, unknown=-unknown),
        )
        self._failing.note(key, rule_id, truth)


def _truth_of(counted: Counts) -> Truth:
    return None if counted.unknown else counted.passed > 0


def _id_of(rule: CompiledRule) -> int:
    return rule.rule_id
