"""Tags that every page of the console draws with."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from alerts.models import AlertState, DeliveryStatus, TransitionKind
from datasets.models import JobState, RunState

AT = datetime(2026, 3, 1, 12, 0, 5, tzinfo=UTC)
ALERT = {
    "state": "open",
    "acknowledged_at": None,
    "acknowledged_by": "",
}


def draw(text, **context):
    return Template("{% load console %}" + text).render(Context(context))


def with_cookies(**cookies):
    request = RequestFactory().get("/")
    request.COOKIES.update(cookies)
    return request


@pytest.mark.parametrize("value", [AT, "2026-03-01T12:00:05+00:00"], ids=type)
def test_an_instant_is_readable_without_script(value):
    drawn = draw("{% timestamp value %}", value=value)

    assert 'datetime="2026-03-01T12:00:05+00:00"' in drawn
    assert 'title="2026-03-01 12:00:05 UTC"' in drawn
    assert ">1 Mar 12:00<" in drawn


def test_a_missing_instant_is_said_in_words():
    drawn = draw("{% timestamp value %}", value=None)

    assert ">never<" in drawn
    assert "datetime" not in drawn


@pytest.mark.parametrize(
    "states", [AlertState, TransitionKind, DeliveryStatus, JobState, RunState]
)
def test_every_state_has_its_word_and_shape(states):
    for state in states:
        drawn = draw("{% state value %}", value=state)

        assert f'data-chip="{state}"' in drawn


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({}, "Open"),
        ({"acknowledged_at": "2026-03-01T12:00:05+00:00"}, "Acknowledged"),
        (
            {"acknowledged_at": "x", "acknowledged_by": "<Ana>"},
            "Acknowledged by &lt;Ana&gt;",
        ),
        ({"acknowledged_at": "x", "state": "resolved"}, "Resolved"),
        ({"state": "raised"}, "Raised"),
    ],
    ids=["open", "acknowledged", "by somebody", "over", "a signal"],
)
def test_the_state_of_an_alert_reads(facts, words):
    drawn = draw("{% alert_state alert %}", alert=ALERT | facts)

    assert f"<span>{words}</span>" in drawn


@pytest.mark.parametrize(
    ("cookies", "attributes"),
    [
        ({}, ""),
        ({"theme": "dark"}, ' data-theme="dark"'),
        ({"theme": 'x" onload="x'}, ""),
        ({"rail": "narrow", "density": "compact"}, " data-rail data-density"),
    ],
    ids=["nothing chosen", "a theme", "no theme of ours", "rail and density"],
)
def test_the_page_opens_in_the_look_this_browser_chose(cookies, attributes):
    drawn = draw("{% remembered_look %}", request=with_cookies(**cookies))

    assert drawn.replace('="narrow"', "").replace('="compact"', "") == attributes


def test_modules_are_named_for_import_under_the_nonce_of_the_request():
    request = RequestFactory().get("/")
    setattr(request, "csp_nonce", "n0nce")  # noqa: B010  (the middleware sets it)

    drawn = draw("{% import_map %}", request=request)

    assert drawn.startswith('<script type="importmap" nonce="n0nce">')
    assert '"bellwether/feed.js": "/static/js/feed.js"' in drawn


def test_pages_without_a_build_draw_no_icons(settings, tmp_path):
    settings.BASE_DIR = tmp_path

    assert draw('{% icon "bell" %}') == ""
