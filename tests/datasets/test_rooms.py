"""Flow control: how much waits, and for how long, before more is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset, Lane, Origin
from datasets.services import Ingest, accept_batch, open_lane
from datasets.services.rooms import has_room, rooms_of
from tests.factories import NOW, DatasetFactory
from workspaces.refusals import Overloaded

pytestmark = pytest.mark.django_db

ONE = {"symbol": "MSFT"}


@pytest.fixture
def prices(settings: Settings) -> Dataset:
    settings.BELLWETHER_BACKLOG_EVENTS = 4
    settings.BELLWETHER_BACKLOG_SECONDS = 60
    return DatasetFactory(slug="PRICES")


@pytest.mark.parametrize(
    ("events", "waited", "kind", "takes"),
    [
        pytest.param(1, 60, "live", True, id="few, for just so long"),
        pytest.param(1, 61, "live", False, id="few, for too long"),
        pytest.param(1, 61, "history", True, id="history"),
        pytest.param(1, 61, "paused", True, id="paused"),
        pytest.param(3, 0, "live", True, id="many"),
        pytest.param(4, 0, "live", False, id="too many"),
        pytest.param(4, 0, "history", False, id="too much history"),
        pytest.param(4, 0, "paused", False, id="paused and full"),
    ],
)
def test_a_lane_is_full_of_events_or_of_age(
    prices: Dataset, events: int, waited: int, kind: str, takes: bool
) -> None:
    first = Ingest(is_live=kind != "history")
    accept_batch(dataset=prices, events=[ONE] * events, ingest=first, now=NOW)
    Lane.objects.update(is_paused=kind == "paused")

    found = rooms_of([open_lane(prices)], now=NOW + timedelta(seconds=waited))

    assert (found.refusal([0]) is None) is takes


def test_only_a_request_is_told_that_what_waits_has_done_so_for_too_long(
    prices: Dataset,
) -> None:
    sent = Ingest(is_sent=True)
    accept_batch(dataset=prices, events=[ONE], ingest=sent, now=NOW)
    later = NOW + timedelta(seconds=75)

    with pytest.raises(Overloaded, match="for 75 s, and 60 s are the most"):
        accept_batch(dataset=prices, events=[ONE], ingest=sent, now=later)
    accept_batch(dataset=prices, events=[ONE], ingest=Ingest(), now=later)

    assert open_lane(prices).batches.count() == 2
    assert has_room(prices)


def test_what_waits_without_records_keeps_nobody_out(prices: Dataset) -> None:
    lane = open_lane(prices)
    lane.batches.create(origin=Origin.RULE, size=0, received_at=NOW)

    found = rooms_of([lane], now=NOW + timedelta(hours=1))

    assert found.refusal([0]) is None
