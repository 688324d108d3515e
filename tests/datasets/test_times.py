"""Event times are read in every common spelling, and in the zone of the dataset."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.times import (
    EARLIEST,
    LATEST,
    TimeInvalid,
    first_instant,
    read_event_time,
    read_zone,
)

NEW_YORK = ZoneInfo("America/New_York")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


SPELLINGS = [
    ("2004-08-19", utc(2004, 8, 19)),
    ("2004/08/19", utc(2004, 8, 19)),
    ("2004-8-9", utc(2004, 8, 9)),
    ("2017-04-19 09:00:00", utc(2017, 4, 19, 9)),
    ("2017-04-19T09:00", utc(2017, 4, 19, 9)),
    ("2017-04-19t9:05", utc(2017, 4, 19, 9, 5)),
    ("2017-04-19T09:00:00Z", utc(2017, 4, 19, 9)),
    ("2017-04-19T09:00:00z", utc(2017, 4, 19, 9)),
    ("2017-04-19T09:00:00+05:30", utc(2017, 4, 19, 3, 30)),
    ("2017-04-19T09:00:00+0530", utc(2017, 4, 19, 3, 30)),
    ("2017-04-19 09:00:00 -05", utc(2017, 4, 19, 14)),
    ("2017-04-19 09:00:00 UTC", utc(2017, 4, 19, 9)),
    ("2017-04-19T09:00:00.123456Z", utc(2017, 4, 19, 9, 0, 0, 123456)),
    ("2017-04-19T09:00:00.123456789Z", utc(2017, 4, 19, 9, 0, 0, 123456)),
    ("2017-04-19 09:00:00,5 Z", utc(2017, 4, 19, 9, 0, 0, 500000)),
    ("  2017-04-19  ", utc(2017, 4, 19)),
    ("20040819", utc(2004, 8, 19)),
    ("20040819143000", utc(2004, 8, 19, 14, 30)),
    ("Jan 1 2000", utc(2000, 1, 1)),
    ("Jan 1, 2000", utc(2000, 1, 1)),
    ("September 30, 2000 4:05 PM", utc(2000, 9, 30, 16, 5)),
    ("Sept 3 2000", utc(2000, 9, 3)),
    ("12 May 2023 12:00 am", utc(2023, 5, 12)),
    ("1-Jan-2000", utc(2000, 1, 1)),
    ("Fri, 12 May 2023 14:30:00 +0000", utc(2023, 5, 12, 14, 30)),
    ("Fri, 12 May 2023 14:30:00 -0700", utc(2023, 5, 12, 21, 30)),
    ("Fri, 12 May 2023 14:30 EDT", utc(2023, 5, 12, 18, 30)),
    ("12 May 2023 14:30:00 GMT", utc(2023, 5, 12, 14, 30)),
    ("0", utc(1970, 1, 1)),
    ("1683912345", utc(2023, 5, 12, 17, 25, 45)),
    ("1683912345.25", utc(2023, 5, 12, 17, 25, 45, 250000)),
    ("1683912345678", utc(2023, 5, 12, 17, 25, 45, 678000)),
    ("1683912345678901", utc(2023, 5, 12, 17, 25, 45, 678901)),
    ("1683912345678901234", utc(2023, 5, 12, 17, 25, 45, 678901)),
    ("-86400", utc(1969, 12, 31)),
    ("19991399", utc(1970, 8, 20, 9, 9, 59)),  # no calendar day
    (1683912345, utc(2023, 5, 12, 17, 25, 45)),
    (1683912345678, utc(2023, 5, 12, 17, 25, 45, 678000)),
    (Decimal("1683912345.678901"), utc(2023, 5, 12, 17, 25, 45, 678901)),
    (Decimal("1.683912345678E+12"), utc(2023, 5, 12, 17, 25, 45, 678000)),
    (20040819, utc(2004, 8, 19)),
]


@pytest.mark.parametrize(
    ("value", "instant"), SPELLINGS, ids=[repr(value) for value, _ in SPELLINGS]
)
def test_spelling_is_read(value, instant):
    found = read_event_time(value, UTC)

    assert found == instant
    assert found.tzinfo is UTC


ZONED = [
    pytest.param("2023-01-15 09:30:00", NEW_YORK, utc(2023, 1, 15, 14, 30), id="est"),
    pytest.param("2023-07-15 09:30:00", NEW_YORK, utc(2023, 7, 15, 13, 30), id="edt"),
    pytest.param("2023-07-15", NEW_YORK, utc(2023, 7, 15, 4), id="bare-date"),
    pytest.param("20230715", NEW_YORK, utc(2023, 7, 15, 4), id="digits-of-a-date"),
    pytest.param("Jul 15 2023", NEW_YORK, utc(2023, 7, 15, 4), id="named-month"),
    pytest.param("2023-07-15T09:30Z", NEW_YORK, utc(2023, 7, 15, 9, 30), id="said"),
    pytest.param(1689413400, NEW_YORK, utc(2023, 7, 15, 9, 30), id="epoch-is-utc"),
    pytest.param("2023-03-12 01:59:59", NEW_YORK, utc(2023, 3, 12, 6, 59, 59), id="a"),
    pytest.param("2023-03-12 02:00", NEW_YORK, utc(2023, 3, 12, 7), id="gap-begins"),
    pytest.param("2023-03-12 02:30", NEW_YORK, utc(2023, 3, 12, 7), id="inside-gap"),
    pytest.param("2023-03-12 03:00", NEW_YORK, utc(2023, 3, 12, 7), id="gap-ends"),
    pytest.param("2023-11-05 01:30", NEW_YORK, utc(2023, 11, 5, 5, 30), id="doubled"),
    pytest.param(
        "2018-11-04", ZoneInfo("America/Sao_Paulo"), utc(2018, 11, 4, 3), id="midnight"
    ),
    pytest.param(
        "2011-12-30", ZoneInfo("Pacific/Apia"), utc(2011, 12, 30, 10), id="lost-day"
    ),
    pytest.param(
        "2023-10-01 02:10",
        ZoneInfo("Australia/Lord_Howe"),
        utc(2023, 9, 30, 15, 30),
        id="half-hour-gap",
    ),
    pytest.param(
        "2023-11-05 00:30",
        ZoneInfo("America/Havana"),
        utc(2023, 11, 5, 4, 30),
        id="doubled-after-midnight",
    ),
]


@pytest.mark.parametrize(("value", "zone", "instant"), ZONED)
def test_naive_time_is_read_in_the_zone(value, zone, instant):
    assert read_event_time(value, zone) == instant


REFUSED = [
    pytest.param("2023-02-30", "time_impossible", id="30-february"),
    pytest.param("2023-13-01", "time_impossible", id="month-13"),
    pytest.param("Feb 29 2023", "time_impossible", id="no-leap-year"),
    pytest.param("2023-05-12T25:00:00", "time_impossible", id="hour-25"),
    pytest.param("2023-05-12T23:59:60Z", "time_impossible", id="second-60"),
    pytest.param("2023-05-12 13:00 PM", "time_impossible", id="hour-13-pm"),
    pytest.param("2023-05-12 10:00 +99:00", "time_impossible", id="offset"),
    pytest.param("12 May 2023 10:00 XYZ", "time_impossible", id="unknown-zone"),
    pytest.param("0000-00-00", "time_impossible", id="zero-date"),
    pytest.param("", "time_empty", id="empty"),
    pytest.param("  ", "time_empty", id="blank"),
    pytest.param("yesterday", "time_unreadable", id="word"),
    pytest.param("05/12/2023", "time_unreadable", id="day-and-month-unclear"),
    pytest.param("12:30", "time_unreadable", id="no-day"),
    pytest.param("1e3", "time_unreadable", id="float-text"),
    pytest.param(
        "\u0662\u0660\u0662\u0663-\u0660\u0665-\u0661\u0662",
        "time_unreadable",
        id="other-digits",
    ),
    pytest.param("1" * 100, "time_unreadable", id="endless-digits"),
    pytest.param("2023-05-12" + " " * 9000 + "x", "time_unreadable", id="endless"),
    pytest.param("0999-12-31T23:59:59Z", "time_out_of_range", id="too-early"),
    pytest.param("9999-01-01T00:00:00Z", "time_out_of_range", id="too-late"),
    pytest.param("0001-01-01T00:00:00+14:00", "time_out_of_range", id="before-all"),
    pytest.param(10**34 - 1, "time_out_of_range", id="huge"),
    pytest.param(Decimal("1E+400"), "time_out_of_range", id="huge-exponent"),
    pytest.param(-(10**20), "time_out_of_range", id="huge-negative"),
    pytest.param(True, "time_type", id="boolean"),
    pytest.param(None, "time_type", id="null"),
    pytest.param(["2023-05-12"], "time_type", id="array"),
    pytest.param({}, "time_type", id="object"),
]


@pytest.mark.parametrize(("value", "code"), REFUSED)
def test_impossible_time_is_refused_with_a_sentence(value, code):
    with pytest.raises(TimeInvalid) as caught:
        read_event_time(value, UTC)

    assert caught.value.code == code
    assert caught.value.detail.endswith((".", "since 1970"))
    assert len(caught.value.detail) < 400


@given(
    st.datetimes(EARLIEST.replace(tzinfo=None), LATEST.replace(tzinfo=None)),
    st.sampled_from(["UTC", "America/New_York", "Asia/Kathmandu", "Pacific/Apia"]),
)
def test_iso_spelling_of_an_instant_is_read_exactly(naive, name):
    zone = ZoneInfo("UTC")
    instant = naive.replace(tzinfo=UTC)
    if instant < LATEST:
        assert read_event_time(instant.isoformat(), ZoneInfo(name)) == instant
        assert read_event_time(naive.isoformat(" "), zone) == instant


@given(st.integers(-(10**10), 10**11 - 1))
def test_seconds_since_1970_are_read_exactly(seconds):
    instant = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    is_calendar_day = len(str(seconds)) == 8 and str(seconds)[:2] in ("19", "20")
    if instant >= EARLIEST and not is_calendar_day:
        assert read_event_time(seconds, NEW_YORK) == instant
        assert read_event_time(str(seconds), NEW_YORK) == instant


@given(
    st.datetimes(datetime(1900, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001
    st.sampled_from(
        ["America/New_York", "Europe/Dublin", "Africa/Casablanca", "Asia/Tehran"]
    ),
)
def test_no_earlier_instant_shows_the_same_time(local, name):
    zone = ZoneInfo(name)

    instant = first_instant(local, zone)

    shown = instant.astimezone(zone).replace(tzinfo=None)
    second = timedelta(seconds=1)
    earlier = (instant - second).astimezone(zone).replace(tzinfo=None)
    assert shown >= local
    assert shown == local or earlier < local
    hour_earlier = (instant - timedelta(hours=1)).astimezone(zone)
    assert hour_earlier.replace(tzinfo=None) != local


@pytest.mark.parametrize("name", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_known_zone_is_found(name):
    assert read_zone(name).key == name


@pytest.mark.parametrize(
    "name", ["", "Mars/Olympus", "../../etc/passwd", "America", "utc\0", "EST5EDT4"]
)
def test_unknown_zone_is_refused_with_a_sentence(name):
    with pytest.raises(TimeInvalid, match="no time zone; write one like"):
        read_zone(name)
