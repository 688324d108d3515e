"""Families J and I: bodies and idempotency keys that must not get in."""

from __future__ import annotations

import gzip
from collections.abc import Callable

import pytest

from datasets.models import Dataset
from tests.datasets.clients import ApiClient
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db

MEGABYTE = 1_000_000

# A body, the code of its refusal, and the status natively; on `/v1` a 422 is a 400.
BODIES = [
    pytest.param(b"", "json_empty", 400, id="J30-empty"),
    pytest.param(b"{", "json_malformed", 400, id="J31-malformed"),
    pytest.param(b"[object Object]", "json_malformed", 400, id="J32-object-object"),
    pytest.param(b'{"symbol": NaN}', "json_not_a_number", 400, id="J33-nan"),
    pytest.param(b'{"symbol": "\\u0000"}', "json_nul", 400, id="J34-nul"),
    pytest.param(b'"text"', "body_invalid", 422, id="J35-a-text"),
    pytest.param(b"null", "body_invalid", 422, id="J36-null"),
    pytest.param(b"[]", "events_invalid", 422, id="J37-no-records"),
    pytest.param(b"[1]", "events_invalid", 422, id="J38-a-number-as-record"),
    pytest.param(b"[[]]", "events_invalid", 422, id="J39-an-array-as-record"),
    pytest.param(b"{}", "events_invalid", 422, id="J40-empty-record"),
    pytest.param(b'{"price": 1}', "events_invalid", 422, id="J41-without-key"),
    pytest.param(b'{"symbol": ""}', "events_invalid", 422, id="J42-empty-key"),
    pytest.param(b'{"symbol": null}', "events_invalid", 422, id="J43-null-key"),
    pytest.param(b'{"symbol": {"a": 1}}', "events_invalid", 422, id="J44-object-key"),
    pytest.param(
        b'{"symbol": "%s"}' % (b"x" * 1501), "events_invalid", 422, id="J45-long-key"
    ),
    pytest.param(
        b'{"symbol": "A", "price": "1"}', "events_invalid", 422, id="J46-wrong-type"
    ),
    pytest.param(
        b'{"symbol": "A", "volume": 1.5}', "events_invalid", 422, id="J47-not-whole"
    ),
    pytest.param(
        b'{"symbol": "A", "a:b": 1}', "events_invalid", 422, id="J48-colon-in-a-name"
    ),
    pytest.param(
        b'{"symbol": "A", "_systemX": 1}', "events_invalid", 422, id="J49-reserved"
    ),
    pytest.param(
        b'{"symbol": "A", "x": "%s"}' % (b"x" * 65_536),
        "events_invalid",
        422,
        id="J50-64-kB-record",
    ),
    pytest.param(
        b"[%s]" % b",".join([b'{"symbol":"A"}'] * 10_001),
        "too_large",
        413,
        id="J51-10001-records",
    ),
    pytest.param(b" " * (MEGABYTE + 1), "too_large", 413, id="J52-oversize"),
    pytest.param(
        b'[{"symbol":"A"},{"symbol":"A","price":"x"}]',
        "events_invalid",
        422,
        id="J53-one-of-two",
    ),
]


@pytest.mark.parametrize(("body", "code", "status"), BODIES)
def test_bad_body_stores_nothing_natively(
    native: ApiClient,
    prices: Dataset,
    refused: Callable[..., None],
    body: bytes,
    code: str,
    status: int,
) -> None:
    answer = native.send("post", "/datasets/prices/records", body)

    refused(answer, status, code)


@pytest.mark.parametrize(("body", "code", "status"), BODIES)
def test_bad_body_stores_nothing_under_v1(
    v1: ApiClient,
    prices: Dataset,
    refused: Callable[..., None],
    body: bytes,
    code: str,
    status: int,
) -> None:
    answer = v1.send("post", "/record/DEMO/PRICES", body)

    refused(answer, 400 if status == 422 else status, code)


KINDS = [
    pytest.param(b"symbol,price\nA,x\n", "text/csv", "events_invalid", 422, id="C30"),
    pytest.param(
        b"symbol\n", "text/csv", "events_invalid", 422, id="C31-only-a-header"
    ),
    pytest.param(
        b'{"symbol":"A"}\n{', "application/x-ndjson", "json_malformed", 400, id="J60"
    ),
    pytest.param(
        b"<a/>", "application/xml", "unsupported_media_type", 415, id="J61-xml"
    ),
    pytest.param(
        b"symbol=A",
        "application/x-www-form-urlencoded",
        "unsupported_media_type",
        415,
        id="J62-form",
    ),
]


@pytest.mark.parametrize(("body", "kind", "code", "status"), KINDS)
def test_bad_body_of_another_kind_stores_nothing(
    native: ApiClient,
    prices: Dataset,
    refused: Callable[..., None],
    body: bytes,
    kind: str,
    code: str,
    status: int,
) -> None:
    answer = native.send("post", "/datasets/prices/records", body, kind)

    refused(answer, status, code)


PACKED = [
    pytest.param(b"not gzip", "gzip", "unreadable", 400, id="J70-not-gzip"),
    pytest.param(
        gzip.compress(b'{"symbol":"A"}')[:-9], "gzip", "unreadable", 400, id="J71-torn"
    ),
    pytest.param(
        gzip.compress(b" " * 50 * MEGABYTE), "gzip", "too_large", 413, id="J72-bomb"
    ),
    pytest.param(b"{}", "br", "unsupported_media_type", 415, id="J73-unknown"),
]


@pytest.mark.parametrize(("body", "packing", "code", "status"), PACKED)
@pytest.mark.parametrize("path", ["native", "v1"])
def test_bad_packing_stores_nothing(  # noqa: PLR0913, PLR0917 - a table
    request: pytest.FixtureRequest,
    prices: Dataset,
    refused: Callable[..., None],
    path: str,
    body: bytes,
    packing: str,
    code: str,
    status: int,
) -> None:
    client = request.getfixturevalue(path)
    place = {"native": "/datasets/prices/records", "v1": "/record/DEMO/PRICES"}[path]

    answer = client.send("post", place, body, Content_Encoding=packing)

    refused(answer, status, code)


DATASETS = [
    pytest.param(b"[]", "body_type", 400, id="J80-an-array"),
    pytest.param(b"{}", "invalid", 400, id="J81-nothing"),
    pytest.param(b'{"dataset": 1}', "invalid", 400, id="J82-a-number"),
    pytest.param(
        b'{"dataset": {"datasetId": "a b"}}', "dataset_invalid", 400, id="J83"
    ),
    pytest.param(
        b'{"dataset": {"datasetId": "_system_x"}}', "dataset_invalid", 400, id="J84"
    ),
    pytest.param(
        b'{"dataset": {"datasetId": "A", "schema": 1}}', "invalid", 400, id="J85"
    ),
    pytest.param(
        b'{"dataset": {"datasetId": "A", "columnMapping": {"key": "b"}}}',
        "dataset_invalid",
        400,
        id="J86-undeclared-key",
    ),
    pytest.param(
        b'{"dataset": {"datasetId": "A", "title": "%s"}}' % (b"x" * 201),
        "dataset_invalid",
        400,
        id="J87-long-title",
    ),
    pytest.param(b"{", "json_malformed", 400, id="J88-malformed"),
]


@pytest.mark.parametrize(("body", "code", "status"), DATASETS)
def test_bad_dataset_is_not_made(
    v1: ApiClient,
    demo: Workspace,
    refused: Callable[..., None],
    body: bytes,
    code: str,
    status: int,
) -> None:
    answer = v1.send("post", "/datasets/DEMO", body)

    refused(answer, status, code)
    assert not Dataset.objects.exists()


def test_empty_load_is_no_import(
    v1: ApiClient, prices: Dataset, refused: Callable[..., None]
) -> None:
    answer = v1.send("post", "/data/DEMO/PRICES", b"")

    refused(answer, 400, "import_invalid")


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_idempotency_key_of_a_wrong_length_is_refused(
    native: ApiClient, prices: Dataset, refused: Callable[..., None], key: str
) -> None:
    answer = native.post(
        "/datasets/prices/records", {"symbol": "A"}, Idempotency_Key=key
    )

    refused(answer, 422, "idempotency_key_invalid")
