"""Who looks back, and where the columns are kept meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from workspaces.access import Access, Need


@pytest.fixture
def access(prices: Dataset) -> Access:
    return Access(workspace=prices.workspace, gives=Need.MANAGE)


@pytest.fixture(autouse=True)
def directory(settings: Settings, tmp_path: Path) -> Path:
    settings.BELLWETHER_SEGMENTS_DIR = tmp_path
    return tmp_path
