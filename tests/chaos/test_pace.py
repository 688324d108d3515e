"""What a slow machine is allowed, and what it is not."""

import time

import pytest

from tests.chaos.pace import QUICK_SECONDS, Beat, Pace
from tests.installations import until


def pace(*times_slower, least=1.0):
    """A pace of ten beats a second, each so many times slower than on an idle core."""
    beats = [
        Beat(place / 10, times * QUICK_SECONDS)
        for place, times in enumerate(times_slower)
    ]
    return Pace(least, beats)


QUICK, SLOW = [1.0] * 50, [4.0] * 50


@pytest.mark.parametrize(
    ("beats", "least", "since", "allowed"),
    [
        pytest.param([], 1, 0, 5, id="nothing is known"),
        pytest.param([0.5] * 50, 1, 0, 5, id="quicker than promised for"),
        pytest.param(SLOW, 1, 0, 20, id="four times slower"),
        pytest.param(QUICK + SLOW + QUICK, 1, 0, 20, id="slow for as long as promised"),
        pytest.param(SLOW + QUICK + QUICK, 1, 10, 5, id="slow before"),
        pytest.param([*QUICK, 20.0, *QUICK], 1, 0, 7, id="once held up"),
        pytest.param(QUICK, 6, 0, 30, id="the suite"),
    ],
)
def test_what_is_promised_may_take_longer_on_a_slow_machine(
    beats, least, since, allowed
):
    found = pace(*beats, least=least).allowed(5, since=since)

    assert found == pytest.approx(allowed, rel=0.05)


def test_a_trial_notes_what_takes_longer_than_that():
    slow = pace(*SLOW)

    in_time = slow.differences(5, what="Waiting", took=19.9, since=0)
    too_long = slow.differences(5, what="Waiting", took=20.2, since=0)

    assert in_time == []
    (said,) = too_long
    assert said == (
        "Waiting took 20.2 s; 5 s are promised, which are 20.0 s at the pace of this"
        " machine"
    )


def test_a_metronome_beats_while_it_is_listened_to():
    listening = Pace()

    with listening.listening():
        until(lambda: len(listening.beats) >= 3, seconds=60, what="beating")

    before, after = listening.beats[0], listening.beats[-1]
    assert before.at < after.at <= time.monotonic()
    assert all(one.took > 0 for one in listening.beats)
