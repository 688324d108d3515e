"""What a call is answered when the server, not the request, is at fault."""

from __future__ import annotations

import sqlite3
from contextlib import AbstractContextManager, closing

import pytest
from django.db import OperationalError, connection
from django.test import Client

from tests.factories import MembershipFactory, TokenFactory, WorkspaceFactory
from workspaces.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(db: None) -> Client:
    """A caller who is told of errors as everybody is."""
    _, text = TokenFactory.with_text(workspace=WorkspaceFactory(slug="DEMO"))
    headers = {"Authorization": f"Bearer {text}"}
    return Client(raise_request_exception=False, headers=headers)


def breaking(error: Exception) -> AbstractContextManager[None]:
    """Let every question to the database fail."""

    def execute(*_: object) -> object:
        raise error

    return connection.execute_wrapper(execute)


def test_broken_native_call_answers_a_problem_and_tells_nothing(
    client: Client,
) -> None:
    with breaking(RuntimeError("secret")):
        answer = client.get("/api/v1/workspaces/DEMO/rules")

    assert answer.status_code == 500
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.content.decode()


def test_broken_call_under_v1_answers_json(client: Client) -> None:
    with breaking(RuntimeError("secret")):
        answer = client.get("/v1/rules")

    assert answer.status_code == 500
    assert answer.json()["error"] == "internal_error"


def test_broken_page_answers_a_page(db: None) -> None:
    client = Client(raise_request_exception=False)
    client.force_login(User.objects.get(pk=MembershipFactory().user_id))

    with breaking(RuntimeError("secret")):
        answer = client.get("/w/DEMO/rules")

    assert answer.status_code == 500
    assert answer["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/api/v1/workspaces/DEMO/rules", "/v1/rules"])
def test_database_that_is_away_is_a_503_to_come_back_after(
    client: Client, path: str
) -> None:
    with breaking(OperationalError("connection refused by 10.0.0.1")):
        answer = client.get(path)

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "10.0.0.1" not in answer.content.decode()


class DiskFull(Exception):
    """As PostgreSQL's driver tells of it."""

    sqlstate = "53100"


def file_cannot_grow() -> Exception:
    """Fill an SQLite file and return what is raised then."""
    with closing(sqlite3.connect(":memory:")) as file:
        file.execute("PRAGMA max_page_count = 1")
        try:
            file.execute("CREATE TABLE much (more)")
        except sqlite3.OperationalError as error:
            return error
    raise AssertionError("there was room")


@pytest.mark.parametrize("cause", [DiskFull(), file_cannot_grow()], ids=repr)
def test_full_disk_is_a_503_that_says_so(client: Client, cause: Exception) -> None:
    error = OperationalError("could not extend file")
    error.__cause__ = cause

    with breaking(error):
        answer = client.get("/api/v1/workspaces/DEMO/rules")

    assert answer.status_code == 503
    assert answer["Retry-After"] == "5"
    assert "disk is full" in answer.json()["detail"]
