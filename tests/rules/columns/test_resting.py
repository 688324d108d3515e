"""Columns say as the engine does when a rule is awake, also where clocks are set."""

from datetime import UTC, date, datetime, time, timedelta
from random import Random

import numpy as np
import pytest

from rules.columns.history.questions import Watch
from rules.columns.history.resting import awake_at
from rules.columns.history.windows import LeftToEngine
from rules.engine import ActiveHours, Hours
from rules.engine.operators import WEEKDAYS

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
#: What is left out of a whole minute: the last instant before it, itself, the next.
NEAR = (-1, 0, 1)


def instants(zone: str, first: datetime) -> list[datetime]:
    """Choose minutes of two years, most of all of the days around the first."""
    random = Random(zone)
    minutes = [random.randrange(-3_000, 4_320) for _ in range(1_500)]
    minutes += [random.randrange(2 * 525_600) for _ in range(500)]
    return [
        first + timedelta(minutes=one, microseconds=random.choice(NEAR))
        for one in minutes
    ]


@pytest.mark.parametrize(
    ("zone", "clocks_set"),
    [
        ("America/New_York", datetime(2026, 3, 8, 7, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 11, 1, 6, tzinfo=UTC)),
        ("Australia/Lord_Howe", datetime(2026, 4, 4, 15, tzinfo=UTC)),
        ("America/St_Johns", datetime(2010, 3, 14, 3, 31, tzinfo=UTC)),
        ("Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),
        ("UTC", datetime(2026, 3, 8, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize(
    "hours",
    [
        None,
        Hours(start=time(9, 30), end=time(16)),
        Hours(start=time(22, 15), end=time(2, 1)),
    ],
    ids=["all day", "by day", "by night"],
)
def test_columns_know_when_a_rule_is_awake(
    zone: str, clocks_set: datetime, hours: Hours | None
) -> None:
    local = clocks_set.date()
    active = ActiveHours(
        zone=zone,
        hours=hours,
        days=WEEKDAYS[2:],
        holidays=(local + timedelta(days=9), date(2026, 7, 3)),
    )
    times = instants(zone, clocks_set)
    expires_at = clocks_set + timedelta(days=400)
    watch = Watch(active=active, expires_at=expires_at)

    awake = awake_at(watch, np.array([(one - EPOCH) // MOMENT for one in times]))

    wanted = [active.hold(one) and one < expires_at for one in times]
    assert awake.tolist() == wanted
    assert {*wanted} == {True, False}


def test_times_before_zones_were_even_are_left_to_the_engine() -> None:
    active = ActiveHours(
        zone="Africa/Monrovia", hours=Hours(start=time(9), end=time(16))
    )

    with pytest.raises(LeftToEngine):
        awake_at(Watch(active=active, expires_at=None), np.array([0]))
