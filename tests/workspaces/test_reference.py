"""The API's reference, under the same policy as every page."""

from __future__ import annotations

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


def operations() -> dict[str, tuple[str, str]]:
    """Return method and path of each call of the document, by its name."""
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})
    return {
        call["operationId"]: (method.upper(), path)
        for path, calls in answer.json()["paths"].items()
        for method, call in calls.items()
    }


def test_reference_is_there_for_everybody_and_loads_only_our_own_files() -> None:
    page = Client().get("/api/docs")

    html = page.content.decode()
    addresses = re.findall(r'<(?:script|link)[^>]*(?:src|href)="([^"]+)"', html)
    assert page.status_code == 200
    assert not re.search(r"<script(?![^>]*(?:src=|importmap))", html)
    assert addresses
    assert all(address.startswith("/") for address in addresses)


def test_reference_shows_every_call_of_the_document() -> None:
    html = Client().get("/api/docs").content.decode()

    listed = dict(
        re.findall(r'data-operation="(\w+)".*?<pre[^>]*>(curl.*?)\n', html, re.DOTALL)
    )
    assert listed.keys() == operations().keys()
    for name, (method, path) in operations().items():
        address = re.sub(r"{(\w+)}", lambda found: found[1].upper(), path)
        assert f"http://testserver{address}" in listed[name]
        assert (method == "GET") == ("-X" not in listed[name])
        assert f'href="#{name}"' in html


def test_links_within_the_reference_lead_to_places_on_it() -> None:
    html = Client().get("/api/docs").content.decode()

    places = re.findall(r'\bid="([^"]+)"', html)
    assert len(places) == len(set(places))
    assert {*re.findall(r'href="#([^"]+)"', html)} <= {*places}


def test_reference_changes_nothing_and_takes_no_other_method() -> None:
    assert Client().post("/api/docs").status_code == 405


def test_calls_are_sorted_by_what_they_are_about() -> None:
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})

    paths = answer.json()["paths"]
    below = "/api/v1/workspaces/{workspace}"
    assert paths["/api/v1/workspaces"]["get"]["tags"] == ["workspaces"]
    assert paths[below]["get"]["tags"] == ["workspaces"]
    assert paths[f"{below}/rules/{{rule}}/versions"]["get"]["tags"] == ["rules"]


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
