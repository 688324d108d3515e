"""Which keys columns leave to the engine, and when they leave it all of them."""

from datetime import timedelta
from typing import Any

import pytest

from rules.columns.history import History, question_of
from rules.engine import Event, Position, parse_definition
from tests.rules.columns.random_rules import SERIES
from tests.rules.columns.test_history import START, gather
from tests.rules.engine.lanes import signal

AVERAGE: dict[str, Any] = {
    "op": "gt",
    "value": 1,
    "over": {"take": "avg", "length": "1h"},
}
FALL = {"x": 1, "back": 5}


def history(*happenings: dict[str, Any]) -> History:
    """Send four calm events under A, and some under B."""
    sent = [*({"x": 1, "key": "A"} for _ in range(4)), *happenings]
    events = []
    for place, one in enumerate(sent):
        back = timedelta(seconds=one.get("back", 0))
        events.append(
            Event(
                series=SERIES,
                key=one.get("key", "B"),
                fields={"x": one["x"]},
                at=START + timedelta(seconds=place) - back,
                position=Position(seq=place + 1, ord=0),
                raises=one.get("raises", True),
            )
        )
    return History(gather(events))


@pytest.mark.parametrize(
    ("condition", "happenings", "apart"),
    [
        (AVERAGE, [{"x": 1}, {"x": 2}], []),
        (AVERAGE, [{"x": 1}, FALL], ["B"]),
        (AVERAGE, [{"x": 1}, {"x": 1, "back": 90}], []),
        (AVERAGE, [{"x": "one"}], ["B"]),
        (AVERAGE, [{"x": 2**70 + 1}], ["B"]),
        (AVERAGE, [{"x": 1, "raises": False}], ["B"]),
        ({"op": "rise", "by": 1}, [{"x": 1}, FALL], []),
        ({"op": "rise", "by": 1}, [{"x": 2**70 + 1}], ["B"]),
        ({"op": "gt", "value": 1}, [{"x": "one"}, FALL], []),
    ],
    ids=[
        "calm",
        "times fall",
        "too late to count",
        "a text",
        "many digits",
        "quiet",
        "a move goes by places",
        "a move of many digits",
        "a plain condition bears all",
    ],
)
def test_what_a_rule_cannot_bear_sets_its_key_apart(
    condition: dict[str, Any], happenings: list[dict[str, Any]], apart: list[str]
) -> None:
    when = {"fact": f"{SERIES}:*:x", **condition}
    question = question_of(parse_definition(signal(when), workspace="DEMO"))
    assert question is not None

    parting = history(*happenings).parted(question, None)

    assert parting is not None
    assert [*parting.apart] == apart
    assert parting.events_apart == (len(happenings) if apart else 0)
    assert parting.history.answer(question, None) is not None
    assert parting.history.span(None, None, None).events == 4 + len(happenings)


def test_too_many_events_apart_leave_all_to_the_engine_but_a_named_key() -> None:
    when = {"fact": f"{SERIES}:*:x", **AVERAGE}
    question = question_of(parse_definition(signal(when), workspace="DEMO"))
    assert question is not None
    two = history({"x": 1}, FALL)

    assert two.parted(question, "A") is not None
    assert two.parted(question, "B") is None
    assert history({"x": 1}, {"x": 1}, FALL).parted(question, None) is None
