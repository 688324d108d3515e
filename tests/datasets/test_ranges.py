"""Ranges by name, and the days that they mean."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from datasets.services import PeriodInvalid, read_period
from datasets.services.ranges import read_range

#: A Sunday in New York, and Monday in London already.
NOW = datetime(2024, 3, 31, 23, 30, tzinfo=UTC)
NEW_YORK, LONDON = ZoneInfo("America/New_York"), ZoneInfo("Europe/London")

RANGES = [
    ("today", "2024-03-31", "2024-03-31"),
    ("Yesterday", "2024-03-30", "2024-03-30"),
    ("tomorrow", "2024-04-01", "2024-04-01"),
    ("YTD", "2024-01-01", "2024-03-31"),
    ("this-week", "2024-03-25", "2024-03-31"),
    ("last-week", "2024-03-18", "2024-03-24"),
    ("next-week", "2024-04-01", "2024-04-07"),
    ("this-month", "2024-03-01", "2024-03-31"),
    ("last-month", "2024-02-01", "2024-02-29"),
    ("next-month", "2024-04-01", "2024-04-30"),
    ("this-quarter", "2024-01-01", "2024-03-31"),
    ("last-quarter", "2023-10-01", "2023-12-31"),
    ("next-quarter", "2024-04-01", "2024-06-30"),
    ("last-year", "2023-01-01", "2023-12-31"),
    ("0d", "2024-03-31", "2024-03-31"),
    ("5d", "2024-03-26", "2024-03-31"),
    ("2w", "2024-03-17", "2024-03-31"),
    ("1M", "2024-02-29", "2024-03-31"),
    ("4m", "2023-11-30", "2024-03-31"),
    ("1q", "2023-12-31", "2024-03-31"),
    ("5y", "2019-03-31", "2024-03-31"),
    ("Q12023", "2023-01-01", "2023-03-31"),
    ("q42023", "2023-10-01", "2023-12-31"),
    ("H22023", "2023-07-01", "2023-12-31"),
    ("2023", "2023-01-01", "2023-12-31"),
]


@pytest.mark.parametrize(("text", "first", "last"), RANGES)
def test_a_range_means_whole_days_as_seen_from_today(
    text: str, first: str, last: str
) -> None:
    meant = read_period(zone=NEW_YORK, since=first, until=last)

    assert read_range(text, zone=NEW_YORK, now=NOW) == meant


def test_today_is_the_day_in_the_zone_of_the_dataset() -> None:
    meant = read_period(zone=LONDON, on="2024-04-01")

    assert read_range("today", zone=LONDON, now=NOW) == meant


@pytest.mark.parametrize(
    "text",
    [
        "soon",
        "last-day",
        "5",
        "5h",
        "Q52023",
        "h32023",
        "-1d",
        "99999y",
        "9999d9",
        "٣d",
    ],
)
def test_what_is_no_range_is_refused_with_those_that_are(text: str) -> None:
    with pytest.raises(PeriodInvalid, match="range: Send today, yesterday"):
        read_range(text, zone=LONDON, now=NOW)
