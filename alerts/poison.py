"""Judging a lane with care: in parts, until what kills the judge is set aside.

The bookkeeping is `datasets.services.quarantine`; here each part is tried.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

from django.db import InterfaceError, OperationalError

from datasets.models import Lane
from datasets.services import (
    LaneBusy,
    LaneMoved,
    SettledBatch,
    fail_part,
    holding,
    plan_part,
    settle_part,
    withdraw_part,
)

logger = logging.getLogger(__name__)

Judge = Callable[[Lane, Sequence[SettledBatch]], None]


def judge_with_care(*, lane_id: int, judge: Judge, now: datetime) -> None:
    """Judge the next part of a lane; if that fails, learn from it and go on.

    Running it twice is harmless: the part is noted before it begins, and whoever finds
    another's note lets it be.

    Raises:
        LaneBusy, LaneMoved: if another worker is at it.
        OperationalError, InterfaceError: if the database is away; no event's fault.
    """
    part = plan_part(lane_id=lane_id, now=now)
    if part is None:
        return
    try:
        with holding(lane_id, waits=True) as lane:
            judge(lane, [settle_part(lane=lane, part=part)])
    except (LaneBusy, LaneMoved):
        raise
    except (OperationalError, InterfaceError):
        withdraw_part(lane_id=lane_id, part=part)
        raise
    except Exception as error:
        # Whatever it is, it must not keep the rest of the lane waiting.
        logger.exception("events failed", extra={"batch": part.batch_id})
        reason = f"{type(error).__name__}: {error}"
        fail_part(lane_id=lane_id, part=part, reason=reason, now=now)
