"""A version of a rule, ready to be asked why about one key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from datasets.services import (
    JudgedRecord,
    PastOfKey,
    Placed,
    is_own_key,
    key_as_stored,
    lane_of_key,
    past_of_key,
    past_told,
)
from rules.engine import (
    Condition,
    DefinitionInvalid,
    Event,
    GroupVerdict,
    InSequence,
    Instance,
    KeyFacts,
    Node,
    Position,
    Program,
    Series,
    Severity,
    Spell,
    Subject,
    Verdict,
    conditions_of,
    is_held_back,
    seen_at,
    subject_of,
)
from rules.models import Rule, Version
from rules.services.facts import (
    KnownDatasets,
    datasets_of,
    facts_as_forwarded,
    series_of,
    traits_of,
)
from rules.services.parsing import parse_rule
from rules.services.remembering import Remembered, meant_since, remembered_after
from workspaces.refusals import Clash, FieldError, Invalid

Facts = Mapping[Subject, KeyFacts]


class ExplanationInvalid(Invalid):
    """What was asked about does not go with the rule."""

    code = "explanation_invalid"

    def __init__(self, name: str, detail: str) -> None:
        error = FieldError(pointer=f"/{name}", code=self.code, detail=detail)
        super().__init__(detail, errors=[error])


class VersionUnreadable(Clash):
    """The version that was judged by cannot be read by this release."""

    code = "version_unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """A step of the ladder as it was found; `tree` is as that of the rule."""

    severity: Severity
    verdict: Verdict
    tree: Mapping[str, object]


class Question:
    """A version of a rule, ready to be asked about one key."""

    def __init__(self, rule: Rule, version: Version | None) -> None:
        if version is None:
            raise VersionUnreadable("This rule has no version; save it again.")
        try:
            self.spec = parse_rule(version.definition, workspace=rule.workspace.slug)
        except DefinitionInvalid as error:
            raise VersionUnreadable(
                f"Version {version.number} of this rule cannot be read: {error} Open "
                "the rule, mend that and save it again."
            ) from error
        self.version = version
        self.lane = version.lane
        self.name = series_of(self.lane.dataset)
        datasets = datasets_of(version)
        self.reads_several = len(datasets) > 1
        self.datasets = KnownDatasets(self.lane.dataset)
        self.series: dict[str, Series] = {}
        for dataset in datasets:
            self.datasets.add(dataset)
            self.series |= traits_of(dataset)
        self._program = Program(self.series)
        self._program.put(rule.pk, version.pk, self.spec)
        self._rule = self._program.rule(rule.pk)

    def key_asked(self, key: str) -> str:
        """Return the key to judge under; one of an any-key rule must be named."""
        asked = key_as_stored(self.lane.dataset, key)
        if self.spec.any_key:
            if not asked:
                raise ExplanationInvalid(
                    "key", "This rule watches every key; say which, as in ?key=MSFT."
                )
            return asked
        own = subject_of(self.spec.leading_fact, "", self.series)[1]
        if asked not in ("", own):
            raise ExplanationInvalid(
                "key", f"This rule has one instance, under {own}; ask about that key."
            )
        return own

    def ask_of(self, key: str) -> None:
        """Ask in the lane that judges a key, if several judge the rule."""
        if self.version.is_spread:
            self.lane = lane_of_key(self.version.lane.dataset, key)

    def key_of(self, event: Event) -> str:
        """Return the key of the instance that an event runs."""
        return self._rule.key_of(event)

    def subjects(self, key: str) -> set[Subject]:
        """Return whose facts the rule reads under a key."""
        return self._program.facts_of(self._rule.rule_id, key)

    @property
    def fields_read(self) -> frozenset[str]:
        """Return the fields that judging and telling read."""
        return frozenset(path.root for path in self._rule.reads)

    def pasts(
        self, key: str, *, before: Placed, also: Subject | None = None
    ) -> Mapping[Subject, PastOfKey]:
        """Return what the lane judged before a place, of all that a key reads."""
        subjects = self.subjects(key) | ({also} if also else set())
        return {subject: self._past(subject, before) for subject in subjects}

    def _past(self, subject: Subject, before: Placed) -> PastOfKey:
        """Return what home judged of a subject, or was told of it, before a place."""
        series, key = subject
        if series == self.name and is_own_key(self.lane, key):
            return past_of_key(lane=self.lane, key=key, before=before)
        dataset_id = self.datasets.id_of(series)
        return past_told(lane=self.lane, dataset_id=dataset_id, key=key, before=before)

    def keys_that_run(self, key: str) -> set[str]:
        """Return the keys whose events run the rule under a key."""
        return {subject_of(path, key, self.series)[1] for path in self.spec.triggers}

    def is_run_by(self, record: JudgedRecord) -> bool:
        """Tell whether a record carries what runs the rule."""
        return bool(self._program.rules_on(self.event(record)))

    def event(self, record: JudgedRecord) -> Event:
        """Return a record as the engine saw it."""
        return Event(
            series=self.datasets.series_of(record.dataset_id) or self.name,
            key=record.key,
            fields=record.fields,
            at=record.event_time,
            position=Position(seq=record.seq, ord=record.ord),
            raises=record.raises,
            moves_facts=record.moves_facts,
        )

    def replay(self, records: Iterable[JudgedRecord]) -> KeyFacts:
        """Return the facts of a key once its records have moved them."""
        facts = KeyFacts()
        for record in records:
            if record.stands:
                facts = facts.with_newer(
                    facts_as_forwarded(record.fields, record.event_time)
                )
            elif record.moves_facts and not record.is_late:
                facts = facts.take_in(self.event(record))
        return facts

    def memory(
        self, key: str, pasts: Mapping[Subject, PastOfKey], *, until: datetime
    ) -> Remembered:
        """Return what conditions remembered of a key once some records were judged.

        That is what windows held, what was counted or waited for, and on which side of
        a moving level a fact was; by an instant, whose timers have fired.
        """
        records = sorted(
            (one for past in pasts.values() for one in past.records if not one.is_late),
            key=lambda one: (one.seq, one.ord),
        )
        if not records or not self._remembers:
            return {}
        since = meant_since(
            self.version.rule, self.lane, records[-1].seq + 1, self.spec
        )
        return remembered_after(
            program=self._program,
            rule_id=self._rule.rule_id,
            key=key,
            facts={
                subject: self.replay(one for one in past.records if one.seq < since)
                for subject, past in pasts.items()
            },
            events=[
                self.event(one) for one in records if one.seq > since and not one.stands
            ],
            until=until,
        )

    @property
    def _remembers(self) -> bool:
        """Tell whether what makes it true depends on more than the facts."""
        over_time = (Spell, InSequence)
        return any(
            isinstance(one, over_time) or bool(one.memory_id or one.window_id)
            for one in self.spec.nodes()
            if isinstance(one, (*over_time, Condition))
        )

    def held_off(
        self, at: datetime, *, is_in_effect: bool, when: str = "then"
    ) -> Iterator[str]:
        """Say why the rule would run at no event of an instant."""
        if not is_in_effect and when == "now":
            yield "The rule is off."
        elif not is_in_effect:
            yield (
                "The rule was not in effect then: it was off, or not made yet. It is "
                f"judged here by version {self.version.number}."
            )
        if not self.spec.is_active(at):
            yield "This lies outside of the rule's active hours, or after its end."

    def held_back(
        self, facts: Facts, instance: Instance, at: datetime, *, truth: bool | None
    ) -> Iterator[str]:
        """Say why the rule does not tell of what is true now."""
        if truth and is_held_back(
            self.spec, facts, at=at, series=self.series, instance=instance
        ):
            yield (
                "This was so before the rule began, and the rule tells only what is "
                "new: once it was false, it is told of again."
            )

    def held_by(self, event: Event, record: JudgedRecord) -> Iterator[str]:
        """Say why the rule did not run at an event."""
        if not self._program.rules_on(event):
            yield "The record carries none of the facts that run the rule."
        if not event.raises:
            yield "The record was sent to move facts alone, and ran no rule."
        if record.is_late and not self._rule.sees_late_events:
            yield "The record came late, and the rule looks back in time."

    def ladder(
        self, judged: Callable[[Node], Verdict], facts: Facts, key: str, at: datetime
    ) -> Iterator[Rung]:
        """Judge each step of the ladder, in its order."""
        for place, step in enumerate(self.spec.ladder):
            verdict = judged(step.when)
            pointed = list(conditions_of(step.when, f"/ladder/{place}/when"))
            tree = self._tree(verdict, facts, key, at, pointed)
            yield Rung(severity=step.severity, verdict=verdict, tree=tree)

    def tree(
        self, verdict: Verdict, facts: Facts, key: str, at: datetime
    ) -> Mapping[str, object]:
        """Return a verdict as plain data, with the age of each value that was found."""
        return self._tree(verdict, facts, key, at, conditions_of(self.spec.when))

    def _tree(
        self,
        verdict: Verdict,
        facts: Facts,
        key: str,
        at: datetime,
        pointed: Iterable[tuple[str, Condition]],
    ) -> Mapping[str, object]:
        pointers = (pointer for pointer, _ in pointed)

        def grow(node: Verdict) -> Mapping[str, object]:
            if isinstance(node, GroupVerdict):
                members = [grow(member) for member in node.members]
                return {**node.to_json(), "members": members}
            seen = seen_at(node.condition, facts, key=key, series=self.series)
            age = None if seen is None else (at - seen).total_seconds()
            return {
                "pointer": next(pointers),
                **node.to_json(),
                "seen_at": seen,
                "age_seconds": age,
            }

        return grow(verdict)

    def gaps(self, facts: Facts, key: str, cut: set[Subject]) -> Iterator[str]:
        """Say which values the log may have lost, of keys not kept whole."""
        for path in self.spec.facts:
            subject = subject_of(path, key, self.series)
            known = facts[subject].values.get(path.root)
            if subject not in cut:
                continue
            if known is None:
                yield (
                    f"The log does not reach back to a value of {path.under(key)}; it "
                    "may have been known then."
                )
            elif self.spec.looks_back:
                yield (
                    f"The log of {path.under(key)} is not whole; what it was before "
                    "may lie further back."
                )
