"""Back-tests that take longer than anybody waits: judged in the background.

The row is the truth and the bell only says "look now". One run at a time is judged in a
process, and what it found is noted as it goes.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from django.db import DatabaseError, InterfaceError
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from config.about import about
from config.celery import Task, answer, nudge
from config.clock import database_now
from datasets.json import encode
from datasets.services import writing
from rules.models import BacktestRun, BacktestState, Rule
from rules.services.asked_judging import Judging, judging_for
from rules.services.awaiting import Undecided
from rules.services.backtest_json import backtest_to_json, comparison_to_json
from rules.services.backtesting import backtest_at_once
from rules.services.backtests import Backtest
from rules.services.comparing import (
    compare_at_once,
    read_compared_period,
    read_edit,
)
from rules.services.comparisons import Comparison
from rules.services.judged_edits import EditFound
from rules.services.witnesses import ColumnsDisagree
from workspaces.access import Access
from workspaces.refusals import Missing, Overloaded, Refusal

logger = logging.getLogger(__name__)

Clock = Callable[[], datetime]

#: What was found is kept so long; it holds values of records.
KEPT: Final = timedelta(days=1)
#: The same question is answered by a run that ended so short a time ago.
_FRESH = timedelta(minutes=1)
#: A worker that has not moved its run on by then is taken for dead.
_LEASE = timedelta(minutes=2)
#: Workers that a run may cost before it is given up.
_TRIES_BORNE = 3
#: Runs of a workspace that may wait at a time.
_UNFINISHED_MOST = 10
_NOTED_EVERY_SECONDS = 0.5

_at_work = threading.Lock()


class BacktestNotFound(Missing):
    """There is no such back-test in the workspace, or it is kept no longer."""

    code = "backtest_not_found"


class TooManyBacktests(Overloaded):
    """As many back-tests of the workspace wait as may."""

    code = "too_many_backtests"


class _RunGone(Exception):
    """Somebody dropped the run, or another worker has it."""


def start_backtest(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    since: str = "",
    until: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
    with_curve: bool = False,
) -> Backtest | BacktestRun:
    """Answer as `backtest_rule` does, or in the background what takes longer.

    That is what columns do not answer, of a history of more than
    `BELLWETHER_BACKTEST_EVENTS`. The same question finds the run that it has; another
    of the same person ends what they asked before, which tokens may have several of.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
        PeriodInvalid: naming since or until.
        TooManyBacktests: if as many wait as may.
    """
    found = backtest_at_once(
        access=access,
        definition=definition,
        now=now,
        since=since,
        until=until,
        addresses=addresses,
        with_curve=with_curve,
    )
    if found is not None:
        return found
    request = _request(definition, since, until, addresses)
    return _run_for(access, request, now)


def start_comparison(
    *,
    access: Access,
    rule: Rule,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    since: str = "",
    until: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Comparison | BacktestRun:
    """Say what an edit would have added and removed, exactly; store nothing of it.

    `since` and `until` are as in a back-test; both blank are the last 30 days. What
    takes longer than anybody waits is judged in the background: then the run also finds
    what a back-test of the edit would. It judges all that is stored, because an alert
    may hang on what came before the days that are compared.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
        PeriodInvalid: naming since or until.
        TooManyBacktests: if as many wait as may.
    """
    standing = rule.latest.definition if rule.latest else {}
    edited, known = read_edit(access, definition, standing, addresses)
    period = read_compared_period(edited, since, until, now)
    compared = compare_at_once(edited, known, period, now)
    if compared is not None:
        return compared
    request = _request(definition, since, until, addresses)
    return _run_for(access, {**request, "standing": standing}, now)


def _request(
    definition: Mapping[str, Any],  # Any: the engine judges it
    since: str,
    until: str,
    addresses: Mapping[str, str],
) -> dict[str, object]:
    return {
        "definition": dict(definition),
        "since": since,
        "until": until,
        "addresses": dict(addresses),
    }


def find_backtest(*, access: Access, run_id: str) -> BacktestRun:
    """Return a back-test of the workspace.

    Raises:
        BacktestNotFound: also for those of other workspaces.
    """
    try:
        named = BacktestRun.objects.filter(pk=uuid.UUID(run_id))
    except ValueError:
        named = BacktestRun.objects.none()
    run = named.filter(workspace=access.workspace).first()
    if run is None:
        raise BacktestNotFound(
            f"There is no back-test {run_id[:40]} in this workspace; they are kept for"
            " a day. Ask anew."
        )
    return run


def drop_backtest(*, run: BacktestRun) -> None:
    """Stop a back-test if it still goes on, and forget what it found."""
    with writing():
        BacktestRun.objects.filter(pk=run.pk).delete()


def sweep_backtests(*, now: datetime) -> None:
    """Ring for back-tests that wait or that a dead worker left."""
    for run_id in _waiting(now).values_list("pk", flat=True)[:_UNFINISHED_MOST]:
        nudge(Task.BACKTEST, run_id=str(run_id))


def forget_backtests(*, now: datetime) -> None:
    """Forget those that were asked for too long ago."""
    BacktestRun.objects.filter(created_at__lt=now - KEPT).delete()


def run_backtest(*, run_id: uuid.UUID, clock: Clock = database_now) -> None:
    """Judge a draft over the past to the end, noting how far it is.

    1. Claim the run for the time of a lease, which every note renews.
    2. Read the logs of its lanes, and judge them as a back-test at once would.
    3. Keep what was found, and ring for the next.

    Running it twice is harmless: one worker holds the run, and one that lost it keeps
    nothing more. What a dead worker left begins anew, and is given up after some.
    """
    answer(Task.BACKTEST, run_id=str(run_id))
    if not _at_work.acquire(blocking=False):
        # Whoever is at work here rings for those that wait.
        return
    try:
        run = _claim(run_id, clock())
        if run is not None:
            with about(workspace=run.workspace_id, backtest=run.pk):
                _work(run, clock)
    finally:
        _at_work.release()
    if run is not None:
        sweep_backtests(now=clock())


def _run_for(
    access: Access, request: Mapping[str, object], now: datetime
) -> BacktestRun:
    digest = hashlib.sha256(encode(request)).hexdigest()
    runs = BacktestRun.objects.filter(workspace=access.workspace)
    unfinished = runs.filter(state__in=[BacktestState.QUEUED, BacktestState.RUNNING])
    fresh = runs.filter(state=BacktestState.DONE, ended_at__gte=now - _FRESH)
    with writing():
        known = (unfinished | fresh).filter(digest=digest).order_by("-created_at")
        run = known.first()
        if run is not None:
            return run
        if access.user is not None:
            unfinished.filter(created_by=access.user).delete()
        if unfinished.count() >= _UNFINISHED_MOST:
            raise TooManyBacktests(
                f"{_UNFINISHED_MOST} back-tests of this workspace wait already; drop"
                " one, or wait for one to end.",
                retry_after=timedelta(seconds=30),
            )
        run = BacktestRun.objects.create(
            id=uuid.uuid4(),
            workspace=access.workspace,
            request=request,
            digest=digest,
            created_by=access.user,
            created_at=now,
        )
        nudge(Task.BACKTEST, run_id=str(run.pk))
    return run


def _waiting(now: datetime) -> QuerySet[BacktestRun]:
    left = Q(state=BacktestState.RUNNING, lease_until__lte=now)
    waiting = BacktestRun.objects.filter(Q(state=BacktestState.QUEUED) | left)
    return waiting.order_by("created_at", "pk")


def _claim(run_id: uuid.UUID, now: datetime) -> BacktestRun | None:
    with writing():
        claimed = (
            _waiting(now)
            .filter(pk=run_id)
            .update(
                state=BacktestState.RUNNING,
                lease_until=now + _LEASE,
                tries=F("tries") + 1,
                started_at=Coalesce("started_at", now),
            )
        )
    if not claimed:
        return None
    return BacktestRun.objects.select_related("workspace").filter(pk=run_id).first()


def _work(run: BacktestRun, clock: Clock) -> None:
    """Judge a claimed run, and see to how it ends."""
    try:
        if run.tries > _TRIES_BORNE:
            _fail(
                run,
                f"It was given up: {_TRIES_BORNE} times the process that judged it "
                "ended. Ask about a shorter past, or about fewer keys.",
                clock,
            )
        else:
            _judge(run, clock)
    except _RunGone:
        logger.info("back-test dropped")
    except Refusal as error:
        _fail(run, error.detail, clock)
    except (DatabaseError, InterfaceError):
        # Once the lease is over it begins anew.
        raise
    except Exception:
        # One run that cannot be judged must not keep the others waiting.
        logger.exception("back-test failed")
        _fail(run, "It could not be judged; the reason is in the log.", clock)


def _judge(run: BacktestRun, clock: Clock) -> None:
    """Judge a run; where columns cannot tell or are wrong, by all that is stored."""
    try:
        _judge_by(judging_for(run, clock()), run, clock)
    except Undecided:
        logger.info("columns cannot tell what timers have done")
    except ColumnsDisagree:
        logger.exception("columns and engine disagree")
    else:
        return
    _judge_by(judging_for(run, clock(), by_columns=False), run, clock)


def _judge_by(judging: Judging, run: BacktestRun, clock: Clock) -> None:
    _note(run, judging, clock)
    due = time.monotonic() + _NOTED_EVERY_SECONDS
    for _ in judging.steps():
        if time.monotonic() >= due:
            _note(run, judging, clock)
            due = time.monotonic() + _NOTED_EVERY_SECONDS
    found = judging.end(clock())
    _move(
        run,
        state=BacktestState.DONE,
        read=judging.total,
        ended_at=clock(),
        lease_until=None,
        **_written(found if isinstance(found, EditFound) else found.backtest),
    )


def _note(run: BacktestRun, judging: Judging, clock: Clock) -> None:
    """Write how far it is and what it found so far, and renew the lease."""
    _move(
        run,
        read=min(judging.read, judging.total),
        total=judging.total,
        lease_until=clock() + _LEASE,
        **_written(judging.so_far()),
    )


def _written(found: Backtest | EditFound) -> dict[str, object]:
    if isinstance(found, Backtest):
        return {"found": backtest_to_json(found)}
    return {
        "found": backtest_to_json(found.backtest),
        "compared": comparison_to_json(found.compared),
    }


def _fail(run: BacktestRun, error: str, clock: Clock) -> None:
    held = _held(run)
    held.update(
        state=BacktestState.FAILED, error=error, ended_at=clock(), lease_until=None
    )


def _move(run: BacktestRun, **columns: object) -> None:
    """Change the row, if it still is as we last saw it."""
    with writing():
        if not _held(run).update(**columns):
            raise _RunGone(run.pk)
    for name, value in columns.items():
        setattr(run, name, value)


def _held(run: BacktestRun) -> QuerySet[BacktestRun]:
    return BacktestRun.objects.filter(
        pk=run.pk, state=BacktestState.RUNNING, lease_until=run.lease_until
    )
