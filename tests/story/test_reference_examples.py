"""What the API reference tells people to send is taken as it stands."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import pytest
from django.test import Client

from tests.factories import TokenFactory, WorkspaceFactory

pytestmark = pytest.mark.django_db

WORKSPACE = "/api/v1/workspaces/DEMO"
#: In the order in which a newcomer would make these calls.
CALLS = ("datasets", "datasets/{dataset}/records", "outputs", "rules/preview", "rules")


def examples(path: str) -> list[tuple[str, Any]]:
    """Return the bodies, with their media types, that the document gives of a POST."""
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})
    item = answer.json()["paths"][f"/api/v1/workspaces/{{workspace}}/{path}"]
    content = item["post"]["requestBody"]["content"]
    return [
        (media_type, example["value"])
        for media_type, media in content.items()
        for example in media["examples"].values()
    ]


def test_examples_are_accepted_one_after_the_other() -> None:
    _, text = TokenFactory.with_text(workspace=WorkspaceFactory(slug="DEMO"))
    client = Client(headers={"Authorization": f"Bearer {text}"})

    answers = [
        client.post(
            f"{WORKSPACE}/{path.format(dataset='READINGS')}",
            body,
            content_type=media_type,
        )
        for path in CALLS
        for media_type, body in examples(path)
    ]

    assert len(answers) == len(CALLS) + 2
    assert [answer.json() for answer in answers if answer.status_code >= 300] == []
    assert answers[-2].json()["problems"] == []
    assert answers[-1].status_code == HTTPStatus.CREATED
