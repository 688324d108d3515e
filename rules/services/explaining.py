"""Why a rule is true, false or unknown: now, or at a record of the past."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from datasets.models import Batch, BatchState, Lane, Origin
from datasets.services import (
    JudgedRecord,
    PastOfKey,
    find_judged,
    key_as_stored,
    load_facts,
    past_of_key,
)
from rules.engine import (
    DefinitionInvalid,
    Event,
    GroupVerdict,
    Instance,
    KeyFacts,
    NearestMiss,
    Position,
    Program,
    Specification,
    Subject,
    Verdict,
    conditions_of,
    cooling_until,
    judge_event,
    judge_facts,
    nearest_miss,
    seen_at,
    subject_of,
)
from rules.models import Instance as StoredInstance
from rules.models import Rule, Version
from rules.ports import AlertStep, ports
from rules.services.facts import facts_from, series_of, traits_of
from rules.services.parsing import parse_rule
from workspaces.access import Access, Need
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
class RecordPlace:
    """A record by its batch and its place in it."""

    batch: int
    ord: int

    def __str__(self) -> str:
        """Name the record as the API does."""
        return f"{self.batch}.{self.ord}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a rule says of a key, and why.

    `record` is blank where the facts of now were judged. `tree` is the verdict as plain
    data, each condition with its pointer and the age of what was found. `held` are the
    reasons why the rule did not run there, whatever its conditions say. `cooling` tells
    until when outputs are not told, `~feed` being the feed; it is known of now alone.
    `notes` say what could not be rebuilt.
    """

    rule: Rule
    version: Version
    is_in_effect: bool
    key: str
    record: str
    at: datetime
    verdict: Verdict
    tree: Mapping[str, object]
    miss: NearestMiss | None
    held: tuple[str, ...]
    steps: Sequence[AlertStep] = ()
    cooling: Mapping[str, datetime] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def explain_rule(*, access: Access, rule: Rule, key: str, now: datetime) -> Explanation:
    """Say how a rule stands by the facts of now; a blank key is the rule's own.

    Raises:
        ExplanationInvalid: if the rule needs a key, or has another one.
        VersionUnreadable: if this release cannot read what is judged.
    """
    access.require(Need.INSPECT)
    look = _Look(rule, rule.in_effect or rule.latest)
    key = look.key_asked(key)
    subjects = look.subjects(key)
    stored = load_facts(
        lane=look.lane, keys={(look.lane.dataset_id, name) for _, name in subjects}
    )
    facts = {(look.name, name): facts_from(one) for (_, name), one in stored.items()}
    verdict = judge_facts(look.spec, facts, key=key, at=now, series=look.series)
    return Explanation(
        rule=rule,
        version=look.version,
        is_in_effect=rule.in_effect_id is not None,
        key=key,
        record="",
        at=now,
        verdict=verdict,
        tree=look.tree(verdict, facts, key, now),
        miss=nearest_miss(verdict, look.series),
        held=tuple(look.held_off(now, is_in_effect=rule.in_effect_id is not None)),
        cooling=_cooling(rule, look.spec, key, now),
        notes=tuple(look.notes()),
    )


def explain_record(*, access: Access, rule: Rule, place: RecordPlace) -> Explanation:
    """Say what a rule said of a record, over the facts as they were just before it.

    1. The facts of every key that the rule reads are rebuilt from the log.
    2. The version that was in effect there judges; if none was, the newest does, and
       `held` says so.

    Raises:
        RecordNotFound, NotJudged: as `find_judged` does.
        ExplanationInvalid: if the rule reads another dataset.
        VersionUnreadable: if this release cannot read what is judged.
    """
    access.require(Need.INSPECT)
    lane, record = find_judged(access=access, batch_id=place.batch, place=place.ord)
    in_effect = _version_at(rule, lane, record.seq)
    look = _Look(rule, in_effect or rule.latest)
    if look.lane.pk != lane.pk:
        raise ExplanationInvalid(
            "batch",
            f"Record {place} is one of {series_of(lane.dataset)}; this rule reads "
            f"{look.name}.",
        )
    event = look.event(record)
    key = look.key_of(event)
    pasts = {
        subject: past_of_key(lane=lane, key=subject[1], before=record)
        for subject in look.subjects(key) | {event.subject}
    }
    before = {subject: look.replay(past) for subject, past in pasts.items()}
    after = {**before, event.subject: before[event.subject].take_in(event)}
    verdict = judge_event(look.spec, before, event, key=key, series=look.series)
    cut = {subject for subject, past in pasts.items() if not past.is_whole}
    return Explanation(
        rule=rule,
        version=look.version,
        is_in_effect=in_effect is not None,
        key=key,
        record=str(place),
        at=record.event_time,
        verdict=verdict,
        tree=look.tree(verdict, after, key, record.event_time),
        miss=nearest_miss(verdict, look.series),
        held=(
            *look.held_off(record.event_time, is_in_effect=in_effect is not None),
            *look.held_by(event, record),
        ),
        steps=ports.steps.at(
            rule_id=rule.pk, lane_id=lane.pk, seq=record.seq, place=record.ord
        ),
        notes=(*look.notes(), *look.gaps(after, key, cut)),
    )


class _Look:
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
        self.series = traits_of(self.lane.dataset)
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

    def key_of(self, event: Event) -> str:
        """Return the key of the instance that an event runs."""
        return self._rule.key_of(event)

    def subjects(self, key: str) -> set[Subject]:
        """Return whose facts the rule reads under a key."""
        return self._program.facts_of(self._rule.rule_id, key)

    def event(self, record: JudgedRecord) -> Event:
        """Return a record as the engine saw it."""
        return Event(
            series=self.name,
            key=record.key,
            fields=record.fields,
            at=record.event_time,
            position=Position(seq=record.seq, ord=record.ord),
            raises=record.raises,
            moves_facts=record.moves_facts,
        )

    def replay(self, past: PastOfKey) -> KeyFacts:
        """Return the facts of a key once its records have moved them."""
        facts = KeyFacts()
        for record in past.records:
            if record.moves_facts and not record.is_late:
                facts = facts.take_in(self.event(record))
        return facts

    def held_off(self, at: datetime, *, is_in_effect: bool) -> Iterator[str]:
        """Say why the rule would run at no event of an instant."""
        if not is_in_effect:
            yield (
                "The rule was not in effect then: it was off, or not made yet. It is "
                f"judged here by version {self.version.number}."
            )
        if not self.spec.is_active(at):
            yield "This lies outside of the rule's active hours, or after its end."

    def held_by(self, event: Event, record: JudgedRecord) -> Iterator[str]:
        """Say why the rule did not run at an event."""
        if not self._program.rules_on(event):
            yield "The record carries none of the facts that run the rule."
        if not event.raises:
            yield "The record was sent to move facts alone, and ran no rule."
        if record.is_late and not self._rule.sees_late_events:
            yield "The record came late, and the rule looks back in time."

    def tree(
        self, verdict: Verdict, facts: Facts, key: str, at: datetime
    ) -> Mapping[str, object]:
        """Return a verdict as plain data, with the age of each value that was found."""
        pointers = (pointer for pointer, _ in conditions_of(self.spec.when))

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

    def notes(self) -> Iterator[str]:
        """Say what a verdict over facts alone cannot know."""
        if any(one.memory_id for _, one in conditions_of(self.spec.when)):
            yield (
                "The rule remembers from event to event on which side of a moving "
                "level a fact was; here that is taken from the values alone."
            )

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


def _version_at(rule: Rule, lane: Lane, seq: int) -> Version | None:
    """Return the version by which a lane judged a rule at a place, if it did.

    The changes of rules are batches in the order of their lane, and never forgotten.
    """
    change = (
        Batch.objects.filter(
            lane=lane,
            origin=Origin.RULE,
            state=BatchState.JUDGED,
            seq__lt=seq,
            options__rule=rule.pk,
        )
        .order_by("-seq")
        .first()
    )
    if change is None or change.options["version"] is None:
        return None
    versions = rule.versions.select_related("lane__dataset__workspace")
    return versions.get(pk=change.options["version"])


def _cooling(
    rule: Rule, spec: Specification, key: str, now: datetime
) -> Mapping[str, datetime]:
    """Return until when the outputs of an instance are not told."""
    row = StoredInstance.objects.filter(rule=rule, key=key).first()
    if row is None:
        return {}
    return cooling_until(spec.outputs, Instance.from_json(row.memory).told, now)
