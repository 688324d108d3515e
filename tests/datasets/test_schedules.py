"""Sources by the clock of a zone: said over the API, claimed once, late if need be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from datasets.models import Dataset, Run, Source
from datasets.schedules import Every, Schedule
from datasets.services import change_source, read_schedule, source_states
from datasets.services.schedules import next_slots
from datasets.services.sources import claim_run
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, UserFactory
from workspaces.access import Access, open_for_system
from workspaces.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)


@pytest.fixture
def source(prices: Dataset) -> Source:
    """What fills DEMO:PRICES: every minute, the market's facts."""
    return Source.objects.create(
        dataset=prices,
        name="Exchange",
        kind="simulator",
        config={"feed": "market"},
        every_seconds=60,
        next_run_at=NOW,
        created_at=NOW,
    )


@pytest.fixture
def access(demo: Workspace) -> Access:
    return open_for_system(workspace=demo)


def change(access: Access, source: Source, schedule: Schedule, now: datetime) -> None:
    change_source(access=access, source=source, schedule=schedule, now=now)


def path(source: Source) -> str:
    return f"/datasets/prices/sources/{source.pk}"


def patch(client: ApiClient, source: Source, **said: object) -> tuple[int, Any]:
    answer = client.patch(path(source), said)
    return answer.status_code, body_of(answer)


def test_clock_takes_the_place_of_steps_and_steps_of_the_clock(
    native: ApiClient, source: Source
) -> None:
    status, told = patch(
        native, source, cron=" 30  9 * * mon-fri", zone="Asia/Kathmandu"
    )

    assert status == 200
    assert told["schedule"] == "at 09:30 on weekdays, Asia/Kathmandu"
    assert (told["every_seconds"], told["zone"]) == (None, "Asia/Kathmandu")
    assert told["cron"] == "30 9 * * mon-fri"
    slots = [datetime.fromisoformat(slot) for slot in told["next_slots"]]
    assert {f"{slot:%H:%M}" for slot in slots} == {"03:45"}
    source.refresh_from_db()
    assert [source.next_run_at] == slots[:1]
    assert body_of(native.get(path(source))) == told
    assert body_of(native.get("/datasets/prices/sources"))["data"] == [told]

    status, told = patch(native, source, every_seconds=90, is_enabled=False)

    assert (status, told["schedule"]) == (200, "every 90 seconds")
    assert (told["cron"], told["zone"], told["is_enabled"]) == ("", "", False)
    assert list(AuditEntry.objects.values_list("action", flat=True)) == [
        "source.rescheduled",
        "source.rescheduled",
        "source.turned_off",
    ]


def test_sources_are_listed_with_their_last_runs_in_as_many_queries_as_one(
    native: ApiClient, source: Source
) -> None:
    def listed() -> tuple[int, list[Any]]:
        with CaptureQueriesContext(connection) as asked:
            told = body_of(native.get("/datasets/prices/sources"))["data"]
        return len(asked), [one["last_run"] and one["last_run"]["slot"] for one in told]

    for days in (0, 1):
        slot = NOW + days * DAY
        Run.objects.create(source=source, slot=slot, started_at=slot)
    listed()  # the token is looked up once
    queries, (last,) = listed()
    for _ in range(3):
        source.pk = None
        source.save()

    assert datetime.fromisoformat(last) == NOW + DAY
    assert listed() == (queries, [last, None, None, None])


KATHMANDU = {"zone": "Asia/Kathmandu"}


@pytest.mark.parametrize(
    ("said", "problems", "words"),
    [
        pytest.param({"cron": "30 9 * * *"}, [("/zone", "required")],
            "like Asia/Kathmandu", id="no zone"),
        pytest.param(KATHMANDU, [("/cron", "required")], "like 30 9 * * MON-FRI",
            id="no cron"),
        pytest.param({"every_seconds": 60, "cron": "30 9 * * *", **KATHMANDU},
            [("/every_seconds", "too_many")], "or cron and zone", id="both"),
        pytest.param({"every_seconds": 60, **KATHMANDU},
            [("/every_seconds", "too_many")], "or cron and zone", id="step and zone"),
        pytest.param({"every_seconds": 0}, [("/every_seconds", "out_of_range")],
            "say 1 to 31622400", id="no time"),
        pytest.param({"every_seconds": 10**12}, [("/every_seconds", "out_of_range")],
            "say 1 to 31622400", id="ages"),
        pytest.param({"cron": "30 25 * * *", **KATHMANDU}, [("/cron", "cron_field")],
            "'25' is no hour; write 0 to 23", id="hour"),
        pytest.param({"cron": "30 9 30 2 *", **KATHMANDU}, [("/cron", "cron_never")],
            "name another day or month", id="never"),
        pytest.param({"cron": "at nine", "zone": "Mars/Olympus"},
            [("/cron", "cron_fields"), ("/zone", "zone_unknown")],
            "write one like America/New_York", id="cron and zone"),
        pytest.param({"every_seconds": "60"}, [("/every_seconds", "wrong_type")],
            "must be a whole number", id="text"),
        pytest.param({"cron": "", "zone": ""},
            [("/cron", "blank"), ("/zone", "blank")], "", id="blank"),
        pytest.param({"every": 60}, [("/every", "unknown_field")],
            "every_seconds, cron, zone, is_enabled", id="unknown"),
    ],
)  # fmt: skip
def test_what_is_no_schedule_is_refused_at_its_place(
    native: ApiClient,
    source: Source,
    said: dict[str, object],
    problems: list[tuple[str, str]],
    words: str,
) -> None:
    status, told = patch(native, source, **said)

    assert status == 422
    assert [(one["pointer"], one["code"]) for one in told["errors"]] == problems
    assert words in told["errors"][-1]["detail"]
    source.refresh_from_db()
    assert (source.every_seconds, source.next_run_at) == (60, NOW)


def test_only_who_manages_says_when_and_only_what_is_there(
    reader: ApiClient, native: ApiClient, source: Source
) -> None:
    assert patch(reader, source, every_seconds=5)[0] == 403
    assert reader.get(path(source)).status_code == 200
    assert native.get("/datasets/prices/sources/999999").status_code == 404
    assert native.get("/datasets/nothing/sources").status_code == 404


def test_saying_the_same_again_moves_no_slot(native: ApiClient, source: Source) -> None:
    status, _ = patch(native, source, every_seconds=60)

    source.refresh_from_db()
    assert (status, source.next_run_at) == (200, NOW)
    assert not AuditEntry.objects.exists()


def test_slots_by_the_clock_run_once_over_a_change_and_while_nothing_ran(
    access: Access, source: Source
) -> None:
    new_york = read_schedule(cron="30 2 * * *", zone="America/New_York")
    change(access, source, new_york, datetime(2026, 3, 5, 12, tzinfo=UTC))

    # Looked at on the 7th, thrice within the gap's day, and then not for three days.
    for text in (
        "2026-03-07 08:00",
        "2026-03-08 06:59",
        "2026-03-08 07:00",
        "2026-03-08 07:31",
        "2026-03-11 06:31",
    ):
        now = datetime.fromisoformat(text).replace(tzinfo=UTC)
        for _ in range(2):
            claim_run(source_id=source.pk, now=now)

    runs = Run.objects.order_by("slot").values_list("slot", "skipped_slots")
    assert [(f"{slot:%d %H:%M}", skipped) for slot, skipped in runs] == [
        ("07 07:30", 1),
        ("08 07:00", 0),
        ("11 06:30", 2),
    ]
    source.refresh_from_db()
    assert f"{source.next_run_at:%d %H:%M}" == "12 06:30"


def test_run_of_a_slot_is_never_begun_a_second_time_by_another_schedule(
    access: Access, source: Source
) -> None:
    daily = read_schedule(cron="0 15 * * *", zone="UTC")
    noon = NOW.replace(hour=15, minute=0, second=0, microsecond=0) + DAY
    change(access, source, daily, noon - MINUTE)
    assert claim_run(source_id=source.pk, now=noon) is not None

    change(access, source, Every(timedelta(hours=1)), noon)

    assert claim_run(source_id=source.pk, now=noon) is None
    assert Run.objects.filter(slot=noon).count() == 1
    source.refresh_from_db()
    assert source.next_run_at == noon + timedelta(hours=1)


def test_schedule_that_comes_while_the_past_is_written_begins_after_it(
    access: Access, source: Source
) -> None:
    lease = NOW + timedelta(seconds=30)
    Source.objects.update(past_until=NOW, next_run_at=lease)
    daily = read_schedule(cron="0 15 * * *", zone="UTC")

    change(access, source, daily, NOW)

    source.refresh_from_db()
    assert (source.next_run_at, source.cron) == (lease, "0 15 * * *")
    assert next_slots(source, now=NOW)[0] == daily.first_slot(NOW)


def test_next_slots_go_on_from_the_one_that_is_stored(source: Source) -> None:
    source.next_run_at = NOW + timedelta(seconds=7)

    ahead = next_slots(source, now=NOW)
    late = next_slots(source, now=NOW + 2 * MINUTE)

    assert ahead == (*(source.next_run_at + number * MINUTE for number in range(3)),)
    assert [after - before for before, after in pairwise(late)] == [MINUTE, MINUTE]
    assert late[0] == source.next_run_at + 2 * MINUTE


def test_daily_source_is_stale_after_three_slots_without_a_run(
    demo: Workspace, access: Access, source: Source
) -> None:
    weekdays = read_schedule(cron="0 15 * * MON-FRI", zone="UTC")
    friday = datetime(2026, 3, 6, 15, tzinfo=UTC)
    change(access, source, weekdays, friday)
    Source.objects.update(created_at=friday)

    found = {
        days: source_states(workspace=demo, now=friday + timedelta(days=days))
        for days in (2, 5, 6)
    }

    assert {days: one.is_stale for days, (one,) in found.items()} == {
        2: False,
        5: False,
        6: True,
    }


@pytest.mark.parametrize(
    "columns",
    [
        {"every_seconds": None},
        {"every_seconds": 0},
        {"cron": "0 9 * * *", "zone": "UTC"},
        {"every_seconds": None, "cron": "0 9 * * *"},
        {"zone": "UTC"},
    ],
)
def test_database_keeps_one_schedule_a_source(
    source: Source, columns: dict[str, object]
) -> None:
    with pytest.raises(IntegrityError):
        Source.objects.update(**columns)


def test_staff_change_a_schedule_and_are_told_what_is_none(source: Source) -> None:
    staff = Client()
    staff.force_login(UserFactory(is_staff=True, is_superuser=True))
    page = f"/admin/datasets/source/{source.pk}/change/"
    form = {
        "dataset": source.dataset_id,
        "name": "Exchange",
        "kind": "simulator",
        "config": "{}",
        "every_seconds": "",
        "cron": "30 25 * * *",
        "zone": "Asia/Kathmandu",
        "is_enabled": "on",
        "next_run_at_0": "2026-03-02",
        "next_run_at_1": "15:30:00",
        "runs_kept": "10",
        "created_at_0": "2026-03-02",
        "created_at_1": "15:30:00",
    }

    wrong = staff.post(page, form)
    right = staff.post(page, {**form, "cron": "30 9 * * *"})

    assert "is no hour; write 0 to 23" in wrong.content.decode()
    assert right.status_code == 302
    source.refresh_from_db()
    assert source.schedule.sentence == "at 09:30, Asia/Kathmandu"
    assert f"{source.next_run_at:%H:%M}" == "03:45"
