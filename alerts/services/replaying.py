"""Proving that a lane's log makes the transitions that are stored, and no others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, zip_longest
from typing import NamedTuple
from uuid import UUID

from alerts.models import Transition
from alerts.services.recording import alert_id_of
from datasets.models import Dataset, Lane
from datasets.services import BATCHES_AT_ONCE, log_begins
from rules.models import Rule
from rules.services import JudgedTransition, misread_rules, replay_lane

#: Differences that are told one by one; all are counted.
TOLD = 20


class Place(NamedTuple):
    """Where in the lane's order which instance took a step."""

    seq: int
    ord: int
    rule_id: int
    key: str


class Step(NamedTuple):
    """What has to be equal of a transition, stored or replayed; `at` is event time."""

    place: Place
    kind: str
    alert_id: UUID
    at: datetime

    def __str__(self) -> str:
        return f"{self.kind} at {self.at.isoformat()} of alert {self.alert_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A step that is stored otherwise than it was replayed, or on one side only."""

    place: Place
    rule_slug: str
    stored: Step | None
    replayed: Step | None

    def __str__(self) -> str:
        return (
            f"seq {self.place.seq}, ord {self.place.ord}, rule {self.rule_slug}, "
            f"key {self.place.key}: stored is {self.stored or 'nothing'}, "
            f"replayed is {self.replayed or 'nothing'}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayReport:
    """What a replay found: from where, how much, and what differs.

    `begins` is the position from which the log is whole. If that is not the first one,
    what rules and facts remembered there is lost, and `unsure` steps were left out: of
    each instance those before the first that is the same on both sides.
    `differences` are the first ones of `differing`; `misread` names the rules that the
    lane, loaded after a start, would judge otherwise than they are written.
    """

    begins: int
    ends: int
    events: int
    same: int
    unsure: int
    differing: int
    differences: list[Difference]
    misread: list[str]


def check_replay(
    *, dataset: Dataset, shard: int = 0, at_once: int = BATCHES_AT_ONCE
) -> ReplayReport:
    """Judge a lane's log again and compare every transition with what is stored.

    `at_once` batches are in memory at a time; the outcome is the same for any number.
    What arrives meanwhile is left for the next time. Nothing is stored.
    """
    lanes = Lane.objects.select_related("dataset__workspace")
    lane = lanes.get(dataset=dataset, shard=shard)
    begins = log_begins(lane)
    stored = _StoredSteps(lane, begins)
    comparison = _Comparison(knows_beginning=begins == 1)
    events = 0
    for stretch in replay_lane(lane=lane, start=begins, at_once=at_once):
        events += stretch.events
        replayed = [_replayed(one, lane) for one in stretch.transitions]
        comparison.compare(stored.until(stretch.until), replayed)
    return ReplayReport(
        begins=begins,
        ends=lane.next_seq - 1,
        events=events,
        same=comparison.same,
        unsure=comparison.unsure,
        differing=comparison.differing,
        differences=_differences(comparison.pairs),
        misread=misread_rules(lane),
    )


class Pair(NamedTuple):
    """What is stored at a place and what was replayed there; they differ."""

    place: Place
    stored: Step | None
    replayed: Step | None


@dataclass(slots=True, kw_only=True)
class _Comparison:
    """What was compared so far; the first differing pairs are kept."""

    knows_beginning: bool
    same: int = 0
    unsure: int = 0
    differing: int = 0
    pairs: list[Pair] = field(default_factory=list)
    _sure: set[tuple[int, str]] = field(default_factory=set)

    def compare(self, stored: Iterable[Step], replayed: Iterable[Step]) -> None:
        """Compare what is stored of a stretch with what its replay gives."""
        ours, theirs = _by_place(stored), _by_place(replayed)
        for place in sorted(ours.keys() | theirs.keys()):
            self._compare_at(place, ours.get(place, []), theirs.get(place, []))

    def _compare_at(self, place: Place, ours: list[Step], theirs: list[Step]) -> None:
        same = set(ours) & set(theirs)
        left = zip_longest(
            [step for step in ours if step not in same],
            [step for step in theirs if step not in same],
        )
        pairs = [Pair(place, stored, replayed) for stored, replayed in left]
        self.same += len(same)
        instance = (place.rule_id, place.key)
        if same:
            self._sure.add(instance)
        if not (self.knows_beginning or instance in self._sure):
            self.unsure += len(pairs)
            return
        self.differing += len(pairs)
        self.pairs += pairs[: TOLD - len(self.pairs)]


class _StoredSteps:
    """The stored steps of a lane from a position on, read once, in order."""

    def __init__(self, lane: Lane, begins: int) -> None:
        rows = Transition.objects.filter(
            lane=lane, seq__gte=begins, seq__lt=lane.next_seq
        ).order_by("seq", "ord", "pk")
        self._rows: Iterator[Transition] = rows.iterator()

    def until(self, seq: int) -> Iterator[Step]:
        """Give those not given yet, up to a position."""
        for row in self._rows:
            if row.seq > seq:
                self._rows = chain([row], self._rows)
                return
            yield _stored(row)


def _stored(row: Transition) -> Step:
    return Step(
        place=Place(row.seq, row.ord, row.rule_id, row.key),
        kind=row.kind,
        alert_id=row.alert_id,
        at=row.at,
    )


def _replayed(one: JudgedTransition, lane: Lane) -> Step:
    transition = one.transition
    position = transition.position
    return Step(
        place=Place(position.seq, position.ord, transition.rule_id, transition.key),
        kind=transition.kind.value,
        alert_id=alert_id_of(one, lane),
        at=transition.at,
    )


def _by_place(steps: Iterable[Step]) -> dict[Place, list[Step]]:
    found: dict[Place, list[Step]] = defaultdict(list)
    for step in steps:
        found[step.place].append(step)
    return found


def _differences(pairs: Sequence[Pair]) -> list[Difference]:
    rules = Rule.objects.filter(pk__in={pair.place.rule_id for pair in pairs})
    slugs = dict(rules.values_list("pk", "slug"))
    return [
        Difference(
            place=pair.place,
            rule_slug=slugs[pair.place.rule_id],
            stored=pair.stored,
            replayed=pair.replayed,
        )
        for pair in pairs
    ]
