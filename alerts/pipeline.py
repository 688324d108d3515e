"""The story of an event, from its lane to the people.

accept      datasets.services.accept_batch       stored, answered, bell rung
drain       drain_lane                           claim the lane, read in order
match         rules.services.judge_batches         the lane's rules decide
record        alerts.services.record_transitions   one commit with the progress
push        alerts.push.announce                 after the commit, to the browser
deliver     alerts.services.send_due             claim, render, send, record
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial

from django.db import OperationalError

from alerts.poison import judge_with_care
from alerts.services import (
    count_round,
    enter_round,
    gather_alerts,
    record_transitions,
    trace_round,
)
from config.about import about, note
from config.celery import Task, answer, nudge
from config.metrics import COMMIT_SECONDS
from datasets.models import Lane
from datasets.services import (
    LaneBusy,
    LaneMoved,
    SettledBatch,
    finish_batches,
    holding,
    is_lock_timeout,
    oldest_pending,
    save_facts,
    settle_batches,
    take_batches,
    wants_care,
    writing,
)
from rules.services import (
    borrow_program,
    facts_to_store,
    gather_outgoing,
    gather_states,
    judge_batches,
    return_program,
    save_counters,
    save_states,
)

#: A drain gives the worker back after this long; what is left rings again.
BUDGET_SECONDS = 2.0


def drain_lane(*, lane_id: int, budget_seconds: float = BUDGET_SECONDS) -> None:
    """Judge what waits in a lane, round by round, until it is empty or time is up.

    Running it twice is harmless: whoever holds the lane works, the other returns, and
    every round commits its progress together with all that it decided.
    """
    answer(Task.DRAIN, lane_id=lane_id)
    deadline = time.monotonic() + budget_seconds
    while time.monotonic() < deadline:
        try:
            with about(lane=lane_id):
                if not drain_round(lane_id=lane_id):
                    return
        except (LaneBusy, LaneMoved):
            return
        except OperationalError as error:
            if is_lock_timeout(error):
                return  # a rule of it is being changed; the sweep comes again
            raise
    nudge(Task.DRAIN, lane_id=lane_id)


def drain_round(*, lane_id: int) -> bool:
    """Judge one round of pending batches, or with care one part of a batch.

    1. Look whether anything waits; False if not. Nobody holds the lane for that: what
       was stored behind a round's back, while whoever came for it found the lane busy,
       is seen by the next round.
    2. If something in it keeps ending its judges, judge the next part with care: what
       cannot be judged is set aside.
    3. Else hold the lane and take its first pending batches, in order.
    4. Settle their duplicates and let the lane's program judge their events.
    5. Commit progress, facts, states, transitions, alerts and deliveries as one.

    Raises:
        LaneBusy, LaneMoved: if another worker is at it.
    """
    oldest = oldest_pending(lane_id=lane_id)
    if oldest is None:
        return False
    now = oldest.seen_at
    judge = partial(judge_and_record, now=now)
    if wants_care(oldest=oldest, now=now):
        judge_with_care(lane_id=lane_id, judge=judge, now=now)
        return True
    with holding(lane_id) as lane:
        batches = take_batches(lane=lane)
        if batches:
            judge(lane, settle_batches(lane=lane, batches=batches))
    return True


def judge_and_record(
    lane: Lane, settled: Sequence[SettledBatch], *, now: datetime
) -> None:
    """Judge settled batches and commit all that follows, or nothing of it.

    `now` is when the round began; the database is asked for its time but once.
    """
    began = time.monotonic()
    batches = [one.batch.pk for one in settled]
    note(workspace=lane.dataset.workspace_id, batch=batches)
    program = borrow_program(lane)
    judgement = judge_batches(lane=lane, program=program, settled=settled)
    outgoing = gather_outgoing(lane, program, settled, judgement)
    states = gather_states(judgement)
    gathered = gather_alerts(lane=lane, judgement=judgement, now=now)
    rows = len(judgement.transitions)
    with COMMIT_SECONDS.labels("judgement").time(), writing(rows=rows):
        moved_at = now + timedelta(seconds=time.monotonic() - began)
        next_seq = finish_batches(lane=lane, settled=settled, now=moved_at)
        save_facts(lane=lane, changed=facts_to_store(program, judgement))
        save_states(lane=lane, states=states, outgoing=outgoing, now=now)
        record_transitions(gathered=gathered)
        save_counters(lane=lane, judgement=judgement, now=now)
        enter_round(gathered=gathered, settled=settled)
        return_program(lane, program, next_seq=next_seq)
    took = timedelta(seconds=time.monotonic() - began)
    count_round(settled=settled, judgement=judgement, now=now + took)
    trace_round(lane=lane, settled=settled, judgement=judgement, began=now, took=took)
