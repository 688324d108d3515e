"""One trace from a request to its delivery, whichever process does which part."""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_django.fixtures import Settings

from alerts.models import Delivery
from alerts.services import send_due
from config import env, tracing
from config.spans import OtelSpans
from datasets.models import Dataset
from tests.datasets.api.door import Asked, Door
from tests.factories import TokenFactory
from tests.installations import ROOT
from tests.receivers import Receiver, Reply
from tests.story.lane import drain, price, send
from tests.story.sending import tell, webhook
from workspaces.access import Access

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def written(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> InMemorySpanExporter:
    """What is written by processes each of which has a provider of its own."""
    settings.BELLWETHER_TRACES = "otlp"
    memory = InMemorySpanExporter()
    monkeypatch.setattr(
        tracing, "collector", lambda: OtelSpans(SimpleSpanProcessor(memory))
    )
    return memory


def said(one: ReadableSpan, name: str) -> object:
    """Return an attribute of a span."""
    return (one.attributes or {})[f"bellwether.{name}"]


def spans_of(written: InMemorySpanExporter, batch_id: int) -> list[ReadableSpan]:
    found = written.get_finished_spans()
    return [one for one in found if said(one, "batch") == batch_id]


def test_an_event_has_one_trace_all_the_way(
    access: Access, prices: Dataset, sink: Receiver, written: InMemorySpanExporter
) -> None:
    output = webhook(access, sink)
    tell(access, prices, output)
    batch_id = send(prices, price(300), at=120)
    drain(prices)
    sink.replies["/hook"] = Reply(status=503)
    for _ in range(2):
        send_due(output_id=output.pk)

    spans = spans_of(written, batch_id)

    root, *below = sorted(spans, key=lambda one: one.parent is not None)
    assert root.name == "accept"
    assert {one.name for one in below} == {"commit", "judge", "deliver"}
    assert {one.context.trace_id for one in spans} == {root.context.trace_id}
    parents = {one.parent.span_id for one in below if one.parent is not None}
    assert parents == {root.context.span_id}
    assert len({one.context.span_id for one in spans}) == len(spans)
    (judged,) = [one for one in below if one.name == "judge"]
    assert [event.name for event in judged.events] == ["raised"]
    tries = [one for one in below if one.name == "deliver"]
    delivery = Delivery.objects.latest("transition")
    assert {said(one, "delivery") for one in tries} == {str(delivery.pk)}
    assert {one.status.is_ok for one in tries} == {False}


def test_two_batches_have_two_traces(
    access: Access, prices: Dataset, written: InMemorySpanExporter
) -> None:
    ids = [send(prices, price(300)) for _ in range(2)]
    drain(prices)

    traces = {one.context.trace_id for batch in ids for one in spans_of(written, batch)}
    assert len(traces) == 2


class Undone(Exception):
    """Ends a transaction without a commit."""


def test_nothing_is_told_of_what_was_rolled_back(
    prices: Dataset, written: InMemorySpanExporter
) -> None:
    with suppress(Undone), transaction.atomic():
        send(prices, price(300))
        raise Undone

    assert written.get_finished_spans() == ()


def test_a_request_begins_its_trace_with_the_commit_that_it_shared(
    prices: Dataset, written: InMemorySpanExporter
) -> None:
    _, token = TokenFactory.with_text(workspace=prices.workspace)
    asked = Asked(
        path="/api/v1/workspaces/DEMO/datasets/PRICES/records",
        body=b'[{"symbol": "MSFT", "price": 300}, {"symbol": "AAPL"}]',
        headers={
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
        },
    )

    (told,) = Door().ask(asked)

    assert told.status == 202
    accepted, commit = sorted(
        spans_of(written, int(told.body["batch"])), key=lambda one: one.name
    )
    assert (accepted.name, commit.name) == ("accept", "commit")
    assert said(accepted, "events") == 2
    assert said(commit, "shared_with") == 0
    assert accepted.end_time == commit.end_time


def test_without_tracing_nothing_of_it_is_loaded() -> None:
    program = (
        "import django, sys; django.setup(); import config.asgi, alerts.pipeline;"
        "print('config.tracing' in sys.modules, 'config.spans' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={"DJANGO_SETTINGS_MODULE": "config.settings.test", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ran.stdout == "True False\n"


def test_a_missing_library_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_TRACES", "otlp")
    known = ("off", "otlp")

    assert env.library("BELLWETHER_TRACES", known, module="opentelemetry") == "otlp"
    with pytest.raises(ImproperlyConfigured, match=r"requirements/traces\.txt"):
        env.library("BELLWETHER_TRACES", known, module="no_such_library")
