"""The workspace, the dataset and the callers of the tests of datasets."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pytest_django.fixtures import Settings

from alerts.pipeline import drain_lane
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, open_lane
from tests.datasets.clients import ApiClient
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from workspaces.models import TokenKind, Workspace

NATIVE = "/api/v1/workspaces/demo"


@pytest.fixture
def demo(db: None) -> Workspace:
    return WorkspaceFactory.create(slug="DEMO")


@pytest.fixture
def prices(demo: Workspace) -> Dataset:
    """DEMO:PRICES, prices by symbol."""
    return DatasetFactory.create(workspace=demo, slug="PRICES", title="Prices")


@pytest.fixture
def bars(demo: Workspace) -> Dataset:
    """DEMO:BARS, daily prices by symbol and date."""
    return DatasetFactory.create(
        workspace=demo,
        slug="BARS",
        zone="America/New_York",
        date_field="date",
        schema={
            "type": "object",
            "properties": {
                "symbol": {"type": "string"},
                "date": {"type": "string", "format": "date"},
                "close": {"type": ["number", "null"]},
            },
            "required": ["symbol"],
        },
    )


@pytest.fixture
def native(demo: Workspace) -> ApiClient:
    """The native API of DEMO, with a secret token."""
    return ApiClient.of(demo, NATIVE)


@pytest.fixture
def reader(demo: Workspace) -> ApiClient:
    """The native API of DEMO, with a publishable token."""
    return ApiClient.of(demo, NATIVE, TokenKind.PUBLISHABLE)


@pytest.fixture
def v1(demo: Workspace) -> ApiClient:
    """Apperate's API, with a secret token of DEMO."""
    return ApiClient.of(demo, "/v1")


@pytest.fixture
def at_once(settings: Settings) -> None:
    """Answers that do not wait: no worker runs beside a test."""
    settings.BELLWETHER_WAIT_SECONDS = 0


@pytest.fixture
def store() -> Callable[..., int]:
    """Store events in a dataset and let its lane judge them."""

    def stored(dataset: Dataset, *events: object) -> int:
        batch = accept_batch(dataset=dataset, events=events, ingest=Ingest(), now=NOW)
        drain_lane(lane_id=open_lane(dataset).pk)
        return batch.batch_id

    return stored
