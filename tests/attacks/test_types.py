"""Family J: types of JSON that are not those of a field; they do not convert."""

from __future__ import annotations

import pytest

from datasets.models import Dataset
from tests.datasets.clients import ApiClient, body_of
from workspaces.models import Token

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/tokens", {"name": 1, "kind": "secret"}, "/name"),
        ("/tokens", {"name": True, "kind": "secret"}, "/name"),
        ("/tokens", {"name": "x", "kind": ["secret"]}, "/kind"),
        ("/tokens", {"kind": "secret", "scope": "all"}, "/scope"),
        ("/datasets", {"slug": 12}, "/slug"),
        ("/datasets", {"slug": "X", "lateness_seconds": "60"}, "/lateness_seconds"),
        ("/datasets", {"slug": "X", "lateness_seconds": True}, "/lateness_seconds"),
        ("/datasets", {"slug": "X", "index": {"key": 1}}, "/index/key"),
        ("/datasets", {"slug": "X", "index": []}, "/index"),
        ("/outputs", {"kind": 1, "config": {}}, "/kind"),
        ("/outputs", {"kind": "email", "name": 2, "config": {}}, "/name"),
        ("/outputs", {"kind": "email", "config": {}, "to": "a@b.c"}, "/to"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_wrong_type_is_named_and_nothing_is_stored(
    native: ApiClient, path: str, body: object, pointer: str
) -> None:
    tokens = Token.objects.count()

    answer = native.post(path, body)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in body_of(answer)["errors"]]
    assert Token.objects.count() == tokens
    assert not Dataset.objects.exists()
