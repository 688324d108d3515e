"""What workers answer to: each task takes ids, calls one service, returns nothing."""

from __future__ import annotations

import uuid

from celery import shared_task

from config.celery import Task
from config.clock import database_now
from rules.services import keep_segments, run_backtest, sweep_backtests


@shared_task(name=Task.BACKTEST.value)
def backtest(*, run_id: str) -> None:
    """Judge a draft over the past."""
    run_backtest(run_id=uuid.UUID(run_id))


@shared_task(name=Task.SWEEP_SEGMENTS.value)
def segments() -> None:
    """Bring the history that back-tests read up to date."""
    keep_segments(now=database_now())


@shared_task(name=Task.SWEEP_BACKTESTS.value)
def backtests() -> None:
    """Ring for back-tests whose bell was lost, or whose worker died."""
    sweep_backtests(now=database_now())
