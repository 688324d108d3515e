"""What Apperate's clients send besides what its documentation says."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from datasets.models import Dataset, Record
from tests.datasets.clients import body_of
from tests.factories import TokenFactory
from workspaces.models import TokenKind

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_once")]

BODY = b'[{"symbol": "MSFT"}]'
ELSEWHERE = "https://app.example.com"


@pytest.fixture
def token(prices: Dataset) -> str:
    """A secret token of DEMO."""
    _, text = TokenFactory.with_text(workspace=prices.workspace)
    return text


def write(client: Client, query: str, **headers: str) -> Any:
    return client.post(
        f"/v1/record/DEMO/PRICES{query}",
        BODY,
        content_type="application/json",
        headers=headers,
    )


QUERIES = [
    pytest.param("?token={token}", id="query"),
    pytest.param("?&token={token}", id="empty-part-first"),
    pytest.param("?wait=false&&token={token}", id="empty-part-between"),
    pytest.param("?token={token}&", id="empty-part-last"),
    pytest.param("?wait=False&event=1&token={token}", id="booleans"),
    pytest.param("/?token={token}", id="slash-before-the-query"),
    pytest.param("?token={token}&unknown=thing", id="unknown-parameter"),
]


@pytest.mark.parametrize("query", QUERIES)
def test_token_is_found_in_any_query(token: str, query: str) -> None:
    answer = write(Client(), query.format(token=token))

    assert answer.status_code == 200
    assert Record.objects.count() == 1


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_token_is_found_in_the_header(token: str, scheme: str) -> None:
    answer = write(Client(), "", Authorization=f"{scheme} {token}")

    assert answer.status_code == 200


@pytest.mark.parametrize("query", ["", "?token=", "?token=&token="])
def test_without_a_token_nothing_is_stored(prices: Dataset, query: str) -> None:
    answer = write(Client(), query)

    assert answer.status_code == 401
    assert "token" in body_of(answer)["message"]
    assert not Record.objects.exists()


@pytest.mark.parametrize("kind", ["application/json", "undefined"])
def test_reading_with_a_content_type_and_no_body_is_answered(
    token: str, kind: str
) -> None:
    answer = Client().get(
        "/v1/data/demo/prices/MSFT/",
        {"token": token, "last": "100"},
        headers={"Content-Type": kind},
    )

    assert (answer.status_code, body_of(answer)) == (200, [])


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("data/DEMO/PRICES/MSFT", '[{"symbol":"MSFT"}]'),
        ("datasets/DEMO/PRICES", '"keys":0,"records":1}'),
    ],
)
@pytest.mark.parametrize("version", ["v1", "stable", "beta"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_version_reads_the_same(
    token: str, path: str, said: str, version: str, slash: str
) -> None:
    write(Client(), f"?token={token}")

    answer = Client().get(f"/{version}/{path}{slash}?token={token}")

    assert answer.status_code == 200
    assert answer.content.decode().endswith(said)


@pytest.mark.parametrize("version", ["v1", "stable", "beta"])
def test_every_version_deletes_a_dataset(token: str, version: str) -> None:
    answer = Client().delete(
        f"/{version}/datasets/DEMO/PRICES?token={token}",
        headers={"Content-Type": "undefined"},
    )

    assert (answer.status_code, body_of(answer)["success"]) == (200, True)
    assert not Dataset.objects.alive().exists()


def test_publishable_token_reads(prices: Dataset) -> None:
    _, text = TokenFactory.with_text(
        workspace=prices.workspace, kind=TokenKind.PUBLISHABLE
    )

    assert Client().get("/v1/data/DEMO/PRICES", {"token": text}).status_code == 200


def test_scripts_of_other_sites_read_and_write_records(token: str) -> None:
    read = Client().get(
        "/v1/data/DEMO/PRICES", {"token": token}, headers={"Origin": ELSEWHERE}
    )
    written = write(Client(), f"?token={token}", Origin=ELSEWHERE)

    for answer in (read, written):
        assert answer["Access-Control-Allow-Origin"] == ELSEWHERE
        assert "Origin" in answer["Vary"]
        assert "Access-Control-Allow-Credentials" not in answer


def test_scripts_of_other_sites_do_nothing_else(token: str) -> None:
    loaded = Client().post(
        f"/v1/data/DEMO/PRICES?token={token}",
        BODY,
        content_type="application/json",
        headers={"Origin": ELSEWHERE},
    )

    assert "Access-Control-Allow-Origin" not in loaded


def test_a_request_with_a_cookie_is_not_for_other_sites(token: str) -> None:
    answer = Client().get(
        "/v1/data/DEMO/PRICES",
        {"token": token},
        headers={"Origin": ELSEWHERE, "Cookie": "a=b"},
    )

    assert answer.status_code == 200
    assert "Access-Control-Allow-Origin" not in answer


def test_preflight_is_answered_without_a_token(prices: Dataset) -> None:
    answer = Client().options(
        "/v1/record/DEMO/PRICES",
        headers={
            "Origin": ELSEWHERE,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        },
    )

    assert (answer.status_code, body_of(answer)) == (200, {})
    assert answer["Access-Control-Allow-Origin"] == ELSEWHERE
    assert answer["Access-Control-Allow-Methods"] == "POST"
    assert "Content-Type" in answer["Access-Control-Allow-Headers"]


def test_console_api_allows_no_other_site(prices: Dataset) -> None:
    answer = Client().options(
        "/api/v1/workspaces/DEMO/datasets", headers={"Origin": ELSEWHERE}
    )

    assert "Access-Control-Allow-Origin" not in answer
