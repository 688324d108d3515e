"""Judging a lane's log once more, into memory, by what judges it live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from datasets.models import Batch, Lane, Origin
from datasets.services import BATCHES_AT_ONCE, lateness_in_effect, read_log
from rules.services.changes import changes_judging, judged_version
from rules.services.in_effect import version_to_judge
from rules.services.judgement import JudgedTransition
from rules.services.judging import judge_batches
from rules.services.lane_program import LaneProgram, empty_program
from rules.services.lane_state import MemoryState


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayedStretch:
    """Some batches that were judged again, up to position `until`, and what came of it.

    `events` counts them; timers and changes of rules are none.
    """

    until: int
    events: int
    transitions: list[JudgedTransition]


def replay_lane(
    *, lane: Lane, start: int, at_once: int = BATCHES_AT_ONCE
) -> Iterator[ReplayedStretch]:
    """Judge the lane's log again from a position on; stores nothing.

    The rules are those that were in effect there; no facts and no instances are known.
    Events, changes and timers take their turns as they did live.
    """
    state = MemoryState()
    program = _program_at(lane, start)
    for settled in read_log(lane=lane, start=start, at_once=at_once):
        judgement = judge_batches(
            lane=lane, program=program, settled=settled, state=state
        )
        state.remember(facts=judgement.facts, instances=judgement.instances)
        yield ReplayedStretch(
            until=settled[-1].seq,
            events=sum(len(one.events) for one in settled),
            transitions=judgement.transitions,
        )


def _program_at(lane: Lane, start: int) -> LaneProgram:
    """Build what the changes of rules before a position had made of the program."""
    seconds = lateness_in_effect(lane, seq=start)
    program = empty_program(lane, next_seq=start, lateness_seconds=seconds)
    for rule_id, version_id in _versions_at(lane, start).items():
        rule = version_to_judge(rule_id, version_id)
        if rule is not None:
            program.learn([rule], dict)
            program.put(rule)
    return program


def _versions_at(lane: Lane, start: int) -> dict[int, int | None]:
    changes = Batch.objects.filter(lane=lane, origin=Origin.RULE, seq__lt=start)
    return {
        int(one.options["rule"]): judged_version(one)
        for one in changes.order_by("seq")
        if changes_judging(one)
    }
