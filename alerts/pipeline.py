"""The story of an event, from its lane to the people (DESIGN.md section 2).

accept      datasets.services.accept_batch       stored, answered, bell rung
drain       drain_lane                           claim the lane, read in order
match         rules.services.judge_batches         the lane's rules decide
record        alerts.services.record_transitions   one commit with the progress
push        alerts.push.announce                 after the commit, to the browser
deliver     alerts.services.deliver              claim, render, send, record
"""

from __future__ import annotations

import time

from alerts.services import record_transitions
from config.celery import Task, answer, nudge
from config.clock import database_now
from datasets.models import Batch, Lane
from datasets.services import (
    LaneBusy,
    finish_batches,
    holding,
    save_facts,
    settle_batches,
    take_batches,
    writing,
)
from rules.services import (
    borrow_program,
    facts_to_store,
    judge_batches,
    return_program,
    save_states,
)

#: A drain gives the worker back after this long; what is left rings again.
BUDGET_SECONDS = 2.0
#: One commit's worth: small where writers wait in line, large where they do not.
ROUND_BATCHES = 200
ROUND_EVENTS = 500


def drain_lane(*, lane_id: int, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Judge what waits in a lane, round by round, until it is empty or time is up.

    Running it twice is harmless: whoever holds the lane works, the other returns, and
    every round commits its progress together with all that it decided.
    """
    answer(Task.DRAIN, lane_id=lane_id)
    deadline = time.monotonic() + budget_seconds
    while time.monotonic() < deadline:
        try:
            if not drain_round(lane_id=lane_id):
                return
        except LaneBusy:
            return
    nudge(Task.DRAIN, lane_id=lane_id)


def drain_round(*, lane_id: int) -> bool:
    """Judge one round of pending batches; False if none was waiting.

    1. Hold the lane and take its first pending batches, in order.
    2. Settle their duplicates and let the lane's program judge their events.
    3. Commit progress, facts, states, transitions, alerts and deliveries as one.

    Raises:
        LaneBusy: if another worker holds the lane.
    """
    with holding(lane_id) as lane:
        batches = take_batches(
            lane=lane, limit_batches=ROUND_BATCHES, limit_events=ROUND_EVENTS
        )
        if not batches:
            return False
        _judge_and_record(lane, batches)
    return True


def _judge_and_record(lane: Lane, batches: list[Batch]) -> None:
    settled = settle_batches(lane=lane, batches=batches)
    program = borrow_program(lane)
    judgement = judge_batches(lane=lane, program=program, settled=settled)
    now = database_now()
    with writing():
        next_seq = finish_batches(lane=lane, settled=settled)
        save_facts(lane=lane, changed=facts_to_store(lane=lane, judgement=judgement))
        save_states(lane=lane, judgement=judgement, now=now)
        record_transitions(lane=lane, settled=settled, judgement=judgement, now=now)
    return_program(lane, program, next_seq=next_seq)
