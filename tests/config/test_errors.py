"""What is answered while the database is away, or when something breaks."""

from __future__ import annotations

import logging
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path

import config.urls
from workspaces.api.problem_kinds import problem_kinds
from workspaces.api.problems import MENDS, STATUS

handler500 = config.urls.handler500
ERRORS = {
    "away": OperationalError("no connection"),
    "lost": InterfaceError("closed"),
    "wrong": ValueError("our mistake"),
}


def fail(request: HttpRequest, how: str) -> HttpResponse:
    raise ERRORS[how]


urlpatterns = [
    path("page/<str:how>", fail),
    path("api/v1/<str:how>", fail),
    path("v1/<str:how>", fail),
    *config.urls.urlpatterns,
]


def ask(address: str) -> Any:  # Any: the test client adds to a response
    with override_settings(ROOT_URLCONF=__name__):
        client = Client(raise_request_exception=False)
        return client.get(address)


def requests_of(caplog: pytest.LogCaptureFixture) -> set[object]:
    """Return the ids of requests that log lines are about."""
    return {getattr(record, "request_id", None) for record in caplog.records}


@pytest.mark.parametrize("how", ["away", "lost"])
def test_page_says_that_the_database_is_away(how: str) -> None:
    answer = ask(f"/page/{how}")

    page = answer.content.decode()
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert "The database does not answer." in page
    assert "our side" not in page


def test_page_that_breaks_says_so(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask("/page/wrong")

    page = answer.content.decode()
    assert answer.status_code == 500
    assert "Something broke on our side" in page
    assert "our mistake" not in page
    named = re.search(r"<code>(\w{32})</code>", page)
    assert named is not None
    assert named[1] in requests_of(caplog)


@pytest.mark.parametrize("version", ["api/v1", "v1"])
def test_programs_are_told_in_their_form(version: str) -> None:
    away, wrong = ask(f"/{version}/away"), ask(f"/{version}/wrong")

    assert (away.status_code, away["Retry-After"]) == (503, "5")
    assert "The database does not answer" in away.content.decode()
    assert wrong.status_code == 500


def test_id_of_a_problem_stands_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="workspaces.api.problems"):
        answer = Client().get("/api/v1/nowhere")

    assert answer.json()["request_id"] in requests_of(caplog)


class Ids(HTMLParser):
    """The ids of a page's elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {value for name, value in attrs if name == "id" and value}


def test_type_of_a_problem_leads_to_what_it_means() -> None:
    problem = Client().get("/api/v1/nowhere").json()
    address, _, code = problem["type"].partition("#")

    page = Client().get(address)

    ids = Ids(page.content.decode()).found
    assert (page.status_code, problem["code"]) == (200, code)
    assert {kind.code for kind in problem_kinds()} <= ids
    assert code in ids


def test_every_code_has_a_sentence_and_a_mend() -> None:
    kinds = problem_kinds()

    assert MENDS.keys() == STATUS.keys()
    assert len(kinds) > 40
    assert [one for one in kinds if not (one.sentence.endswith(".") and one.mend)] == []
    assert {"rule_invalid", "rule_moved", "body_type", "unreadable"} <= {
        one.code for one in kinds
    }
