"""Why a rule is true, false or unknown: now, at a moment, or at a record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from datasets.models import Lane
from datasets.services import (
    JudgedRecord,
    PastOfKey,
    TimeInvalid,
    find_judged,
    find_told,
    judged_beside,
    lane_of_key,
    newest_judged,
    newest_told,
    read_event_time,
    read_zone,
)
from rules.engine import (
    Instance,
    InstanceState,
    NearestMiss,
    Node,
    Subject,
    Verdict,
    cooling_until,
    judge_event,
    judge_facts,
    nearest_miss,
)
from rules.models import Instance as StoredInstance
from rules.models import Rule, Version
from rules.ports import AlertStep, ports
from rules.services.facts import series_of
from rules.services.lane_state import StoredState
from rules.services.questions import ExplanationInvalid, Question, Rung
from rules.services.remembering import version_at
from workspaces.access import Access, Need

#: Records of a key that are looked at for one that ran the rule.
_LOOKED_AT = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordPlace:
    """A record by its batch and its place in it."""

    batch: int
    ord: int

    def __str__(self) -> str:
        """Name the record as the API does."""
        return f"{self.batch}.{self.ord}"


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceNow:
    """Where a rule stands for a key now, since when, and what is due by time alone.

    `timers` name what for: `hold`, `recover`, `no_data`, `lapse`, `wake`, `remind`.
    """

    state: InstanceState
    since: datetime | None
    timers: Mapping[str, datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """What a rule says of a key, and why.

    `record` is blank where facts were judged and no event: those of now, or of the
    moment `at`. `tree` is the verdict as plain data, each condition with its pointer
    and the age of what was found. `ladder` is what was said of each of its steps.
    `held` are the reasons why the rule did not run there, or held back what its
    conditions say. `cooling` tells until when outputs are not told, `~feed` being the
    feed; it and `standing` are known of now alone. `earlier` and `later` are the key's
    events beside. `notes` say what could not be rebuilt.
    """

    rule: Rule
    version: Version
    is_in_effect: bool
    key: str
    record: str
    at: datetime
    verdict: Verdict
    tree: Mapping[str, object]
    ladder: Sequence[Rung]
    miss: NearestMiss | None
    held: tuple[str, ...]
    steps: Sequence[AlertStep] = ()
    standing: InstanceNow | None = None
    cooling: Mapping[str, datetime] = field(default_factory=dict)
    earlier: RecordPlace | None = None
    later: RecordPlace | None = None
    notes: tuple[str, ...] = ()

    @property
    def is_of_now(self) -> bool:
        """Say whether the facts of now were judged."""
        return self.standing is not None


def explain_rule(
    *,
    access: Access,
    rule: Rule,
    key: str = "",
    at: str = "",
    place: RecordPlace | None = None,
    now: datetime,
) -> Explanation:
    """Say what a rule says of a key, and why: now, at a moment, or of a record.

    A blank `key` is the rule's own. `at` is a time as people write them, without a zone
    in the dataset's; blank is now. A record at `place` has its own key and time.

    Raises:
        ExplanationInvalid: if the rule needs a key, has another one, or reads another
            dataset; if `at` is no time, is yet to come, or lies before every event.
        RecordNotFound, NotJudged: as `find_judged` does.
        VersionUnreadable: if this release cannot read what is judged.
    """
    access.require(Need.INSPECT)
    if place is not None:
        return _explain_record(access, rule, place)
    if at:
        return _explain_moment(rule, key, at, now)
    return _explain_now(rule, key, now)


def _explain_now(rule: Rule, key: str, now: datetime) -> Explanation:
    look = Question(rule, rule.in_effect or rule.latest)
    key = look.key_asked(key)
    look.ask_of(key)
    subjects = look.subjects(key)
    facts = StoredState(look.lane, look.datasets).read_facts(subjects)
    row = StoredInstance.objects.filter(rule=rule, key=key).first()
    instance = Instance.from_json(row.memory) if row else _blank(rule, key)

    def judged(node: Node) -> Verdict:
        return judge_facts(
            look.spec,
            facts,
            key=key,
            at=now,
            series=look.series,
            remembered=instance.nodes,
            node=node,
        )

    verdict = judged(look.spec.when)
    is_in_effect = rule.in_effect_id is not None
    return Explanation(
        rule=rule,
        version=look.version,
        is_in_effect=is_in_effect,
        key=key,
        record="",
        at=now,
        verdict=verdict,
        tree=look.tree(verdict, facts, key, now),
        ladder=tuple(look.ladder(judged, facts, key, now)),
        miss=nearest_miss(verdict, look.series),
        held=(
            *look.held_off(now, is_in_effect=is_in_effect, when="now"),
            *look.held_back(facts, instance, now, truth=verdict.truth),
        ),
        standing=InstanceNow(
            state=instance.state, since=instance.since, timers=instance.timers
        ),
        cooling=cooling_until(look.spec.outputs, instance.told, now),
        earlier=_place(next(iter(_events_until(look, key, now, most=1)), None)),
    )


def _explain_moment(rule: Rule, key: str, at: str, now: datetime) -> Explanation:
    """Explain the last event by a moment that ran the rule, or else the last of all.

    A rule that listens for silence is judged at the moment itself.
    """
    look = Question(rule, rule.in_effect or rule.latest)
    key = look.key_asked(key)
    look.ask_of(key)
    moment = _read_moment(look, at, now)
    events = _events_until(look, key, moment, most=_LOOKED_AT)
    if not events:
        raise ExplanationInvalid(
            "at", f"No event of {key} by then is stored; ask about a later moment."
        )
    if look.spec.listens_to:
        return _explain_silence(rule, look.lane, key, events[0], moment)
    record = next((one for one in events if look.is_run_by(one)), events[0])
    batch, place = record.name
    return _explain_judged(rule, look.lane, record, RecordPlace(batch=batch, ord=place))


def _explain_record(access: Access, rule: Rule, place: RecordPlace) -> Explanation:
    lane, record = find_judged(access=access, batch_id=place.batch, place=place.ord)
    home = rule.in_effect or rule.latest
    if home is not None and _is_told(home, lane):
        # Its home saw the record where it was told of it, and so much of it.
        judge = _judge_of(home, record)
        told = find_told(lane=judge, source=lane, record=record)
        if told is None:
            raise ExplanationInvalid(
                "batch",
                f"{series_of(home.lane.dataset)}, where this rule is judged, was not "
                f"told of record {place}: no rule there read of it then.",
            )
        return _explain_judged(rule, judge, told, place)
    return _explain_judged(rule, lane, record, place)


def _is_told(version: Version, lane: Lane) -> bool:
    """Say whether a version is judged elsewhere by what is told of a lane's records."""
    is_shared = version.is_spread and lane.dataset_id == version.lane.dataset_id
    return not is_shared and version.forwards.filter(lane=lane).exists()


def _judge_of(version: Version, record: JudgedRecord) -> Lane:
    if version.is_spread:
        return lane_of_key(version.lane.dataset, record.key)
    return version.lane


def _explain_judged(
    rule: Rule, lane: Lane, record: JudgedRecord, place: RecordPlace
) -> Explanation:
    """Say what a rule said of a record, over the facts as they were just before it.

    1. The facts of every key that the rule reads are rebuilt from the log.
    2. The version that was in effect there judges; if none was, the newest does, and
       `held` says so.
    """
    in_effect = version_at(rule, lane, record.seq)
    look = Question(rule, in_effect or rule.latest)
    look.ask_of(record.key)
    if look.lane.pk != lane.pk:
        raise ExplanationInvalid(
            "batch",
            f"Record {place} is one of {series_of(lane.dataset)}; this rule reads "
            f"{look.name}.",
        )
    event = look.event(record)
    key = look.key_of(event)
    pasts = look.pasts(key, before=record, also=event.subject)
    before = {subject: look.replay(past.records) for subject, past in pasts.items()}
    after = {**before, event.subject: before[event.subject].take_in(event)}
    remembered = look.memory(key, pasts, until=record.event_time)

    def judged(node: Node) -> Verdict:
        return judge_event(
            look.spec,
            before,
            event,
            key=key,
            series=look.series,
            remembered=remembered,
            node=node,
        )

    verdict = judged(look.spec.when)
    earlier, later = _beside(look, key, record)
    return Explanation(
        rule=rule,
        version=look.version,
        is_in_effect=in_effect is not None,
        key=key,
        record=str(place),
        at=record.event_time,
        verdict=verdict,
        tree=look.tree(verdict, after, key, record.event_time),
        ladder=tuple(look.ladder(judged, after, key, record.event_time)),
        miss=nearest_miss(verdict, look.series),
        held=(
            *look.held_off(record.event_time, is_in_effect=in_effect is not None),
            *look.held_by(event, record),
        ),
        steps=ports.steps.at(
            rule_id=rule.pk, lane_id=lane.pk, seq=record.seq, place=record.ord
        ),
        earlier=earlier,
        later=later,
        notes=tuple(look.gaps(after, key, _cut(pasts))),
    )


def _explain_silence(
    rule: Rule, lane: Lane, key: str, last: JudgedRecord, moment: datetime
) -> Explanation:
    """Judge a moment after an event, by a rule that time alone may make true."""
    in_effect = version_at(rule, lane, last.seq + 1)
    look = Question(rule, in_effect or rule.latest)
    look.ask_of(key)
    after_it = replace(last, ord=last.ord + 1)
    pasts = look.pasts(key, before=after_it)
    facts = {subject: look.replay(past.records) for subject, past in pasts.items()}
    remembered = look.memory(key, pasts, until=moment)

    def judged(node: Node) -> Verdict:
        return judge_facts(
            look.spec,
            facts,
            key=key,
            at=moment,
            series=look.series,
            remembered=remembered,
            node=node,
        )

    verdict = judged(look.spec.when)
    earlier, later = _beside(look, key, after_it)
    return Explanation(
        rule=rule,
        version=look.version,
        is_in_effect=in_effect is not None,
        key=key,
        record="",
        at=moment,
        verdict=verdict,
        tree=look.tree(verdict, facts, key, moment),
        ladder=tuple(look.ladder(judged, facts, key, moment)),
        miss=nearest_miss(verdict, look.series),
        held=tuple(look.held_off(moment, is_in_effect=in_effect is not None)),
        earlier=earlier,
        later=later,
        notes=tuple(look.gaps(facts, key, _cut(pasts))),
    )


def _blank(rule: Rule, key: str) -> Instance:
    """Stand in for an instance of which nothing is kept."""
    return Instance(rule_id=rule.pk, key=key, version=0)


def _read_moment(look: Question, at: str, now: datetime) -> datetime:
    try:
        moment = read_event_time(at, read_zone(look.lane.dataset.zone))
    except TimeInvalid as error:
        raise ExplanationInvalid("at", error.detail) from error
    if moment > now:
        raise ExplanationInvalid(
            "at", "This moment is yet to come; leave it out to ask about now."
        )
    return moment


def _events_until(
    look: Question, key: str, until: datetime, *, most: int
) -> list[JudgedRecord]:
    """Return what ran the rule by then, as its home saw it, newest first."""
    lane, keys = look.lane, look.keys_that_run(key)
    found = newest_judged(lane=lane, keys=keys, until=until, most=most)
    if look.reads_several:
        found += newest_told(
            lane=lane,
            datasets={look.datasets.id_of(series) for series in look.series},
            keys=keys,
            until=until,
            most=most,
        )
        found.sort(key=lambda one: (one.event_time, one.seq, one.ord), reverse=True)
    return found[:most]


def _place(record: JudgedRecord | None) -> RecordPlace | None:
    if record is None:
        return None
    batch, place = record.name
    return RecordPlace(batch=batch, ord=place)


def _beside(
    look: Question, key: str, record: JudgedRecord
) -> tuple[RecordPlace | None, RecordPlace | None]:
    if look.reads_several:
        # What comes next may be of any of its datasets.
        return None, None
    earlier, later = judged_beside(
        lane=look.lane, keys=look.keys_that_run(key), record=record
    )
    return _place(earlier), _place(later)


def _cut(pasts: Mapping[Subject, PastOfKey]) -> set[Subject]:
    return {subject for subject, past in pasts.items() if not past.is_whole}
