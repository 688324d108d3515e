"""Log lines say what they are about."""

from __future__ import annotations

import json
import logging

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env
from config.logs import JsonFormatter, PlainFormatter


def record(**added: object) -> logging.LogRecord:
    """Give a record as `extra` makes it."""
    made = logging.LogRecord(
        "datasets", logging.WARNING, "", 1, "no %s", ("run",), None
    )
    made.__dict__.update(added)
    return made


def test_a_line_for_people_ends_with_what_it_is_about() -> None:
    line = PlainFormatter().format(record(run=7, lane=3))

    assert line.endswith("WARNING datasets: no run (run=7, lane=3)")


def test_a_line_for_people_without_more_ends_with_the_message() -> None:
    assert PlainFormatter().format(record()).endswith("WARNING datasets: no run")


def test_what_others_have_named_begins_no_line_for_people() -> None:
    line = PlainFormatter().format(record(token="till\r\n2026-03-01 ERROR bellwether"))

    assert line.endswith(r"(token=till\r\n2026-03-01 ERROR bellwether)")


def test_of_several_ids_each_stands_in_the_list() -> None:
    said = json.loads(JsonFormatter().format(record(batch=[41, 42])))

    assert said["batch"] == ["41", "42"]
    assert PlainFormatter().format(record(batch=[41, 42])).endswith("(batch=[41, 42])")


def test_a_line_as_json_has_it_by_name() -> None:
    said = json.loads(JsonFormatter().format(record(run=7, status_code=404)))

    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "WARNING",
        "logger": "datasets",
        "message": "no run",
        "run": "7",
        "status_code": "404",
    }


def test_what_was_added_does_not_take_the_place_of_the_message() -> None:
    said = json.loads(JsonFormatter().format(record(level="x", time="y")))

    assert said["level"] == "WARNING"
    assert said["time"] != "y"


def test_an_exception_is_told_with_its_trace() -> None:
    made = record()
    try:
        float("broken")
    except ValueError as error:
        made.exc_info = (type(error), error, error.__traceback__)

    said = json.loads(JsonFormatter().format(made))

    assert "ValueError: could not convert" in said["exception"]


@pytest.mark.parametrize(("said", "chosen"), [("", "plain"), ("JSON", "json")])
def test_the_form_is_chosen_by_a_word(
    monkeypatch: pytest.MonkeyPatch, said: str, chosen: str
) -> None:
    monkeypatch.setenv("BELLWETHER_LOG_FORMAT", said)

    assert env.choice("BELLWETHER_LOG_FORMAT", ("plain", "json")) == chosen


def test_another_word_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLWETHER_LOG_FORMAT", "xml")

    with pytest.raises(ImproperlyConfigured, match="write plain or json"):
        env.choice("BELLWETHER_LOG_FORMAT", ("plain", "json"))
