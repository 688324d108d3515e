"""Slots, in a year of changing clocks too: none is left out, none comes twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.schedules import Every
from datasets.services.slots import due_slot
from datasets.times import first_instant
from tests.factories import NOW

#: Of half hours and quarters, of changes by half an hour, at midnight, and of none.
ZONES = (
    "Africa/Casablanca",
    "America/Havana",
    "America/New_York",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Pacific/Apia",
    "Pacific/Chatham",
)
#: The last in which Apia and Tehran still changed their clocks.
BEGIN = datetime(2020, 7, 1, tzinfo=UTC)
END = datetime(2021, 7, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
QUARTER = timedelta(minutes=15)


def runs(
    every: timedelta, waits: Iterator[timedelta]
) -> Iterator[tuple[datetime, int, datetime]]:
    """Look at irregular times; give each run's slot, how many it skipped, and when."""
    now = BEGIN
    following = Every(every).first_slot(now)
    while now < END:
        now += next(waits)
        if following <= now:
            due = due_slot(first=following, schedule=Every(every), now=now)
            following = due.following
            yield due.slot, due.skipped, now


@given(
    every=st.integers(1, 100_000).map(lambda seconds: timedelta(seconds=seconds)),
    waits=st.lists(
        st.integers(3_600, 300_000).map(lambda seconds: timedelta(seconds=seconds)),
        min_size=1,
    ),
)
@settings(max_examples=20)
def test_each_slot_of_a_year_is_run_once_or_counted_as_skipped(
    every: timedelta, waits: list[timedelta]
) -> None:
    begin = Every(every).first_slot(BEGIN)

    settled = 0
    for slot, skipped, now in runs(every, cycle(waits)):
        settled += skipped + 1
        assert slot == begin + (settled - 1) * every
        assert slot <= now < slot + every


def changes(zone: ZoneInfo) -> list[datetime]:
    """Return the instants of the year at which the clocks of a zone are changed."""
    quarters = [BEGIN + number * QUARTER for number in range((END - BEGIN) // QUARTER)]
    return [
        at
        for at in quarters
        if at.astimezone(zone).utcoffset()
        != (at - timedelta(microseconds=1)).astimezone(zone).utcoffset()
    ]


@pytest.mark.parametrize("name", ZONES)
def test_clock_that_is_changed_hides_no_slot_and_shows_none_twice(name: str) -> None:
    zone = ZoneInfo(name)
    slots = [slot for slot, _, _ in runs(QUARTER, cycle([QUARTER]))]
    found = changes(zone)

    assert {after - before for before, after in pairwise(slots)} == {QUARTER}
    assert bool(found) == (name != "Asia/Kathmandu")
    for at in found:
        before = (at - QUARTER).astimezone(zone).replace(tzinfo=None) + QUARTER
        # What the clock would have shown: in a gap it never does, and the slot is the
        # first minute after it; where an hour comes twice, the slot is in its first.
        assert slots.count(first_instant(before, zone)) == 1
        assert slots.count(at) == 1


@pytest.mark.parametrize(
    ("late", "slot", "skipped", "following"),
    [
        (0 * SECOND, 0, 0, 1),
        (59 * SECOND, 0, 0, 1),
        (60 * SECOND, 1, 1, 2),
        (61 * SECOND, 1, 1, 2),
        (timedelta(days=1), 1440, 1440, 1441),
    ],
    ids=["on time", "late", "next is due", "one skipped", "a day away"],
)
def test_latest_slot_runs_and_older_ones_are_skipped(
    late: timedelta, slot: int, skipped: int, following: int
) -> None:
    due = due_slot(first=NOW, schedule=Every(MINUTE), now=NOW + late)

    assert due.slot == NOW + slot * MINUTE
    assert due.skipped == skipped
    assert due.following == NOW + following * MINUTE


def test_first_slot_is_a_whole_multiple_of_the_step() -> None:
    now = datetime(2026, 3, 2, 15, 30, 1, 500_000, tzinfo=UTC)

    assert Every(SECOND).first_slot(now) == now.replace(second=2, microsecond=0)
    assert Every(5 * SECOND).first_slot(now) == now.replace(second=5, microsecond=0)
    assert Every(MINUTE).first_slot(NOW) == NOW
