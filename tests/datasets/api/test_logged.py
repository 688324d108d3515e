"""Log lines of a request say which it was, and whose."""

from __future__ import annotations

import asyncio
import uuid

import httpx
import pytest
from django.conf import settings
from django.test import Client

from config.asgi import application
from datasets.models import Dataset
from tests.datasets.api.door import Asked, Door, full_lanes
from tests.factories import MembershipFactory, TokenFactory
from tests.logged import Log
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db(transaction=True)

RECORDS = "/api/v1/workspaces/DEMO/datasets/PRICES/records"


@pytest.fixture
def headers(demo: Workspace) -> dict[str, str]:
    """Those of a program that has a token."""
    _, text = TokenFactory.with_text(workspace=demo, name="The till")
    return {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}


def get(path: str, **more: str) -> httpx.Response:
    """Ask the whole application as an ASGI server does."""

    async def ask() -> httpx.Response:
        way = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=way) as client:
            return await client.get(f"http://localhost{path}", headers=more)

    return asyncio.run(ask())


def test_a_problem_and_all_lines_of_its_request_bear_one_id(
    log: Log, demo: Workspace, headers: dict[str, str]
) -> None:
    problem = get("/api/v1/workspaces/DEMO/datasets/NONE", **headers).json()

    ours = {
        "request_id": problem["request_id"],
        "workspace": str(demo.pk),
        "token": "The till",
    }
    assert log.ids_of("Answered 404 dataset_not_found") == ours
    assert log.ids_of("Not Found: /api") == {"status_code": "404", **ours}


def test_the_short_way_says_whose_a_refused_call_is(
    log: Log, demo: Workspace, prices: Dataset, headers: dict[str, str]
) -> None:
    with full_lanes():
        (told,) = Door().ask(
            Asked(path=RECORDS, body=b'{"symbol":"A"}', headers=headers)
        )

    assert log.ids_of("Answered 429 overloaded") == {
        "request_id": told.body["request_id"],
        "workspace": str(demo.pk),
        "token": "The till",
    }


def test_a_person_is_told_by_their_number(log: Log, demo: Workspace) -> None:
    browser, person = Client(), MembershipFactory(workspace=demo).user
    browser.force_login(person)
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME].OutputString()

    get(f"/w/DEMO/alerts/{uuid.uuid4()}", Cookie=cookie.partition(";")[0])

    ids = log.ids_of("Not Found: /w/DEMO/alerts/")
    assert len(ids.pop("request_id")) == 32
    assert ids == {
        "status_code": "404",
        "workspace": str(demo.pk),
        "user": str(person.pk),
    }
