"""What a cron expression means, in slots and in words, and what is none."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from datasets.schedules import At, CronInvalid, read_cron

#: A Monday.
BEGIN = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        ("30 9 * * MON-FRI", ["06-01 09:30", "06-02 09:30", "06-03 09:30"]),
        ("0 12 * * fri-sun", ["06-05 12:00", "06-06 12:00", "06-07 12:00"]),
        ("0 12 * * 6-7", ["06-06 12:00", "06-07 12:00", "06-13 12:00"]),
        ("0 12 * * 0", ["06-07 12:00", "06-14 12:00", "06-21 12:00"]),
        ("*/20 6 1 * *", ["06-01 06:00", "06-01 06:20", "06-01 06:40"]),
        ("50/5 6,8 * * *", ["06-01 06:50", "06-01 06:55", "06-01 08:50"]),
        ("0 8-12/2 * * *", ["06-01 08:00", "06-01 10:00", "06-01 12:00"]),
        ("0 0 31 * *", ["07-31 00:00", "08-31 00:00", "10-31 00:00"]),
        ("0 9 3 * WED,Thu", ["06-03 09:00", "06-04 09:00", "06-10 09:00"]),
        ("0 9 5 * TUE", ["06-02 09:00", "06-05 09:00", "06-09 09:00"]),
        ("0 9 */2 * TUE", ["06-09 09:00", "06-23 09:00", "07-07 09:00"]),
        ("0 0 1 JAN,aug *", ["08-01 00:00", "01-01 00:00", "08-01 00:00"]),
        ("59 23 * 6-7 */3", ["06-03 23:59", "06-06 23:59", "06-07 23:59"]),
        ("  5   * *\t* * ", ["06-01 00:05", "06-01 01:05", "06-01 02:05"]),
    ],
)
def test_slots_are_the_minutes_that_are_meant(text: str, slots: list[str]) -> None:
    plan = At(read_cron(text), ZoneInfo("UTC"))

    found = islice(plan.slots_after(BEGIN), 3)

    assert [f"{slot:%m-%d %H:%M}" for slot in found] == slots


def test_twenty_ninth_of_february_waits_for_its_year() -> None:
    plan = At(read_cron("0 0 29 2 *"), ZoneInfo("UTC"))

    found = islice(plan.slots_after(datetime(2095, 1, 1, tzinfo=UTC)), 2)

    assert [slot.year for slot in found] == [2096, 2104]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("30 9 * * 1-5", "at 09:30 on weekdays"),
        ("0 9,17 * * *", "at 09:00 and 17:00"),
        ("* * * * *", "every minute"),
        ("0 * * * *", "every hour"),
        ("*/15 * * * *", "every 15 minutes"),
        ("*/25 * * * *", "at 0, 25 and 50 minutes past every hour"),
        ("5,35 * * * *", "at 5 and 35 minutes past every hour"),
        ("1 * * * 6,0", "at 1 minute past every hour on Saturdays and Sundays"),
        ("*/15 9-16 * * 1-5", "every 15 minutes from 09:00 to 16:45 on weekdays"),
        ("0 */2 * * *", "every 2 hours from 00:00 to 22:00"),
        ("15 8-18 * * SUN", "every hour from 08:15 to 18:15 on Sundays"),
        ("1,2,4 1,2,4 * * *", "at 1, 2 and 4 minutes past the hours 1, 2 and 4"),
        ("0 9 1,2,22 * *", "at 09:00 on the 1st, 2nd and 22nd"),
        ("0 9 1-7,11 1-3 *", "at 09:00 on the 1st to 7th and 11th in January to March"),
        ("0 9 13 * FRI", "at 09:00 on the 13th and on Fridays"),
        ("0 9 */30 * FRI", "at 09:00 on Fridays on the 1st and 31st"),
        ("0 9 1-31 * FRI", "at 09:00"),
    ],
)  # fmt: skip
def test_it_reads_aloud(text: str, sentence: str) -> None:
    plan = At(read_cron(text), ZoneInfo("Asia/Kathmandu"))

    assert plan.sentence == f"{sentence}, Asia/Kathmandu"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("", "cron_fields", "here are 0 fields"),
        ("30 9 * *", "cron_fields", "here are 4 fields"),
        ("0 30 9 * * *", "cron_fields", "here are 6 fields"),
        ("@daily", "cron_fields", "like 30 9 * * MON-FRI"),
        (f"{'0,' * 100}0 9 * * *", "cron_fields", "209 characters"),
        ("60 9 * * *", "cron_field", "'60' is no minute; write 0 to 59, *"),
        ("30 24 * * *", "cron_field", "'24' is no hour"),
        ("30 9 0 * *", "cron_field", "'0' is no day of the month; write 1 to 31"),
        ("30 9 * 13 *", "cron_field", "write 1 to 12 or JAN-DEC"),
        ("30 9 * * 8", "cron_field", "write 0 to 6 or SUN-SAT"),
        ("30 9 * * MONDAY", "cron_field", "'MONDAY' is no weekday"),
        ("30 9 * MON *", "cron_field", "'MON' is no month"),
        ("30 MON * * *", "cron_field", "'MON' is no hour"),
        ("30 9 * * MON-", "cron_field", "'MON-' is no weekday"),
        ("30 9 * * FRI-MON", "cron_field", "'FRI-MON' ends before it begins"),
        ("30 16-9 * * *", "cron_field", "'16-9' ends before it begins"),
        ("*/0 9 * * *", "cron_field", "step '0' is no number from 1 on"),
        ("*/x 9 * * *", "cron_field", "step 'x' is no number"),
        ("*-5 9 * * *", "cron_field", "'*-5' is no minute"),
        ("5,,6 9 * * *", "cron_field", "'' is no minute"),
        ("-5 9 * * *", "cron_field", "'-5' is no minute"),
        ("\uff11 9 * * *", "cron_field", "is no minute"),
        (f"{'9' * 150} 9 * * *", "cron_field", "is no minute"),
        ("30 9 30 2 *", "cron_never", "no month that it names has a day 30"),
        ("30 9 31 FEB,APR *", "cron_never", "no month that it names has a day 31"),
    ],
)  # fmt: skip
def test_wrong_expression_is_told_with_what_could_be(
    text: str, code: str, words: str
) -> None:
    with pytest.raises(CronInvalid) as refused:
        read_cron(text)

    assert refused.value.code == code
    assert words.lower() in refused.value.detail.lower()
