"""The page of a source, on which its schedule is seen and said."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from datasets.models import Dataset, Run, RunState, Source
from tests.factories import NOW, MembershipFactory
from workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(demo: Workspace) -> Client:
    client = Client()
    client.force_login(MembershipFactory(workspace=demo).user)
    return client


@pytest.fixture
def source(prices: Dataset) -> Source:
    """What fills DEMO:PRICES."""
    return Source.objects.create(
        dataset=prices,
        name="Exchange",
        kind="simulator",
        every_seconds=7_200,
        next_run_at=NOW,
        created_at=NOW,
    )


def address(source: Source) -> str:
    return f"/w/DEMO/data/PRICES/sources/{source.pk}"


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def chosen(page: str) -> dict[str, str]:
    """Return what the form's controls hold, without what is not chosen."""
    inputs = re.findall(r"<input [^>]*>", page)
    held: dict[str, list[str]] = {}
    for one in inputs:
        said = dict(re.findall(r'([a-z-]+)="([^"]*)"', one))
        is_choice = said.get("type") in ("radio", "checkbox")
        if "value" in said and (not is_choice or " checked" in one):
            held.setdefault(said.get("name", ""), []).append(said["value"])
    return {name: ",".join(values) for name, values in held.items()}


@pytest.mark.parametrize(
    ("said", "sentence", "shown"),
    [
        pytest.param({"how": "every", "count": "5", "unit": "60"}, "every 5 minutes",
            {"how": "every", "count": "5"}, id="every"),
        pytest.param(
            {"how": "at", "time": "09:30", "days": ["1", "5"],
             "zone": "Asia/Kathmandu"},
            "at 09:30 on Mondays and Fridays, Asia/Kathmandu",
            {"how": "at", "time": "09:30", "days": "1,5"}, id="at"),
        pytest.param({"how": "at", "time": "00:00", "zone": "UTC"},
            "at 00:00, UTC", {"how": "at", "time": "00:00"}, id="at, every day"),
        pytest.param(
            {"how": "cron", "cron": "*/15 9-16 * * 1-5", "zone": "Australia/Lord_Howe"},
            "every 15 minutes from 09:00 to 16:45 on weekdays, Australia/Lord_Howe",
            {"how": "cron", "cron": "*/15 9-16 * * 1-5"}, id="cron"),
    ],
)  # fmt: skip
def test_owner_says_when_it_runs_and_reads_it_again(
    owner: Client,
    source: Source,
    said: dict[str, str],
    sentence: str,
    shown: dict[str, str],
) -> None:
    page = text_of(owner.post(address(source), said, follow=True))

    assert f"Exchange runs {sentence}." in page
    assert f"Runs {sentence}." in page
    assert shown.items() <= chosen(page).items()
    source.refresh_from_db()
    assert source.schedule.sentence == sentence
    slot = source.schedule.first_slot(source.next_run_at)
    assert slot == source.next_run_at
    listed = text_of(owner.get("/w/DEMO/data/PRICES"))
    assert f"Runs {sentence};" in listed
    assert f'href="{address(source)}"' in listed


@pytest.mark.parametrize(
    ("said", "control", "words"),
    [
        ({}, "how", "Choose how its schedule is said."),
        ({"how": "every"}, "count", "Say how many."),
        ({"how": "at", "zone": "UTC"}, "time", "Say a time, like 09:30."),
        ({"how": "cron", "cron": "* 25 * * *", "zone": "UTC"}, "cron", "is no hour"),
        (
            {"how": "every", "count": "367", "unit": "86400"},
            "count",
            "say 1 to 31622400",
        ),
        ({"how": "cron", "zone": "UTC"}, "cron", "Say when, like 30 9"),
        ({"how": "cron", "cron": "0 9 * * *"}, "zone", "like Asia/Kathmandu"),
        ({"how": "at", "time": "9 o'clock", "zone": "UTC"}, "time", "valid time"),
    ],
)
def test_wrong_schedule_is_told_at_its_control(
    owner: Client, source: Source, said: dict[str, str], control: str, words: str
) -> None:
    answer = owner.post(address(source), said)

    page = text_of(answer)
    assert answer.status_code == 422
    assert f'href="#id_{control}"' in page or f'href="#id_{control}_0"' in page
    assert words in page
    source.refresh_from_db()
    assert (source.every_seconds, source.next_run_at) == (7_200, NOW)


def test_next_slots_and_latest_runs_are_shown_in_a_fixed_number_of_queries(
    owner: Client, source: Source, django_assert_max_num_queries: Any
) -> None:
    Source.objects.update(every_seconds=None, cron="15 2 * * *", zone="Asia/Kathmandu")
    for days in range(30):
        Run.objects.create(
            source=source,
            slot=NOW + timedelta(days=days),
            started_at=NOW,
            state=RunState.FAILED,
            skipped_slots=days,
            error=f"No answer on day {days}.",
        )

    with django_assert_max_num_queries(12):
        page = text_of(owner.get(address(source)))

    assert len(re.findall(r"\d{4}, 02:15:00", page)) == 3
    assert "No answer on day 29." in page
    assert page.count("No answer on day") == 20


def test_viewer_reads_and_is_told_why_nothing_can_be_changed(
    demo: Workspace, source: Source
) -> None:
    viewer = Client()
    viewer.force_login(MembershipFactory(workspace=demo, role=Role.VIEWER).user)

    page = text_of(viewer.get(address(source)))
    answer = viewer.post(address(source), {"how": "every", "count": "1", "unit": "60"})

    assert "Only owners of DEMO change sources." in page
    assert answer.status_code == 403
    source.refresh_from_db()
    assert source.every_seconds == 7_200
