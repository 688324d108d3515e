"""What workers answer to: each task takes ids, calls one service, returns nothing."""

from __future__ import annotations

from celery import shared_task

from config.celery import Task
from config.clock import database_now
from rules.services import keep_segments


@shared_task(name=Task.SWEEP_SEGMENTS.value)
def segments() -> None:
    """Bring the history that back-tests read up to date."""
    keep_segments(now=database_now())
