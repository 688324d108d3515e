"""Slots by the clocks of a zone while these are changed: none is lost, none doubled."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from datasets.schedules import At, read_cron

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def plan(text: str, zone: str) -> At:
    return At(read_cron(text), ZoneInfo(zone))


def shown(slot: datetime, zone: ZoneInfo) -> str:
    """Return what clocks show at a slot, with their distance from UTC."""
    return f"{slot.astimezone(zone):%d %H:%M %z}"


@pytest.mark.parametrize(
    ("zone", "text", "begin", "slots"),
    [
        pytest.param("America/New_York", "30 2 * * *", "2026-03-06 12:00",
            ["07 02:30 -0500", "08 03:00 -0400", "09 02:30 -0400"], id="gap"),
        pytest.param("America/New_York", "*/15 2 * * *", "2026-03-07 12:00",
            ["08 03:00 -0400", "09 02:00 -0400", "09 02:15 -0400"],
            id="a gap of many times is one slot"),
        pytest.param("America/New_York", "30 2,3 * * *", "2026-03-07 12:00",
            ["08 03:00 -0400", "08 03:30 -0400", "09 02:30 -0400"],
            id="gap and the hour after"),
        pytest.param("America/New_York", "30 2 8 3 *", "2026-03-07 12:00",
            ["08 03:00 -0400", "08 02:30 -0500", "08 02:30 -0500"],
            id="only day of the year"),
        pytest.param("America/New_York", "30 1 * * *", "2026-10-31 12:00",
            ["01 01:30 -0400", "02 01:30 -0500", "03 01:30 -0500"], id="doubled"),
        pytest.param("America/New_York", "0,30 1-2 * * *", "2026-10-31 12:00",
            ["01 01:00 -0400", "01 01:30 -0400", "01 02:00 -0500"],
            id="doubled and the hour after"),
        pytest.param("America/New_York", "30 * * * *", "2026-11-01 05:00",
            ["01 01:30 -0400", "01 01:30 -0500", "01 02:30 -0500"],
            id="every hour that passes"),
        pytest.param("America/New_York", "30 * * * *", "2026-11-01 05:45",
            ["01 01:30 -0500", "01 02:30 -0500", "01 03:30 -0500"],
            id="every hour, from between the two"),
        pytest.param("Australia/Lord_Howe", "15 2 * * *", "2026-10-03 12:00",
            ["04 02:30 +1100", "05 02:15 +1100", "06 02:15 +1100"], id="half-hour gap"),
        pytest.param("Australia/Lord_Howe", "45 1 * * *", "2026-04-03 12:00",
            ["04 01:45 +1100", "05 01:45 +1100", "06 01:45 +1030"],
            id="doubled half hour"),
        pytest.param("Australia/Lord_Howe", "*/30 * * * *", "2026-04-04 14:00",
            ["05 01:30 +1100", "05 01:30 +1030", "05 02:00 +1030"],
            id="every half hour that passes"),
        pytest.param("Pacific/Chatham", "0 3 * * SUN", "2026-09-20 12:00",
            ["27 03:45 +1345", "04 03:00 +1345", "11 03:00 +1345"],
            id="gap of a zone with quarters"),
        pytest.param("Pacific/Chatham", "0 3 * * *", "2026-04-03 15:00",
            ["05 03:00 +1345", "06 03:00 +1245", "07 03:00 +1245"],
            id="doubled in a zone with quarters"),
        pytest.param("Asia/Kathmandu", "30 9 * * MON-FRI", "2026-03-27 03:44",
            ["27 09:30 +0545", "30 09:30 +0545", "31 09:30 +0545"], id="no change"),
        pytest.param("Asia/Kathmandu", "10 0 1 1 *", "1985-12-01 00:00",
            ["01 00:15 +0545", "01 00:10 +0545", "01 00:10 +0545"],
            id="zone that moved by a quarter"),
        pytest.param("America/Havana", "0 0 * * *", "2026-03-06 12:00",
            ["07 00:00 -0500", "08 01:00 -0400", "09 00:00 -0400"], id="no midnight"),
        pytest.param("America/Havana", "30 0 * * *", "2026-10-31 12:00",
            ["01 00:30 -0400", "02 00:30 -0500", "03 00:30 -0500"],
            id="doubled after midnight"),
        pytest.param("America/Santiago", "30 23 * * *", "2026-04-03 12:00",
            ["03 23:30 -0300", "04 23:30 -0300", "05 23:30 -0400"],
            id="doubled before midnight"),
        pytest.param("America/St_Johns", "30 * * * *", "2010-11-07 01:50",
            ["06 23:30 -0230", "06 23:30 -0330", "07 00:30 -0330"],
            id="doubled over midnight"),
        pytest.param("Africa/Casablanca", "30 2 * * *", "2026-03-20 12:00",
            ["21 02:30 +0000", "22 03:00 +0100", "23 02:30 +0100"],
            id="end of the month of fasting"),
        pytest.param("Africa/Casablanca", "30 2 * * *", "2026-02-14 12:00",
            ["15 02:30 +0100", "16 02:30 +0000", "17 02:30 +0000"],
            id="doubled in Casablanca"),
        pytest.param("Pacific/Apia", "0 12 * * *", "2011-12-29 12:00",
            ["29 12:00 -1000", "31 00:00 +1400", "31 12:00 +1400"],
            id="day that was left out"),
        pytest.param("Antarctica/Troll", "30 1 * * *", "2026-03-28 12:00",
            ["29 03:00 +0200", "30 01:30 +0200", "31 01:30 +0200"],
            id="gap of two hours"),
        pytest.param("Europe/Dublin", "30 1 * * *", "2026-03-28 12:00",
            ["29 02:00 +0100", "30 01:30 +0100", "31 01:30 +0100"],
            id="zone whose winter is its saving"),
        pytest.param("UTC", "30 1 * * *", "2026-03-28 12:00",
            ["29 01:30 +0000", "30 01:30 +0000", "31 01:30 +0000"], id="UTC"),
    ],
)  # fmt: skip
def test_slots_around_a_change(
    zone: str, text: str, begin: str, slots: list[str]
) -> None:
    when = plan(text, zone)

    found = when.slots_after(datetime.fromisoformat(begin).replace(tzinfo=UTC))

    assert [shown(next(found), when.zone) for _ in slots] == slots


@pytest.mark.parametrize(
    "zone",
    [
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
    ],
)
@pytest.mark.parametrize("text", ["5 1 * * *", "40 2 * * *", "20 0 * * *"])
def test_time_of_day_runs_once_on_each_day_of_a_year(zone: str, text: str) -> None:
    when = plan(text, zone)
    end = datetime(2022, 1, 1, tzinfo=UTC)
    begin = datetime(2021, 1, 1, tzinfo=UTC)

    slots = [*takewhile(lambda one: one <= end, when.slots_after(begin))]

    days = [slot.astimezone(when.zone).date() for slot in slots]
    assert {after - before for before, after in pairwise(days)} == {DAY}


#: In these days clocks change; all by whole minutes.
CHANGES = {
    "Africa/Casablanca": datetime(2026, 2, 14, tzinfo=UTC),
    "America/Havana": datetime(2026, 10, 31, tzinfo=UTC),
    "America/New_York": datetime(2026, 3, 7, tzinfo=UTC),
    "America/Santiago": datetime(2026, 4, 3, tzinfo=UTC),
    "America/St_Johns": datetime(2010, 11, 6, tzinfo=UTC),
    "Asia/Kathmandu": datetime(1985, 12, 31, tzinfo=UTC),
    "Australia/Lord_Howe": datetime(2026, 4, 3, tzinfo=UTC),
    "Pacific/Apia": datetime(2011, 12, 29, tzinfo=UTC),
    "Pacific/Chatham": datetime(2026, 9, 25, tzinfo=UTC),
}


@dataclass(frozen=True, slots=True)
class Minute:
    """A minute, what clocks show at it or were put forward over, and if it is again."""

    instant: datetime
    shown: list[datetime]
    is_again: bool


@cache
def minutes(zone: str) -> list[Minute]:
    """Look at each minute's clock in the days in which it changes."""
    clock, begin = ZoneInfo(zone), CHANGES[zone]
    found = []
    last = (begin - MINUTE).astimezone(clock).replace(tzinfo=None)
    for number in range(2 * DAY // MINUTE + 1):
        now = (begin + number * MINUTE).astimezone(clock)
        local = now.replace(tzinfo=None, fold=0)
        since = min(local, last + MINUTE)
        shown = [since + one * MINUTE for one in range((local - since) // MINUTE + 1)]
        found.append(Minute(begin + number * MINUTE, shown, bool(now.fold)))
        last = local
    return found


def by_the_minute(when: At) -> list[datetime]:
    """Return the slots in the days in which clocks change, by a look at each minute."""
    return [
        minute.instant
        for minute in minutes(when.zone.key)
        if (not minute.is_again or when.cron.is_every_hour)
        and any(is_meant(when, one) for one in minute.shown)
    ]


def is_meant(when: At, local: datetime) -> bool:
    cron = when.cron
    return (
        local.minute in cron.minutes
        and local.hour in cron.hours
        and cron.has_day(local.date())
    )


def field(least: int, most: int) -> st.SearchStrategy[str]:
    """Give fields of a cron expression: a star, a step, a range or a list."""
    number = st.integers(least, most)
    return st.one_of(
        st.just("*"),
        st.integers(2, 20).map(lambda step: f"*/{step}"),
        st.tuples(number, number).map(lambda two: f"{min(two)}-{max(two)}"),
        st.lists(number, min_size=1, max_size=3).map(
            lambda some: ",".join(map(str, some))
        ),
    )


@given(
    zone=st.sampled_from(sorted(CHANGES)),
    minute=field(0, 59),
    hour=field(0, 23),
    weekday=st.one_of(st.just("*"), field(0, 6)),
    waits=st.lists(st.integers(0, 24 * 60), min_size=1, max_size=4),
)
@example(
    zone="America/St_Johns", minute="*/7", hour="*", weekday="*", waits=[1, 1_590, 60]
)
@settings(max_examples=30, deadline=None)
def test_slots_increase_and_none_is_lost_whenever_somebody_looks(
    zone: str, minute: str, hour: str, weekday: str, waits: list[int]
) -> None:
    when = plan(f"{minute} {hour} * * {weekday}", zone)
    begin = CHANGES[zone]
    end = begin + 2 * DAY
    wanted = by_the_minute(when)

    first = when.first_slot(begin)
    slots = [first, *takewhile(lambda one: one <= end, when.slots_after(first))]

    assert [slot for slot in slots if slot <= end] == wanted
    assert all(before < after for before, after in pairwise(slots))
    # Looked at from anywhere, the same slots follow, and those that passed are counted.
    now = begin
    for wait in waits:
        now += wait * MINUTE
        latest, passed = when.slots_passed(first, now=max(now, first))
        ahead = [slot for slot in wanted if slot > now]
        assert [slot for slot in [when.following_slot(now)] if slot <= end] == ahead[:1]
        assert passed == max(0, sum(slot <= now for slot in wanted) - 1)
        assert latest == ([first, *(slot for slot in wanted if slot <= now)])[-1]
