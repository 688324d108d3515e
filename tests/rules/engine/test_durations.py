"""Lengths of time: how they are read, written and said."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.engine import (
    DurationInvalid,
    parse_duration,
    render_duration,
    say_duration,
)
from rules.engine.durations import LONGEST, say_every, say_measured

READ = {
    "seconds": ("60s", 60),
    "minutes": ("5m", 300),
    "hours": ("1h", 3600),
    "days": ("2d", 172800),
    "none": ("0s", 0),
    "half-an-hour": ("0.5h", 1800),
    "with-a-space": (" 90 s ", 90),
    "number": (60, 60),
    "decimal": (Decimal("0.25"), 0.25),
    "float": (1.5, 1.5),
    "a-year": ("366d", 366 * 86400),
}


@pytest.mark.parametrize(("written", "seconds"), READ.values(), ids=READ.keys())
def test_duration_is_read(written, seconds):
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "written",
    ["", "60", "soon", "-5s", "1w", "5 m 3 s", "1e3s", "٣s", "367d", "9" * 5000 + "s",
     -1, 10**12, True, None, [], float("nan"), float("inf"), Decimal("sNaN")],
    ids=lambda written: str(written)[:8] or "empty",
)  # fmt: skip
def test_duration_is_refused(written):
    with pytest.raises(DurationInvalid):
        parse_duration(written)


@pytest.mark.parametrize(
    ("seconds", "rendered", "said", "every"),
    [
        (0, "0s", "0 seconds", "every 0 seconds"),
        (1, "1s", "1 second", "a second"),
        (60, "1m", "1 minute", "a minute"),
        (90, "90s", "90 seconds", "every 90 seconds"),
        (3600, "1h", "1 hour", "an hour"),
        (5400, "90m", "90 minutes", "every 90 minutes"),
        (86400, "1d", "1 day", "a day"),
        (0.5, "0.5s", "0.5 seconds", "every 0.5 seconds"),
    ],
)
def test_duration_is_written_in_the_largest_unit(seconds, rendered, said, every):
    duration = timedelta(seconds=seconds)

    assert render_duration(duration) == rendered
    assert say_duration(duration) == said
    assert say_every(duration) == every


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (79.071804, "79 seconds"),
        (119.6, "2 minutes"),
        (10.0004, "10 seconds"),
        (9.071804, "9.072 seconds"),
        (0.0001, "0 seconds"),
    ],
)
def test_what_was_measured_is_said_no_finer_than_it_matters(seconds, said):
    assert say_measured(timedelta(seconds=seconds)) == said


@given(st.timedeltas(timedelta(), LONGEST))
def test_rendered_duration_reads_back(duration):
    assert parse_duration(render_duration(duration)) == duration
