"""How facts get from the lane that they are in to the lanes whose rules read them.

The drain of a lane puts what others read of it into them, in its own commit: events as
they were judged, and facts as they stand where a rule begins to read them. What was
forwarded is forwarded no further, so nothing can go round in a ring.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any, NamedTuple

from datasets.models import Batch, Lane, Origin
from datasets.services import (
    ForwardedEvent,
    SettledBatch,
    StoredFacts,
    forward_events,
    forward_facts,
    is_own_key,
    read_facts,
    treatment_of,
)
from rules.models import Forward, Version
from rules.services.changes import FORWARDS, RELEASES, go_on
from rules.services.facts import facts_to_keep, series_of
from rules.services.in_effect import readers_of
from rules.services.judgement import Judgement
from rules.services.lane_program import LaneProgram
from rules.services.readers import Read


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events of the lane that another is to judge by."""

    home_id: int
    events: Sequence[ForwardedEvent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Facts of the lane as they stood where a rule of another began to read them."""

    home_id: int
    facts: Sequence[StoredFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class Onward:
    """A change of a rule that this lane has reached: the next one's turn has come."""

    options: Mapping[str, Any]  # Any: as the batch says it


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """The lane forwards for a version from here on, or for none before a change."""

    rule_id: int
    change: int
    version_id: int | None


Part = Events | Facts | Onward | Learned


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What a drain has for other lanes, in the order in which it is stored."""

    lane: Lane
    parts: Sequence[Part]

    @property
    def rules(self) -> set[int]:
        """Name the rules whose changes go on in another lane."""
        return {
            int(one.options["rule"]) for one in self.parts if isinstance(one, Onward)
        }


def gather_outgoing(
    lane: Lane,
    program: LaneProgram,
    settled: Sequence[SettledBatch],
    judgement: Judgement,
) -> Outgoing:
    """Gather what other lanes are to know of settled batches, once they are judged.

    Where a rule begins to read here, events before it go only to who read them before;
    the facts as they are there come next, and what follows comes after them. Changes
    who reads of the lane, in `program`; stores nothing.
    """
    gathering = _Gathering(lane, program, judgement)
    waiting: list[SettledBatch] = []
    for one in settled:
        if one.batch.origin == Origin.RULE:
            gathering.take_events(waiting)
            waiting = []
            gathering.take_change(one)
        else:
            waiting.append(one)
    gathering.take_events(waiting)
    return Outgoing(lane=lane, parts=gathering.parts)


def send_outgoing(outgoing: Outgoing, *, now: datetime) -> None:
    """Store what a drain has for other lanes; part of its commit."""
    for one in outgoing.parts:
        match one:
            case Events():
                forward_events(
                    source=outgoing.lane, home_id=one.home_id, events=one.events
                )
            case Facts():
                forward_facts(
                    source=outgoing.lane, home_id=one.home_id, facts=one.facts, now=now
                )
            case Onward():
                go_on(one.options, now=now)
            case Learned():
                _keep(outgoing.lane, one)


class _Gathering:
    """What was gathered of a round so far, for which other lanes."""

    def __init__(self, lane: Lane, program: LaneProgram, judgement: Judgement) -> None:
        self.parts: list[Part] = []
        self._lane = lane
        self._program = program
        self._judgement = judgement

    def take_events(self, settled: Sequence[SettledBatch]) -> None:
        """Gather what happened between two changes of rules."""
        own = [one for one in settled if one.events and _is_own(one)]
        for home_id in sorted(self._program.readers.homes()) if own else ():
            events = [event for one in own for event in self._events_for(home_id, one)]
            for _, alike in groupby(events, key=lambda one: _Treatment.of(one.batch)):
                self.parts.append(Events(home_id=home_id, events=list(alike)))

    def take_change(self, one: SettledBatch) -> None:
        """Gather what a change of a rule asks of this lane, and of the next one."""
        options = one.batch.options
        rule_id, change = int(options["rule"]), int(options.get("change", 0))
        if RELEASES in options:
            self._program.readers.release(rule_id, change=change)
            self.parts.append(Learned(rule_id=rule_id, change=change, version_id=None))
        elif FORWARDS in options:
            self._begin(one, options[FORWARDS], change)
        if "then" in options:
            self.parts.append(Onward(options=options))

    def _begin(self, one: SettledBatch, version_id: int, change: int) -> None:
        """Forward for a version from here on, and tell its home how facts stand."""
        versions = Version.objects.select_related(
            "rule__workspace", "lane__dataset__workspace"
        )
        version = versions.get(pk=version_id)
        if version.rule.judged_change > change:
            # Its home is past it, and has released what was read for it.
            return
        for reader in readers_of(version, change=change, lane=self._lane):
            missing = self._program.readers.add(reader)
            stored = list(self._facts_as_they_stand(reader.home, missing, one.seq))
            if stored:
                self.parts.append(Facts(home_id=reader.home_id, facts=stored))
        self.parts.append(
            Learned(rule_id=version.rule_id, change=change, version_id=version_id)
        )

    def _events_for(self, home_id: int, one: SettledBatch) -> Iterator[ForwardedEvent]:
        late = set(one.late)
        for event in one.events:
            fields = self._program.readers.fields_for(home_id, event)
            if fields is not None:
                yield ForwardedEvent(
                    batch=one.batch,
                    event=event,
                    is_late=event.ord in late,
                    fields=fields,
                )

    def _facts_as_they_stand(
        self, home: Lane, missing: frozenset[Read], seq: int
    ) -> Iterator[StoredFacts]:
        """Give the facts that a home lacks, as they were at a place of this round."""
        if not missing:
            return
        keys = (
            None
            if any(key is None for key, _ in missing)
            else {key for key, _ in missing if key is not None}
        )
        stands = {one.key: one for one in read_facts(lane=self._lane, keys=keys)}
        series = series_of(self._lane.dataset)
        for (name, key), facts in self._judgement.stands.get(seq, {}).items():
            is_own = name == series and is_own_key(self._lane, key)
            if is_own and (keys is None or key in keys):
                stands[key] = facts_to_keep(self._lane.dataset_id, key, facts)
        for key, one in sorted(stands.items()):
            any_key = None if is_own_key(home, key) else key
            read = {name for whose, name in missing if whose in (any_key, key)}
            fields = {name: said for name, said in one.fields.items() if name in read}
            if fields or None in read:
                yield replace(one, fields=fields)


class _Treatment(NamedTuple):
    """What events have in common that one batch can bring to another lane."""

    is_live: bool
    hops: int
    asked: tuple[tuple[str, object], ...]

    @classmethod
    def of(cls, batch: Batch) -> _Treatment:
        """Read it from the batch that brought them."""
        return cls(
            batch.is_live, batch.hops, tuple(sorted(treatment_of(batch).items()))
        )


def _is_own(one: SettledBatch) -> bool:
    return one.batch.origin != Origin.FORWARD


def _keep(lane: Lane, learned: Learned) -> None:
    """Store for whom a lane forwards, so that its next program begins with it."""
    if learned.version_id is None:
        mine = Forward.objects.filter(lane=lane, version__rule=learned.rule_id)
        mine.filter(change__lt=learned.change).update(change=None)
        return
    Forward.objects.filter(lane=lane, version=learned.version_id).update(
        change=learned.change
    )
