"""The people and things of the stories."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from tests.factories import DatasetFactory, WorkspaceFactory
from tests.receivers import Receiver, receiver
from workspaces.access import Access, open_for_system


@pytest.fixture
def access(db: None) -> Access:
    """A workspace, opened for everything."""
    return open_for_system(workspace=WorkspaceFactory(slug="DEMO"))


@pytest.fixture
def prices(access: Access) -> Dataset:
    """DEMO:PRICES, prices by symbol."""
    return DatasetFactory(workspace=access.workspace, slug="PRICES")


@pytest.fixture
def uploads(settings: Settings, tmp_path: Path) -> Path:
    """A directory of its own for uploaded files."""
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def sink(settings: Settings) -> Iterator[Receiver]:
    """A receiver on loopback that we are allowed to call."""
    settings.BELLWETHER_ALLOWED_NETWORKS = (ip_network("127.0.0.0/8"),)
    with receiver() as here:
        yield here
