"""Families A, T, V and H: callers, other people's things, cursors and addresses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from django.test import Client

from datasets.models import Dataset
from datasets.services import Ingest, accept_batch
from tests.attacks.conftest import FORBIDDEN
from tests.datasets.clients import ApiClient, body_of
from tests.factories import (
    NOW,
    DatasetFactory,
    MembershipFactory,
    TokenFactory,
    UserFactory,
    WorkspaceFactory,
)
from workspaces.models import TokenKind, Workspace

pytestmark = pytest.mark.django_db

# Every route of these edges that reads, and every one that writes.
READS = [
    pytest.param("/api/v1/workspaces/{ws}/datasets", id="datasets"),
    pytest.param("/api/v1/workspaces/{ws}/datasets/{ds}", id="dataset"),
    pytest.param("/api/v1/workspaces/{ws}/datasets/{ds}/records", id="records"),
    pytest.param("/api/v1/workspaces/{ws}/datasets/{ds}/facts", id="dataset-facts"),
    pytest.param("/api/v1/workspaces/{ws}/facts", id="facts"),
    pytest.param("/api/v1/workspaces/{ws}/batches/1", id="batch"),
    pytest.param("/v1/datasets/{ws}", id="v1-datasets"),
    pytest.param("/v1/datasets/{ws}/{ds}", id="v1-dataset"),
    pytest.param("/v1/data/{ws}", id="v1-data-list"),
    pytest.param("/v1/data/{ws}/{ds}", id="v1-data"),
    pytest.param("/v1/data/{ws}/{ds}/KEY", id="v1-key"),
    pytest.param("/v1/query/{ws}/{ds}/KEY/SUB", id="v1-subkey"),
]
WRITES = [
    pytest.param("post", "/api/v1/workspaces/{ws}/datasets", id="dataset"),
    pytest.param("delete", "/api/v1/workspaces/{ws}/datasets/{ds}", id="delete"),
    pytest.param("post", "/api/v1/workspaces/{ws}/datasets/{ds}/records", id="records"),
    pytest.param("post", "/v1/datasets/{ws}", id="v1-dataset"),
    pytest.param("put", "/v1/datasets/{ws}/{ds}", id="v1-put"),
    pytest.param("delete", "/v1/datasets/{ws}/{ds}", id="v1-delete"),
    pytest.param("post", "/v1/record/{ws}/{ds}", id="v1-record"),
    pytest.param("post", "/v1/write/{ws}/{ds}", id="v1-write"),
    pytest.param("post", "/v1/data/{ws}/{ds}", id="v1-data"),
]
_REQUEST_ID = re.compile(r'"request_id":"\w+"')
BODY = b'{"symbol": "A", "slug": "NEW", "dataset": {"datasetId": "NEW"}}'


def at(path: str, dataset: Dataset) -> str:
    return path.format(ws=dataset.workspace.slug, ds=dataset.slug)


@pytest.mark.parametrize("path", READS)
def test_reading_needs_a_token(prices: Dataset, path: str) -> None:
    answer = Client().get(at(path, prices))

    assert answer.status_code == 401
    assert not FORBIDDEN.search(answer.content.decode())


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_writing_needs_a_token(
    prices: Dataset, refused: Callable[..., None], method: str, path: str
) -> None:
    answer = ApiClient("").send(method, at(path, prices), BODY)

    refused(answer, 401, "not_authenticated")
    assert Dataset.objects.alive().count() == 1


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_publishable_token_writes_nothing(
    prices: Dataset, refused: Callable[..., None], method: str, path: str
) -> None:
    client = ApiClient.of(prices.workspace, "", TokenKind.PUBLISHABLE)

    answer = client.send(method, at(path, prices), BODY)

    refused(answer, 403, "forbidden")
    assert "secret token" in answer.content.decode()
    assert Dataset.objects.alive().count() == 1


@pytest.mark.parametrize("path", READS)
def test_another_workspace_reads_as_a_missing_one(
    prices: Dataset, neighbour: Dataset, path: str
) -> None:
    client = ApiClient.of(prices.workspace, "")

    there = client.get(at(path, neighbour))
    nowhere = client.get(path.format(ws="NOWHERE", ds=neighbour.slug))

    assert there.status_code == nowhere.status_code == 404
    told = there.content.decode().replace("NEXT", "NOWHERE")
    assert _REQUEST_ID.sub("", told) == _REQUEST_ID.sub("", nowhere.content.decode())


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_another_workspace_is_written_by_nobody_else(
    prices: Dataset,
    neighbour: Dataset,
    refused: Callable[..., None],
    method: str,
    path: str,
) -> None:
    client = ApiClient.of(prices.workspace, "")

    answer = client.send(method, at(path, neighbour), BODY)

    refused(answer, 404, "workspace_not_found")
    assert Dataset.objects.alive().count() == 2


@pytest.mark.parametrize(("method", "path"), WRITES)
def test_shared_workspace_is_only_read(
    prices: Dataset, refused: Callable[..., None], method: str, path: str
) -> None:
    core = WorkspaceFactory.create(slug="CORE", is_shared=True)
    stock = DatasetFactory.create(workspace=core, slug="STOCK")
    client = ApiClient.of(prices.workspace, "")

    answer = client.send(method, at(path, stock), BODY)

    refused(answer, 403, "forbidden")


@pytest.mark.parametrize("path", READS)
def test_neighbours_dataset_is_missing_in_the_own_workspace(
    prices: Dataset, neighbour: Dataset, path: str
) -> None:
    if "{ds}" not in path:
        path = "/v1/datasets/{ws}/{ds}"
    client = ApiClient.of(prices.workspace, "")

    answer = client.get(path.format(ws="DEMO", ds="SECRETS"))

    assert answer.status_code == 404


TOKENS = [
    pytest.param("nonsense", id="A20-malformed"),
    pytest.param("sk_" + "a" * 38, id="A21-wrong-check-sum"),
    pytest.param("Tsk_" + "a" * 38, id="A22-sandbox"),
    pytest.param("ï" * 41, id="A23-not-ascii"),
    pytest.param("x" * 5_000, id="A24-long"),
]


@pytest.mark.parametrize("token", TOKENS)
def test_wrong_token_opens_nothing(prices: Dataset, token: str) -> None:
    native = Client(headers={"Authorization": f"Bearer {token}"})

    natively = native.get("/api/v1/workspaces/DEMO/datasets")
    under_v1 = Client().get("/v1/datasets/DEMO", {"token": token})

    assert natively.status_code == 401
    assert natively["WWW-Authenticate"].startswith("Bearer")
    assert under_v1.status_code == 403
    assert body_of(under_v1)["message"] == "The API key provided is not valid."


@pytest.mark.parametrize("field", ["expires_at", "revoked_at"])
def test_token_that_ended_opens_nothing(prices: Dataset, field: str) -> None:
    _, text = TokenFactory.with_text(workspace=prices.workspace, **{field: NOW})

    answer = Client().get("/v1/datasets/DEMO", {"token": text})

    assert answer.status_code == 403


def test_session_without_its_csrf_token_writes_nothing(
    prices: Dataset, refused: Callable[..., None]
) -> None:
    owner = MembershipFactory.create(workspace=prices.workspace).user
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(owner)

    answer = browser.post(
        "/api/v1/workspaces/DEMO/datasets/PRICES/records",
        BODY,
        content_type="application/json",
    )

    refused(answer, 403, "forbidden")


def test_session_counts_for_nothing_under_v1(prices: Dataset) -> None:
    browser = Client()
    browser.force_login(MembershipFactory.create(workspace=prices.workspace).user)

    assert browser.get("/v1/datasets/DEMO").status_code == 401


def test_stranger_sees_no_workspace_but_the_shared_ones(prices: Dataset) -> None:
    browser = Client()
    browser.force_login(UserFactory.create())

    assert browser.get("/api/v1/workspaces/DEMO/datasets").status_code == 404


QUERIES = [
    pytest.param("/datasets?limit=0", id="V20-limit-0"),
    pytest.param("/datasets?limit=1001", id="V21-limit-1001"),
    pytest.param("/datasets?limit=ten", id="V22-limit-ten"),
    pytest.param("/datasets?limit=%D9%A3", id="V23-arabic-digit"),
    pytest.param("/datasets?limit=" + "9" * 30, id="V24-huge"),
    pytest.param("/datasets?limt=5", id="V25-unknown-name"),
    pytest.param("/datasets?cursor=x", id="V26-forged-cursor"),
    pytest.param("/datasets?cursor=WzEsMl0:1vT:abc", id="V27-badly-signed"),
    pytest.param("/datasets/prices/records?from=yesterday", id="V28-no-time"),
    pytest.param("/datasets/prices/records?to=2026-02-30", id="V29-no-such-day"),
    pytest.param(
        "/datasets/prices/records?from=2026-02-02&to=2026-02-01", id="V30-backwards"
    ),
    pytest.param("/facts?limit=201", id="V31-too-many-facts"),
]


@pytest.mark.parametrize("path", QUERIES)
def test_wrong_query_is_named(native: ApiClient, prices: Dataset, path: str) -> None:
    answer = native.get(path)

    assert answer.status_code == 422
    assert body_of(answer)["errors"][0]["pointer"].startswith("/")
    assert not FORBIDDEN.search(answer.content.decode())


V1_QUERIES = [
    pytest.param("last=0", id="V40"),
    pytest.param("limit=-1", id="V41"),
    pytest.param("first=10001", id="V42"),
    pytest.param("sort=up", id="V43"),
    pytest.param("from=nothing", id="V44"),
    pytest.param("on=2026-13-01", id="V45"),
    pytest.param("range=soon", id="V46"),
    pytest.param("subattribute=make%7CFord", id="V46-not-served"),
    pytest.param("format=csv", id="V47-not-served"),
    pytest.param("includeSystemRecordProperties=maybe", id="V48"),
]


@pytest.mark.parametrize("query", V1_QUERIES)
def test_wrong_query_under_v1_is_a_400(
    v1: ApiClient, prices: Dataset, query: str
) -> None:
    answer = v1.get(f"/data/DEMO/PRICES?{query}")

    name = query.partition("=")[0]
    assert answer.status_code == 400
    assert body_of(answer)["message"].startswith(f"{name}: ")


def test_cursor_of_another_list_is_refused(native: ApiClient, prices: Dataset) -> None:
    DatasetFactory.create(workspace=prices.workspace)
    cursor = body_of(native.get("/datasets", limit=1))["next"]

    answer = native.get("/datasets/prices/records", cursor=cursor)

    assert answer.status_code == 422


def test_too_many_records_are_not_cut_off_silently(
    v1: ApiClient, prices: Dataset
) -> None:
    for _ in range(2):
        accept_batch(
            dataset=prices,
            events=[{"symbol": "A"}] * 5_001,
            ingest=Ingest(),
            now=NOW,
        )

    answer = v1.get("/data/DEMO/PRICES/A?from=2026-01-01")

    assert answer.status_code == 400
    assert body_of(answer)["error"] == "too_many_records"


def test_too_many_keys_are_refused(v1: ApiClient, prices: Dataset) -> None:
    answer = v1.get("/data/DEMO/PRICES/" + ",".join(str(n) for n in range(2_001)))

    assert answer.status_code == 400


ADDRESSES = [
    pytest.param("get", "/v1/nothing", 404, id="H20-unknown-call"),
    pytest.param("get", "/v1/", 404, id="H21-nothing"),
    pytest.param("post", "/stable/data", 404, id="H22-too-short"),
    pytest.param("get", "/api/v1/nothing", 404, id="H23-unknown-native"),
    pytest.param("get", "/api/v1/workspaces/DEMO/nothing", 404, id="H24"),
    pytest.param("delete", "/v1/record/DEMO/PRICES", 405, id="H25-wrong-method"),
    pytest.param("patch", "/api/v1/workspaces/DEMO/datasets", 405, id="H26"),
    pytest.param("get", "/v1/data/DEMO/PR%00ICES", 400, id="H27-nul"),
    pytest.param("get", "/v1/data/DEMO/PRICES/A%00", 400, id="H28-nul"),
    pytest.param("get", "/v1/data/DEMO/PRICES?from=%00", 400, id="H29-nul"),
    pytest.param("get", "/api/v1/workspaces/D%00/datasets", 400, id="H30-nul"),
    pytest.param("get", "/api/v1/workspaces/DEMO/facts?q=%00", 400, id="H31-nul"),
    pytest.param("get", "/v1/data/DEMO/%FF%FE", 404, id="H32-not-utf-8"),
    pytest.param("get", "/v1/data/DEMO/" + "x" * 4_000, 404, id="H33-long"),
]


@pytest.mark.parametrize(("method", "path", "status"), ADDRESSES)
def test_wrong_address_is_answered_as_json(
    demo: Workspace, prices: Dataset, method: str, path: str, status: int
) -> None:
    client = ApiClient.of(demo, "")

    answer = client.send(method, path, b"") if method != "get" else client.get(path)

    assert answer.status_code == status
    assert "json" in answer["Content-Type"]
    assert json.loads(answer.content)
    assert not FORBIDDEN.search(answer.content.decode())


def test_form_that_is_not_served_is_refused_as_json(native: ApiClient) -> None:
    answer = native.http.get(f"{native.base}/datasets", headers={"Accept": "text/html"})

    assert answer.status_code == 406
    assert body_of(answer)["code"] == "not_acceptable"
