"""The page for those who run the installation: what works, waits or fails."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from alerts.models import Attempt, Delivery, Heartbeat, Proof, Storm, minute_of
from alerts.services import create_output, worker_names
from config.clock import database_now
from datasets.models import (
    Batch,
    BatchState,
    Dataset,
    Lane,
    Quarantine,
    Record,
    Run,
    RunState,
    Source,
)
from datasets.services import open_lane
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, MembershipFactory, UserFactory
from tests.story.lane import definition, drain, price, send
from workspaces.access import open_for_system
from workspaces.models import AuditEntry, User

pytestmark = pytest.mark.django_db

OPS = "/ops"


@pytest.fixture
def staff() -> User:
    """Somebody who runs the installation and belongs to a workspace of their own."""
    return MembershipFactory(user=UserFactory(is_staff=True)).user


@pytest.fixture
def client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.fixture
def prices() -> Dataset:
    """ACME:PRICES, of a workspace to which nobody here belongs."""
    return DatasetFactory(slug="PRICES", workspace__slug="ACME")


def page(client: Client) -> str:
    """Return the words of the page, each once between blanks."""
    answer = client.get(OPS)
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def show_all(now: datetime) -> None:
    for part in (*worker_names(), "beat", "runner"):
        Heartbeat.objects.create(part=part, at=now)


@pytest.mark.parametrize("act", ["", "/quarantine/1/replay", "/quarantine/1/dismiss"])
def test_it_is_for_staff_alone(act: str) -> None:
    anybody = Client()
    call = anybody.post if act else anybody.get

    stranger = call(f"{OPS}{act}")
    assert (stranger.status_code, stranger["Location"][:6]) == (302, "/login")
    anybody.force_login(MembershipFactory().user)
    assert call(f"{OPS}{act}").status_code == 403


def test_staff_find_it_and_others_are_not_led_there(client: Client) -> None:
    home = client.get("/", follow=True).content.decode()
    assert 'href="/ops"' in home
    other = Client()
    other.force_login(MembershipFactory().user)

    assert 'href="/ops"' not in other.get("/", follow=True).content.decode()


def test_part_that_is_silent_is_named_first(client: Client) -> None:
    now = database_now()
    show_all(now)
    assert "band-critical" not in page(client)

    Heartbeat.objects.filter(part="beat").update(at=now - timedelta(seconds=90))
    Heartbeat.objects.filter(part="runner").delete()

    told = page(client)
    assert "beat: silent." in told
    assert "runner: has not shown yet that it works." in told
    assert "2 silent" in told


def test_hosts_that_are_gone_are_forgotten_while_another_works(
    client: Client, settings: Settings
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    settings.CELERY_BROKER_TRANSPORT_OPTIONS = {"global_keyprefix": "bellwether:"}
    now = database_now()
    Heartbeat.objects.create(part="calls@new", at=now)
    Heartbeat.objects.create(part="calls@gone", at=now - timedelta(days=2))
    Heartbeat.objects.create(part="calls@ailing", at=now - timedelta(hours=1))

    told = page(client)

    assert "calls on ailing: silent." in told
    assert "gone" not in told
    assert "Redis does not answer." in told


def backlog(prices: Dataset) -> None:
    send(prices, price(300), price(320))
    Batch.objects.update(received_at=database_now() - timedelta(minutes=5))


def paused(prices: Dataset) -> None:
    Lane.objects.filter(dataset=prices).update(is_paused=True)


def care(prices: Dataset) -> None:
    batch = send(prices, price(300))
    Lane.objects.filter(dataset=prices).update(crash_batch=batch, crash_tries=2)


def tried(prices: Dataset) -> None:
    batch = send(prices, price(300))
    Lane.objects.filter(dataset=prices).update(crash_batch=batch, crash_tries=1)


def failing(prices: Dataset) -> None:
    source = Source.objects.create(
        dataset=prices, name="Rates", kind="simulator", next_run_at=NOW, created_at=NOW
    )
    for slot, state in enumerate((RunState.DONE, RunState.FAILED)):
        at = database_now() + timedelta(seconds=slot)
        error = "The host does not answer." if state == RunState.FAILED else ""
        Run.objects.create(
            source=source, slot=at, state=state, started_at=at, ended_at=at, error=error
        )


def canary(prices: Dataset) -> None:
    for back in range(1, 4):
        at = database_now() - timedelta(minutes=back)
        length = timedelta(milliseconds=40 * back)
        Proof.objects.create(pk=uuid.uuid4(), sent_at=at, delivered_at=at + length)


def storm(prices: Dataset) -> None:
    access = open_for_system(workspace=prices.workspace)
    config = {"to": "ana@example.com"}
    output = create_output(
        access=access, kind="email", config=config, name="Ana", now=NOW
    )
    facts = {"facts": ["ACME:PRICES:MSFT:price"]}
    rule = create_rule(access=access, definition=definition(watch=facts), now=NOW)
    minute = minute_of(database_now())
    Storm.objects.create(rule=rule, output=output, minute=minute, told=2_500)


def lost_canary(prices: Dataset) -> None:
    Proof.objects.create(pk=uuid.uuid4(), sent_at=NOW, delivered_at=NOW)


@pytest.mark.parametrize(
    ("happen", "wanted"),
    [
        (backlog, ["ACME:PRICES", "Behind", "the oldest for 5 min"]),
        (paused, ['data-chip="off"']),
        (tried, ["Tried again", "try 1, up to batch"]),
        (care, ["In care", "up to batch"]),
        (storm, ["Told in summaries", "Cheap has 2,500 messages a minute for it"]),
        (failing, ["Rates", "The host does not answer."]),
        (canary, ["In the last hour 3 of 0 came back: half within 80 ms", "polyline"]),
        (lost_canary, ["Does not come back", "The canary does not come back:"]),
    ],
)
def test_what_is_wrong_is_on_the_page(
    client: Client,
    prices: Dataset,
    happen: Callable[[Dataset], None],
    wanted: list[str],
) -> None:
    before = page(client)

    happen(prices)

    told = page(client)
    assert [words for words in wanted if words not in told] == []
    assert not all(words in before for words in wanted)


def test_simulated_data_are_marked_wherever_they_stand(
    client: Client, prices: Dataset, aside: Quarantine
) -> None:
    failing(prices)
    assert 'data-chip="simulated"' not in page(client)

    Dataset.objects.filter(pk=prices.pk).update(is_simulated=True)

    # Its lane, the event that was set aside, and the source that fails.
    assert page(client).count('data-chip="simulated"') == 3


def test_outbox_tells_of_the_last_hour_by_kind(client: Client, prices: Dataset) -> None:
    access = open_for_system(workspace=prices.workspace)
    config = {"to": "ana@example.com"}
    output = create_output(access=access, kind="email", config=config, now=NOW)
    told_of = definition(
        watch={"facts": ["ACME:PRICES:MSFT:price"]},
        outputs=[{"output": output.slug, "at_most_every": "0s"}],
    )
    create_rule(access=access, definition=told_of, now=NOW)
    send(prices, price(300))
    drain(prices)
    now = database_now()
    delivery = Delivery.objects.get()
    for number, (error, back) in enumerate([("", 90), ("late", 2), ("", 1)], start=1):
        at = now - timedelta(minutes=back)
        Attempt.objects.create(
            delivery=delivery, number=number, started_at=at, ended_at=at, error=error
        )

    told = page(client)

    assert "1 sent, 1 failed." in told
    assert "1 queued, 0 being sent, 0 to be tried again" in told


@pytest.fixture
def aside(prices: Dataset) -> Quarantine:
    """An event that was set aside."""
    batch_id = send(prices, price(300))
    Batch.objects.update(state=BatchState.QUARANTINED, seq=1)
    Lane.objects.update(next_seq=2)
    Record.objects.update(is_current=False)
    return Quarantine.objects.create(
        batch_id=batch_id, ord=0, reason="Division by nothing.", created_at=NOW
    )


def test_event_that_was_set_aside_is_judged_again(
    client: Client, staff: User, prices: Dataset, aside: Quarantine
) -> None:
    told = page(client)
    assert "Division by nothing." in told
    assert "MSFT" in told

    client.post(f"{OPS}/quarantine/{aside.pk}/replay")

    replay = Batch.objects.latest("pk")
    assert (replay.state, replay.size) == (BatchState.PENDING, 1)
    drain(prices)
    assert Batch.objects.get(pk=replay.pk).state == BatchState.JUDGED
    assert "Division by nothing." not in page(client)
    assert (entry := AuditEntry.objects.get(action="event.replayed")).user == staff
    assert entry.workspace == prices.workspace


def test_event_that_was_set_aside_is_let_lie(
    client: Client, staff: User, aside: Quarantine
) -> None:
    client.post(f"{OPS}/quarantine/{aside.pk}/dismiss")

    assert not Quarantine.objects.exists()
    assert Record.objects.filter(batch_id=aside.batch_id).exists()
    assert Batch.objects.count() == 1
    entry = AuditEntry.objects.get(action="event.dismissed")
    assert (entry.user, entry.details["reason"]) == (staff, aside.reason)


@pytest.mark.parametrize("act", ["replay", "dismiss"])
def test_second_click_is_told_that_somebody_was_first(
    client: Client, aside: Quarantine, act: str
) -> None:
    address = f"{OPS}/quarantine/{aside.pk}/{act}"
    client.post(address)
    page(client)

    answer = client.post(address, follow=True)

    assert "This event is not set aside any more." in answer.content.decode()


def test_more_of_everything_takes_no_more_queries(
    client: Client, prices: Dataset, aside: Quarantine
) -> None:
    page(client)
    with CaptureQueriesContext(connection) as before:
        page(client)

    for number in range(3):
        more = DatasetFactory(workspace__slug=f"MORE{number}")
        send(more, price(1))
        failing(more)
        Quarantine.objects.create(
            batch=open_lane(more).batches.get(), ord=0, reason="No.", created_at=NOW
        )

    with CaptureQueriesContext(connection) as after:
        page(client)
    assert len(after) == len(before) <= 30
