"""The canary goes the way of all events, and nobody but operators sees it."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.models import Alert, Attempt, Canary, Delivery, FeedEntry, Proof
from alerts.services import examine, read_canary, seed_canary, send_due
from alerts.sweeping import sweep_canary, sweep_feed, sweep_upkeep
from config.clock import database_now
from datasets.models import Batch, Dataset
from datasets.services import events_last_minute
from rules.models import Rule
from tests.alerts.test_metrics import now_counted
from tests.factories import NOW, MembershipFactory, UserFactory
from tests.story.lane import at_once, drain
from workspaces.models import Role, Workspace
from workspaces.services import OwnerInvalid, create_owner

pytestmark = pytest.mark.django_db

MINUTE = timedelta(minutes=1)


@pytest.fixture
def here() -> Dataset:
    """An installation that was just started; gives where its canary flies."""
    seed_canary(now=database_now())
    return Canary.objects.get().dataset


def fly(here: Dataset, *, now: datetime) -> None:
    """Let everything be done that the canary's minute at `now` asks for."""
    sweep_canary(now=now)
    drain(here)
    sweep_feed(now=now + MINUTE)
    for output in set(Delivery.objects.values_list("output", flat=True)):
        send_due(output_id=output)


def test_it_comes_all_the_way(here: Dataset) -> None:
    now = database_now()

    fly(here, now=now)

    proof = Proof.objects.get()
    assert proof.pk == Delivery.objects.get(status="sent").pk
    assert proof.sent_at == now == Batch.objects.get(origin="api").received_at
    assert now < proof.delivered_at <= database_now()
    report = read_canary(now=now + MINUTE)
    assert (report.sent, report.last, report.age) == (1, proof, MINUTE)
    assert not report.is_late


def test_another_start_changes_nothing(here: Dataset) -> None:
    now = database_now()
    fly(here, now=now)

    seed_canary(now=now)
    fly(here, now=now + timedelta(milliseconds=1))

    assert (Canary.objects.count(), Proof.objects.count()) == (1, 1)
    fly(here, now=now + MINUTE)
    assert Proof.objects.count() == Rule.objects.get().sent == 2


@pytest.mark.django_db(transaction=True)
def test_two_that_start_and_send_at_once_are_as_one() -> None:
    start = partial(seed_canary, now=database_now())
    at_once(start, start)
    assert (Canary.objects.count(), Rule.objects.count()) == (1, 1)

    sweep = partial(sweep_canary, now=database_now())
    at_once(sweep, sweep, sweep)

    assert Batch.objects.filter(origin="api").count() == 1


def test_it_stays_at_home_where_the_setting_says_so(
    here: Dataset, settings: Settings
) -> None:
    settings.BELLWETHER_CANARY = False

    fly(here, now=database_now())

    assert not Proof.objects.exists()
    assert not Batch.objects.filter(origin="api").exists()
    assert "bellwether_canary_age_seconds" not in {name for name, _ in now_counted()}


def test_nobody_sees_it(here: Dataset) -> None:
    seen = Client()
    core = Workspace.objects.create(slug="CORE", is_shared=True, created_at=NOW)
    ana = MembershipFactory(workspace=core, role=Role.OWNER).user
    seen.force_login(ana)

    fly(here, now=database_now())

    assert Alert.objects.get().workspace.slug == "_system"
    assert not Workspace.objects.visible_to(ana).filter(slug="_system").exists()
    assert seen.get("/w/_system/").status_code == 404
    assert events_last_minute(workspace=core, now=database_now()) == 0
    assert now_counted()["bellwether_rules_enabled", ()] == 0


def test_nobody_can_move_in_with_it(here: Dataset) -> None:
    with pytest.raises(OwnerInvalid, match="'_system' is reserved"):
        create_owner(
            email="ana@example.com",
            password="correct horse",
            workspace="_system",
            now=NOW,
        )
    assert not here.workspace.memberships.exists()


def test_it_is_forgotten(here: Dataset) -> None:
    now = database_now()
    fly(here, now=now)
    told = (Alert, FeedEntry, Delivery, Attempt)
    sweep_upkeep(now=now + timedelta(hours=1))
    assert [model.objects.count() for model in told] == [1, 1, 1, 1]

    sweep_upkeep(now=now + timedelta(hours=3))

    assert [model.objects.count() for model in told] == [0, 0, 0, 0]
    assert not Batch.objects.filter(origin="api").exists()
    assert Proof.objects.exists()
    sweep_upkeep(now=now + timedelta(hours=25))
    assert not Proof.objects.exists()


@pytest.mark.parametrize(
    ("share", "milliseconds"), [(0.01, 1), (0.5, 30), (0.99, 60), (1, 60)]
)
def test_lengths_are_those_of_the_last_hour(
    here: Dataset, share: float, milliseconds: int
) -> None:
    now = database_now()
    for number in range(1, 70):
        length = timedelta(milliseconds=number if number <= 60 else 9_000)
        sent_at = now - number * timedelta(seconds=59.5)
        Proof.objects.create(
            pk=uuid.uuid4(), sent_at=sent_at, delivered_at=sent_at + length
        )

    found = read_canary(now=now).length(share)

    assert found == timedelta(milliseconds=milliseconds)


def test_prometheus_is_told(here: Dataset) -> None:
    sent_at = database_now() - timedelta(seconds=100)
    delivered_at = sent_at + timedelta(seconds=2)
    Proof.objects.create(pk=uuid.uuid4(), sent_at=sent_at, delivered_at=delivered_at)

    told = now_counted()

    assert told["bellwether_canary_age_seconds", ()] >= 100
    for quantile in ("0.5", "0.99"):
        name = "bellwether_canary_latency_seconds"
        assert told[name, (("quantile", quantile),)] == 2


def test_doctor_says_that_it_does_not_come_back(here: Dataset) -> None:
    now = database_now()
    for minutes in range(4):
        sweep_canary(now=now - minutes * MINUTE)
        Canary.objects.update(due_at=now - timedelta(hours=1))

    (found,) = [one for one in examine(now=now) if one.subject == "canary"]

    assert found.seen == "none came back yet"
    assert "/readyz" in found.mend


def test_a_person_cannot_make_an_output_that_leads_back(here: Dataset) -> None:
    client = Client()
    member = MembershipFactory(user=UserFactory())
    client.force_login(member.user)

    answer = client.post(
        f"/api/v1/workspaces/{member.workspace.slug}/outputs",
        {"kind": "loop_back", "config": {}},
        content_type="application/json",
    )

    assert answer.status_code == 422
    assert "there are email, webhook" in answer.json()["errors"][0]["detail"]
