"""When a failed delivery is tried again, and when an output is left in peace.

Pure decisions; the rows keep what they decide. The schedule is that of Standard
Webhooks: ten tries in some 75 hours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

#: How long after the last try the next one follows; the first is at once.
SCHEDULE = (
    timedelta(0),
    timedelta(seconds=5),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=5),
    timedelta(hours=10),
    timedelta(hours=14),
    timedelta(hours=20),
    timedelta(hours=24),
)
JITTER = 0.1
LONGEST_WAIT = timedelta(hours=24)

FAILURES_TO_OPEN = 5
FIRST_PAUSE = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(hours=1)


def next_attempt_at(
    *,
    attempts: int,
    now: datetime,
    retry_after: timedelta | None,
    draw: Callable[[], float],
) -> datetime | None:
    """Say when to try again after so many tries, or None to give up.

    `draw` gives numbers from 0 to 1, evenly, and spreads the tries by a tenth either
    way. A receiver that asks for more time gets it, up to a day.
    """
    if attempts >= len(SCHEDULE):
        return None
    spread = 1 + JITTER * (2 * draw() - 1)
    wait = SCHEDULE[attempts] * spread
    asked = min(retry_after or timedelta(0), LONGEST_WAIT)
    return now + max(wait, asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How an output has been doing: failures in a row, and until when it rests.

    `opened_at` is when it opened; it stays so over the probes that fail.
    """

    failures: int = 0
    open_until: datetime | None = None
    opened_at: datetime | None = None


def after_failure(circuit: Circuit, *, now: datetime) -> Circuit:
    """Count a failure; from the fifth in a row the output rests, each time longer.

    Sends that were under way when it opened count no more, or four of them would make
    eight minutes of thirty seconds.
    """
    if circuit.open_until is not None and circuit.open_until > now:
        return circuit
    failures = circuit.failures + 1
    beyond = failures - FAILURES_TO_OPEN
    if beyond < 0:
        return Circuit(failures=failures)
    # Past the doublings that reach the longest pause the power would only grow.
    pause = FIRST_PAUSE * 2 ** min(beyond, 10)
    return Circuit(
        failures=failures,
        open_until=now + min(pause, LONGEST_PAUSE),
        opened_at=circuit.opened_at or now,
    )


def after_success() -> Circuit:
    """Close the circuit: one success ends the row of failures."""
    return Circuit()


def sends_at_once(circuit: Circuit, *, most: int, now: datetime) -> int:
    """Say how many sends an output may have under way: none while it rests, then one.

    The one is the probe; its success opens the way for the others.
    """
    if circuit.open_until is None:
        return most
    return 0 if circuit.open_until > now else min(most, 1)
