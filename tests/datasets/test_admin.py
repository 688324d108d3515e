"""What staff do to sources in the admin."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from config.clock import database_now
from datasets.models import Dataset, Source
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/datasets/source/add/"


@pytest.fixture
def staff(client: Client) -> Client:
    """The browser of somebody who runs the installation."""
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    return client


def new_source(prices: Dataset, **said: str) -> dict[str, str]:
    """Return the form of a source that runs every hour."""
    return {
        "dataset": str(prices.pk),
        "name": "Exchange",
        "kind": "simulator",
        "config": '{"seed": 7}',
        "every_seconds": "3600",
        "cron": "",
        "zone": "",
        "is_enabled": "on",
        "runs_kept": "10",
        **said,
    }


@pytest.mark.parametrize(
    ("said", "config"),
    [
        ({}, {"feed": "stocks", "seed": 7}),
        ({"config": ""}, {"feed": "stocks", "seed": 1}),
    ],
    ids=["settings", "none"],
)
def test_source_begins_with_its_next_slot_and_all_its_settings(
    staff: Client, prices: Dataset, said: dict[str, str], config: dict[str, object]
) -> None:
    before = database_now()

    answer = staff.post(ADD, new_source(prices, **said))

    assert answer.status_code == 302
    source = Source.objects.get()
    assert source.config == config
    assert source.created_at >= before
    assert before < source.next_run_at <= source.created_at + timedelta(hours=1)


@pytest.mark.parametrize("is_simulated", [True, False], ids=["may run", "may not"])
def test_source_of_the_simulator_is_held_where_that_may_not_run(
    staff: Client, prices: Dataset, settings: Settings, is_simulated: bool
) -> None:
    settings.BELLWETHER_SIMULATOR = is_simulated

    staff.post(ADD, new_source(prices))

    assert Source.objects.running().exists() is is_simulated


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"kind": "telex"}, "telex is not one of the available choices"),
        ({"config": '{"seed": -1}'}, "The seed is a whole number from 0 on"),
        ({"config": '{"pace": 2}'}, "is no setting of the simulator"),
        ({"config": "[1]"}, "Write the settings as an object"),
        ({"every_seconds": "0"}, "every_seconds is 0; say 1 to"),
    ],
    ids=["kind", "value", "setting", "shape", "schedule"],
)
def test_source_that_cannot_be_is_refused_with_a_sentence(
    staff: Client, prices: Dataset, said: dict[str, str], told: str
) -> None:
    page = staff.post(ADD, new_source(prices, **said))

    assert told in page.content.decode()
    assert not Source.objects.exists()
