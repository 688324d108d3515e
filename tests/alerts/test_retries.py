from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.retries import (
    JITTER,
    SCHEDULE,
    Circuit,
    after_failure,
    after_success,
    next_attempt_at,
    sends_at_once,
)

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def middle() -> float:
    return 0.5


def test_ten_tries_take_some_seventy_five_hours() -> None:
    at, attempts = NOW, 0
    while due := next_attempt_at(
        attempts=attempts, now=at, retry_after=None, draw=middle
    ):
        at, attempts = due, attempts + 1

    assert attempts == 10
    assert timedelta(hours=75) < at - NOW < timedelta(hours=76)


@given(
    attempts=st.integers(0, len(SCHEDULE) - 1),
    drawn=st.floats(0, 1),
)
def test_jitter_moves_a_try_by_a_tenth_at_most(attempts: int, drawn: float) -> None:
    due = next_attempt_at(
        attempts=attempts, now=NOW, retry_after=None, draw=lambda: drawn
    )

    assert due
    wait, slack = SCHEDULE[attempts], timedelta(microseconds=1)
    assert wait * (1 - JITTER) - slack <= due - NOW <= wait * (1 + JITTER) + slack


@pytest.mark.parametrize(
    ("attempts", "asked", "wait"),
    [
        (1, timedelta(minutes=2), timedelta(minutes=2)),
        (3, timedelta(minutes=2), timedelta(minutes=30)),
        (1, timedelta(days=3), timedelta(hours=24)),
        (1, timedelta(0), timedelta(seconds=5)),
        (1, None, timedelta(seconds=5)),
    ],
    ids=["longer", "shorter", "too-long", "none-at-all", "not-asked"],
)
def test_receiver_that_asks_for_time_gets_it(
    attempts: int, asked: timedelta | None, wait: timedelta
) -> None:
    due = next_attempt_at(attempts=attempts, now=NOW, retry_after=asked, draw=middle)

    assert due == NOW + wait


def test_asking_for_time_adds_no_tries() -> None:
    assert not next_attempt_at(
        attempts=10, now=NOW, retry_after=timedelta(seconds=1), draw=middle
    )


def test_circuit_opens_at_the_fifth_failure_and_doubles_to_an_hour() -> None:
    circuit, at, pauses = Circuit(), NOW, []
    for _ in range(16):
        circuit = after_failure(circuit, now=at)
        if circuit.open_until:
            pauses.append((circuit.open_until - at).total_seconds())
            at = circuit.open_until

    assert pauses == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600, 3600, 3600]
    assert circuit.opened_at == NOW


def test_failures_under_way_when_it_opened_count_no_more() -> None:
    opened = after_failure(Circuit(failures=4), now=NOW)

    assert after_failure(opened, now=NOW + timedelta(seconds=29)) == opened


def test_success_closes_the_circuit() -> None:
    assert after_success() == Circuit(failures=0, open_until=None)


@pytest.mark.parametrize(
    ("circuit", "sends"),
    [
        (Circuit(), 4),
        (Circuit(failures=4), 4),
        (Circuit(failures=5, open_until=NOW + timedelta(seconds=1)), 0),
        (Circuit(failures=5, open_until=NOW), 1),
        (Circuit(failures=9, open_until=NOW - timedelta(hours=1)), 1),
    ],
    ids=["fresh", "four-failures", "resting", "rest-over", "long-over"],
)
def test_resting_output_gets_nothing_and_then_one_probe(
    circuit: Circuit, sends: int
) -> None:
    assert sends_at_once(circuit, most=4, now=NOW) == sends
