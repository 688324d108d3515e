"""A source whose zone this machine does not know: told, mended, in nobody's way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from datasets.models import Dataset, Run, Source
from datasets.services import (
    failing_sources,
    fetch_source,
    source_states,
    sweep_sources,
)
from datasets.services.pasts import begin_past
from tests.datasets.clients import ApiClient, body_of
from tests.factories import NOW, MembershipFactory
from workspaces.models import AuditEntry, Workspace

pytestmark = pytest.mark.django_db

WORDS = "'Mars/Olympus' is no time zone"
MINUTE = timedelta(minutes=1)


@pytest.fixture
def source(prices: Dataset) -> Source:
    """What fills DEMO:PRICES, by clocks that no machine here knows."""
    return Source.objects.create(
        dataset=prices,
        name="Exchange",
        kind="simulator",
        config={"feed": "market"},
        every_seconds=None,
        cron="0 9 * * *",
        zone="Mars/Olympus",
        next_run_at=NOW,
        created_at=NOW,
    )


@pytest.fixture
def owner(demo: Workspace) -> Client:
    client = Client()
    client.force_login(MembershipFactory(workspace=demo).user)
    return client


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


def path(source: Source) -> str:
    return f"/datasets/prices/sources/{source.pk}"


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().replace("&#x27;", "'").split())


def test_it_is_turned_off_and_a_failed_run_says_why(source: Source) -> None:
    for _ in range(2):
        fetch_source(source_id=source.pk, clock=at(NOW))

    run = Run.objects.get()
    assert (run.state, run.slot, run.ended_at) == ("failed", NOW, NOW)
    assert WORDS in run.error
    source.refresh_from_db()
    assert not source.is_enabled
    (entry,) = AuditEntry.objects.all()
    assert (entry.action, entry.target) == ("source.turned_off", "Exchange")


def test_its_past_ends_before_it_is_turned_off(source: Source) -> None:
    Source.objects.update(kind="telex")
    begin_past(source=source, now=NOW)

    fetch_source(source_id=source.pk, clock=at(NOW))

    past, told = Run.objects.order_by("pk")
    assert (past.is_history, "telex" in past.error) == (True, True)
    assert (told.is_history, WORDS in told.error) == (False, True)
    source.refresh_from_db()
    assert (source.past_until, source.is_enabled) == (None, False)


@pytest.mark.parametrize("is_fetched", [False, True], ids=["due", "fetched"])
def test_it_is_among_what_fails_until_it_has_another_schedule(
    demo: Workspace, source: Source, is_fetched: bool
) -> None:
    if is_fetched:
        fetch_source(source_id=source.pk, clock=at(NOW))

    (failing,) = failing_sources(now=NOW)
    states = source_states(workspace=demo, now=NOW)
    Source.objects.update(zone="Asia/Kathmandu")

    assert (failing.state.is_stale, WORDS in failing.error) == (True, True)
    assert [one.is_stale for one in states] == [True] * (not is_fetched)
    assert failing_sources(now=NOW) == []


def test_what_somebody_turned_off_is_not_among_what_fails(source: Source) -> None:
    Source.objects.update(is_enabled=False)

    assert failing_sources(now=NOW) == []


def test_sweep_goes_on_behind_a_source_that_cannot_be_fetched(
    source: Source, caplog: pytest.LogCaptureFixture
) -> None:
    left = Run.objects.create(source=source, slot=NOW, started_at=NOW)
    source.pk = None
    source.save()
    asked = []

    def fetch(source_id: int) -> None:
        asked.append(source_id)
        raise ValueError("Its settings are no settings.")

    sweep_sources(now=NOW + 10 * MINUTE, fetch=fetch)

    assert sorted(asked) == [left.source_id, left.source_id, source.pk]
    assert [record.message for record in caplog.records] == ["sweep failed"] * 3


def test_api_shows_it_and_takes_another_schedule(
    native: ApiClient, source: Source
) -> None:
    listed = body_of(native.get("/datasets/prices/sources"))["data"]
    native.patch(path(source), {"is_enabled": False})
    refused = native.patch(path(source), {"is_enabled": True})
    mended = native.patch(path(source), {"every_seconds": 60, "is_enabled": True})

    assert WORDS in listed[0]["schedule"]
    assert listed[0]["next_slots"] == []
    assert refused.status_code == 422
    (error,) = body_of(refused)["errors"]
    assert (error["pointer"], error["code"]) == ("/is_enabled", "schedule_unreadable")
    assert WORDS in error["detail"]
    assert (mended.status_code, body_of(mended)["schedule"]) == (200, "every minute")
    source.refresh_from_db()
    assert source.is_enabled


def test_pages_show_it_and_take_another_schedule(owner: Client, source: Source) -> None:
    page = f"/w/DEMO/data/PRICES/sources/{source.pk}"

    shown = [owner.get(one) for one in (page, "/w/DEMO/data/PRICES", "/w/DEMO/")]
    said = {"how": "at", "time": "09:30", "zone": "Asia/Kathmandu"}
    saved = owner.post(page, said)

    assert [answer.status_code for answer in shown] == [200] * 3
    assert WORDS in text_of(shown[0])
    assert WORDS in text_of(shown[1])
    assert saved.status_code == 302
    source.refresh_from_db()
    assert source.schedule_sentence == "at 09:30, Asia/Kathmandu"


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["page", "htmx"])
def test_switch_stays_off_and_says_why(
    owner: Client, source: Source, headers: dict[str, str]
) -> None:
    Source.objects.update(is_enabled=False)
    switch = f"/w/DEMO/data/PRICES/sources/{source.pk}/turn"

    answer = owner.post(switch, {"on": "true"}, headers=headers, follow=True)

    assert WORDS in text_of(answer) + answer.headers.get("HX-Trigger", "")
    assert 'aria-checked="false"' in text_of(answer)
    source.refresh_from_db()
    assert not source.is_enabled
