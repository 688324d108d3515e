"""From, to and on: what people write, and the instants that it means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from datasets.services import Period, PeriodInvalid, read_period

NEW_YORK = ZoneInfo("America/New_York")
MICROSECOND = timedelta(microseconds=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


PERIODS = [
    pytest.param({}, None, None, id="open"),
    pytest.param({"since": "2026-02-02"}, "2026-02-02T05:00Z", None, id="since-a-day"),
    pytest.param(
        {"until": "2026-02-02"}, None, "2026-02-03T05:00Z", id="a-day-counts-whole"
    ),
    pytest.param({"until": "20260202"}, None, "2026-02-03T05:00Z", id="day-in-digits"),
    pytest.param({"until": "Feb 2 2026"}, None, "2026-02-03T05:00Z", id="day-in-words"),
    pytest.param(
        {"on": "2026-03-08"},
        "2026-03-08T05:00Z",
        "2026-03-09T04:00Z",
        id="day-of-23-hours",
    ),
    pytest.param(
        {"on": "2026-11-01"},
        "2026-11-01T04:00Z",
        "2026-11-02T05:00Z",
        id="day-of-25-hours",
    ),
]


@pytest.mark.parametrize(("said", "earliest", "behind"), PERIODS)
def test_a_day_is_meant_whole_in_the_zone_of_the_dataset(
    said: dict[str, str], earliest: str | None, behind: str | None
) -> None:
    period = read_period(zone=NEW_YORK, **said)

    assert period == Period(
        earliest=at(earliest) if earliest else None,
        latest=at(behind) - MICROSECOND if behind else None,
    )


TIMES = [
    pytest.param("2026-02-02T10:00", "2026-02-02T15:00Z", id="naive"),
    pytest.param("2026-02-02T10:00:00Z", "2026-02-02T10:00Z", id="with-a-zone"),
    pytest.param("1770026400", "2026-02-02T10:00Z", id="seconds"),
    pytest.param("1770026400000", "2026-02-02T10:00Z", id="milliseconds"),
]


@pytest.mark.parametrize(("text", "instant"), TIMES)
def test_a_time_of_day_is_meant_exactly(text: str, instant: str) -> None:
    period = read_period(zone=NEW_YORK, until=text)

    assert period.latest == at(instant)


WRONG = [
    pytest.param({"since": "soon"}, "from", id="from"),
    pytest.param({"until": "2026-02-30"}, "to", id="to"),
    pytest.param({"on": "x"}, "on", id="on"),
    pytest.param({"since": "2026-02-03", "until": "2026-02-02"}, "from", id="order"),
]


@pytest.mark.parametrize(("said", "name"), WRONG)
def test_what_is_no_time_is_named(said: dict[str, str], name: str) -> None:
    with pytest.raises(PeriodInvalid) as caught:
        read_period(zone=NEW_YORK, **said)

    assert caught.value.errors[0].pointer == f"/{name}"
    assert caught.value.detail.startswith(f"{name}: ")
