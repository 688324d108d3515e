"""The API's reference, under the same policy as every page."""

from __future__ import annotations

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def test_reference_loads_only_our_own_files_and_no_script_inside_the_page() -> None:
    page = Client().get("/api/docs")

    html = page.content.decode()
    addresses = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', html)
    assert page.status_code == 200
    assert not re.search(r"<script(?![^>]*src=)", html)
    assert addresses
    assert all(address.startswith("/") for address in addresses)


def test_document_is_openapi_3_1_and_names_its_errors_form() -> None:
    document = Client().get("/api/schema").content.decode()

    assert document.startswith("openapi: 3.1.0")
    assert "/api/v1/workspaces/{workspace}/rules:" in document


def test_document_names_the_form_of_errors_and_closes_bodies() -> None:
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})

    document = answer.json()
    bodies = document["components"]["schemas"]
    operations = [one for path in document["paths"].values() for one in path.values()]
    assert all("default" in operation["responses"] for operation in operations)
    assert bodies["Problem"]["required"]
    for name in (
        "TokenRequestRequest",
        "DatasetRequestRequest",
        "OutputRequestRequest",
    ):
        assert bodies[name]["additionalProperties"] is False
