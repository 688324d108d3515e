"""A workspace that is attacked, a neighbour, and what must never be left behind."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from datasets.models import Batch, Dataset, Idempotency, Job, Record
from tests.datasets.clients import ApiClient, body_of
from tests.factories import DatasetFactory, WorkspaceFactory
from workspaces.models import Workspace

#: What no answer may tell: where we live, what we run, what we asked the database.
FORBIDDEN = re.compile(
    r"Traceback|File \"|line \d+, in|SELECT |INSERT |sqlite|psycopg|/site-packages/"
    r"|\bException\b|DataError|IntegrityError"
)


@pytest.fixture
def demo(db: None) -> Workspace:
    return WorkspaceFactory.create(slug="DEMO")


@pytest.fixture
def prices(demo: Workspace) -> Dataset:
    """DEMO:PRICES, prices by symbol."""
    return DatasetFactory.create(workspace=demo, slug="PRICES")


@pytest.fixture
def neighbour(db: None) -> Dataset:
    """NEXT:SECRETS, which the attacked workspace's tokens must never see."""
    workspace = WorkspaceFactory.create(slug="NEXT")
    return DatasetFactory.create(workspace=workspace, slug="SECRETS")


@pytest.fixture
def native(demo: Workspace) -> ApiClient:
    """The native API of DEMO, with a secret token."""
    return ApiClient.of(demo, "/api/v1/workspaces/demo")


@pytest.fixture
def v1(demo: Workspace) -> ApiClient:
    """Apperate's API, with a secret token of DEMO."""
    return ApiClient.of(demo, "/v1")


@pytest.fixture
def refused(db: None) -> Callable[..., None]:
    """Check that an answer refuses in one sentence and that nothing was stored."""

    def check(answer: Any, status: int, code: str) -> None:
        assert answer.status_code == status, answer.content
        body = body_of(answer)
        sentence = body.get("detail") or body["message"]
        assert (body.get("code") or body["error"]) == code
        assert sentence[0].isalnum() or sentence[0] in "'\""
        assert sentence.rstrip().endswith(".")
        assert not FORBIDDEN.search(answer.content.decode())
        assert not Record.objects.exists()
        assert not Batch.objects.exists()
        assert not Job.objects.exists()
        assert not Idempotency.objects.exists()

    return check
