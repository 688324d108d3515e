"""Judging events one by one, by what is known of each rule."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from tests.rules.engine.reference.comparing import rises
from tests.rules.engine.reference.episodes import (
    Named,
    Place,
    Rule,
    Timer,
    Told,
)
from tests.rules.engine.reference.newness import NOBODY, Newness, tells_only_new
from tests.rules.engine.reference.reading import (
    Definition,
    Subject,
    all_conditions,
    all_nodes,
    fact_of,
    facts_of,
    feed_every,
    is_active,
    key_of,
    subject_of,
)
from tests.rules.engine.reference.spells import MODIFIERS
from tests.rules.engine.reference.truth import MOVES, Moment, recovery_of

MEMORIES = {*MOVES, "silent"}


class ReferenceEvaluator(Newness):
    """Judges events in lane order, under the rules as they stand at each."""

    def __init__(
        self,
        rules: Iterable[tuple[int, int, Definition, str]] = (),
        lateness: timedelta = timedelta(seconds=60),
    ) -> None:
        super().__init__()
        self.lateness = lateness
        for rule_id, version, definition, _workspace in rules:
            self.put(rule_id, version, definition)

    def put(self, rule_id: int, version: int, definition: Definition) -> None:
        """Take a rule in; what was told through outputs it lacks is forgotten."""
        self.rules[rule_id] = Rule(version, definition)
        so_far = {subject: len(events) for subject, events in self.history.items()}
        self.began.setdefault(rule_id, so_far)
        slugs = {output["output"] for output in definition.get("outputs", [])}
        self.tellings = [
            telling
            for telling in self.tellings
            if telling[0] != rule_id or telling[2] in slugs or telling[2] == "(feed)"
        ]

    def remove(self, rule_id: int) -> list[Told]:
        """Take a rule out: what is open closes, nowhere; cool-downs are kept."""
        self.rules.pop(rule_id, None)
        self.finished.discard(rule_id)
        self.began.pop(rule_id, None)
        closed = [
            opened._replace(kind="closed", seq=0, ord=0, told=(), severity="")
            for opened in self.open.values()
            if opened.rule_id == rule_id
        ]
        for known in (
            self.open,
            self.last_truth,
            self.sides,
            self.seen,
            self.courses,
            self.bases,
            self.unusual,
            self.tumbled,
            self.looked,
            self.alerted,
            self.told_at,
            self.severities,
            self.since,
            self.timers,
            self.clocks,
            self.old,
        ):
            for named in [one for one in known if one[0] == rule_id]:
                del known[named]  # type: ignore[arg-type] # each by its own kind of key
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
        late: bool | None = None,
    ) -> list[Told]:
        """Judge one event and give what happened, rules in the order of their ids."""
        watermark = self.watermarks.get((series, key))
        if late is None:
            late = bool(watermark and watermark - at > self.lateness)
        run = [
            (rule_id, key_of(rule.definition, key))
            for rule_id, rule in self.rules.items()
            if self._runs(rule, series, key, fields)
        ]
        happened = [] if late else self._fire((series, key), run, at, (seq, ord))
        self.history[series, key].append(fields)
        self.times[series, key].append(at)
        self.watermarks[series, key] = max(watermark or at, at)
        for named in sorted(run):
            if not late:
                self._tell_time(named, at, moves=moves_facts)
            if raises and self._sees(named[0], late=late):
                happened += self._run(
                    named, (series, key), at, (seq, ord), keeps=moves_facts
                )
            elif not late:
                self._observe(named, (series, key), at, keeps=moves_facts)
        if late or not moves_facts:
            self.history[series, key].pop()
            self.times[series, key].pop()
            del self.watermarks[series, key]
            if watermark is not None:
                self.watermarks[series, key] = watermark
        return happened

    def _sees(self, rule_id: int, *, late: bool) -> bool:
        """Tell whether an event runs a rule: not if it is done, or must not see it."""
        if rule_id in self.finished:
            return False
        return not (late and self._has_memory(self.rules[rule_id]))

    def _tell_time(self, named: Named, at: datetime, *, moves: bool) -> None:
        """Note the newest time of an event that stays."""
        if moves:
            self.clocks[named] = max(at, self.clocks.get(named, at))

    def tick(
        self, rule_id: int, key: str, at: datetime, seq: int, ord_: int
    ) -> list[Told]:
        """Fire the timers of one instance that are due."""
        return self._fire_of([(rule_id, key)], at, (seq, ord_))

    def _fire(
        self, subject: Subject, run: list[Named], at: datetime, place: Place
    ) -> list[Told]:
        """Fire the timers that an event of a subject, or one that runs them, finds."""
        armed = {(one.rule_id, one.key) for one in self.timers}
        mine = [
            (rule_id, key)
            for rule_id, key in armed
            if subject_of(self.rules[rule_id].definition, key) == subject
        ]
        return self._fire_of([*mine, *run], at, place)

    def _fire_of(
        self, named: Iterable[Named], at: datetime, place: Place
    ) -> list[Told]:
        """Fire timer after timer, always the first that is due."""
        named = set(named)
        happened: list[Told] = []
        while True:
            due = [
                (when, *timer)
                for timer, when in self.timers.items()
                if (timer.rule_id, timer.key) in named and when <= at
            ]
            if not due:
                return happened
            when, rule_id, key, kind = min(due)
            del self.timers[Timer(rule_id, key, kind)]
            timer = Timer(rule_id, key, kind)
            if rule_id not in self.finished:
                happened += self._fire_one(timer, when, place, until=at)

    def _runs(
        self, rule: Rule, series: str, key: str, fields: Mapping[str, object]
    ) -> bool:
        facts = facts_of(rule.definition)
        heard = [
            fact_of(one["fact"], rule.definition)
            for one in all_conditions(rule.definition)
            if one["op"] == "silent"
        ]
        starred = [fact for fact in facts if fact[1] == "*"]
        return any(
            fact[0] == series
            and fact[1] in ("*", key)
            and (fact[2] in fields or fact in heard)
            for fact in starred or facts
        )

    def _has_memory(self, rule: Rule) -> bool:
        if rule.definition.get("kind") == "state" or mode_of(rule) != "every_match":
            return True
        if tells_only_new(rule.definition):
            return True
        over_time = {*MODIFIERS, "sequence"}
        if any(over_time & node.keys() for node in all_nodes(rule.definition)):
            return True
        return any(
            one["op"] in MEMORIES or "over" in one
            for one in all_conditions(rule.definition)
        )

    def _moment(
        self, named: Named, subject: Subject, at: datetime, *, keeps: bool
    ) -> Moment:
        definition = self.rules[named[0]].definition
        moment = Moment(definition, named[1], self.history, subject, at)
        moment.watermarks = self.watermarks
        moment.times = self.times
        moment.began = self.began[named[0]]
        moment.clock = self.clocks.get(named, datetime.min.replace(tzinfo=UTC))
        moment.keeps = keeps
        moment.sides = self.sides.setdefault(named, {})
        moment.seen = self.seen.setdefault(named, {})
        moment.courses = self.courses.setdefault(named, {})
        moment.bases = self.bases.setdefault(named, {})
        moment.unusual = self.unusual.setdefault(named, {})
        moment.tumbled = self.tumbled.setdefault(named, {})
        moment.lateness = self.lateness
        moment.looked = self.looked.get(named, at)
        return moment

    def _observe(
        self,
        named: Named,
        subject: Subject,
        at: datetime,
        *,
        keeps: bool,
        is_event: bool = True,
        rests: bool = False,
    ) -> None:
        """Note when values leave the windows of a rule that does not run, or close."""
        moment = self._moment(named, subject, at, keeps=keeps)
        moment.is_event, moment.rests = is_event, rests
        moment.note_values()
        self._look(named, at)
        wakes = [wake for wake in moment.wakes if wake > at]
        if wakes:
            self._wake(named, "wake", wakes)
        if is_event and moment.leaving():
            self._wake(named, "lapse", moment.leaving())

    def _look(self, named: Named, at: datetime) -> None:
        """Note the newest time at which a rule looked."""
        self.looked[named] = max(at, self.looked.get(named, at))

    def _run(
        self,
        named: Named,
        subject: Subject,
        at: datetime,
        place: Place,
        timer: str = "",
        *,
        keeps: bool = True,
    ) -> list[Told]:
        rule = self.rules[named[0]]
        if not is_active(rule.definition, at):
            self._rest(named)
            is_event = not timer
            self._observe(
                named, subject, at, keeps=keeps, is_event=is_event, rests=True
            )
            return []
        moment = self._moment(named, subject, at, keeps=keeps)
        if timer == "lapse" and not moment.has_lapsed():
            self._wake(named, "lapse", moment.leaving())
            return []
        moment.is_event = not timer
        truth = moment.truth(rule.definition["when"])
        self.closes = moment.has_closed
        self._note_newness(named, subject, at, truth)
        recovered = recovery_of(moment, truth)
        moment.climb()
        self._look(named, at)
        self._wake(named, "wake", [wake for wake in moment.wakes if wake > at])
        self._wake(named, "lapse", moment.leaving())
        if timer == "wake" and at not in moment.wakes:
            return []
        counts = self._counts(named[0], truth, timer)
        here = Told(named[0], rule.version, named[1], "", *place, place, ())
        if rule.definition.get("kind") != "state":
            return self._begin(moment, self._signal(named, moment, here, truth, at))
        happened = self._go_on(moment, here, truth, recovered, at, counts=counts)
        return self._begin(moment, happened)

    def _begin(self, moment: Moment, happened: list[Told]) -> list[Told]:
        """Let what is measured from an alert begin with it."""
        if not any(one.kind in ("raised", "opened") for one in happened):
            return happened
        for condition in all_conditions(moment.definition):
            if "since" in condition:
                moment.begin_anew(condition)
        return [self._begin_severity(moment, one) for one in happened]

    def _go_on(
        self,
        moment: Moment,
        here: Told,
        truth: str,
        recovered: str,
        at: datetime,
        *,
        counts: bool,
    ) -> list[Told]:
        named = here.rule_id, here.key
        was_open = named in self.open
        happened = self._state(here, truth, recovered, at, counts=counts)
        if was_open:
            sends = counts and truth == "true"
            happened = (
                happened
                or self._change_severity(moment, here, at, counts=sends)
                or self._remind_if_moved(moment, here, at, counts=sends)
            )
        self._watch_silence(named, at)
        self._watch_reminders(named, moment, at, was_open=was_open)
        return happened

    def _fire_one(
        self, timer: Timer, at: datetime, place: Place, *, until: datetime
    ) -> list[Told]:
        """Fire a timer; one of silence, or of a reminder, is no run of the rule."""
        named, rule = (timer.rule_id, timer.key), self.rules[timer.rule_id]
        if timer.kind not in ("no_data", "remind"):
            return self._run(named, NOBODY, at, place, timer.kind)
        if not is_active(rule.definition, at):
            self._rest(named)
            if timer.kind == "remind":
                self._remind_next(named, at, until)
            return []
        moment = Moment(rule.definition, timer.key, self.history, NOBODY, at)
        if timer.kind == "remind":
            return self._remind_by_time(named, moment, at, until, place)
        return self._note_silence(named, at, place)

    def _counts(self, rule_id: int, truth: str, timer: str) -> bool:
        """Count a run, unless what was waited for came, or a value left."""
        if timer not in ("", "wake"):
            return False
        self._count(rule_id, truth)
        return True

    def _count(self, rule_id: int, truth: str) -> None:
        counts = self.counts.setdefault(rule_id, Counter())
        counts["ran"] += 1
        counts["passed" if truth == "true" else "failed"] += 1
        counts["unknown"] += truth == "unknown"

    def _signal(
        self, named: Named, moment: Moment, here: Told, truth: str, at: datetime
    ) -> list[Told]:
        rule = self.rules[named[0]]
        before = self.last_truth.get(named)
        self.last_truth[named] = truth
        mode = mode_of(rule)
        if truth != "true" or (mode == "on_enter" and before == "true"):
            return []
        if self.is_old:
            return []
        alerted, leading = named in self.alerted, moment.leading()
        if mode == "once_per_key" and alerted:
            return []
        if mode == "again_if_moved" and alerted:
            moved = rule.definition["raise"]["again_if_moved"]
            last = self.alerted[named]
            if last is not None and rises(leading, last, "change", moved) != "true":
                return []
        told = self._tell(rule, *named, at)
        feed = self._tell_one(*named, "(feed)", feed_every(rule.definition), at)
        self.counts[named[0]]["sent"] += bool(told)
        if told or feed:
            self.alerted[named] = leading
            if mode == "once":
                self.finished.add(named[0])
            return [here._replace(kind="raised", told=told)]
        return []


def mode_of(rule: Rule) -> str:
    """Name the mode of raising, by default that of the kind."""
    default = "on_enter" if rule.definition.get("kind") == "state" else "every_match"
    return str(rule.definition.get("raise", {}).get("mode", default))
