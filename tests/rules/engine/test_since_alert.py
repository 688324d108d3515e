"""Moves since the last alert: each alert is where the next one begins."""

import pytest

from rules.engine import nearest_miss, same_meaning, to_definition
from tests.rules.engine.lanes import Lane, parsed, signal, state

P = "CORE:STOCK:MSFT:price"


def moved(op: str, by: object) -> dict[str, object]:
    return {"fact": P, "op": op, "by": by, "since": "last_alert"}


UP, FIVE = moved("rise", 5), moved("change", "5%")

CASES = {
    "by-little-steps": (UP, [100, 103, 105, 109, 110], "- - raised - raised"),
    "the-first-value-is-the-first-base": (UP, [100, 104, 105], "- - raised"),
    "falls-in-between-move-no-base": (UP, [100, 50, 104, 105], "- - - raised"),
    "by-a-share-either-way": (
        FIVE,
        [100, 105, 110, 111, 105],
        "- raised - raised raised",
    ),
    "null-is-no-base": (UP, [None, 100, None, 105], "- - - raised"),
    "neither-is-what-is-no-number": (UP, ["a", 100, "b", 105], "- - - raised"),
    "share-of-nothing-is-unknown": (moved("rise", "5%"), [0, 10], "- -"),
    "fall": (moved("fall", 5), [100, 96, 95, 91, 90], "- - raised - raised"),
}


@pytest.mark.parametrize(
    ("when", "prices", "happened"), CASES.values(), ids=CASES.keys()
)
def test_move_begins_at_the_last_alert(when, prices, happened):
    lane = Lane()
    lane.put(signal(when))

    assert lane.prices(*prices) == happened.split()


def test_what_is_only_counted_is_no_alert():
    lane = Lane()
    lane.put(signal(UP, outputs=[{"output": "mail", "at_most_every": "10s"}]))

    assert lane.prices(100, 105, 110, 111, every=1) == ["-", "raised", "-", "-"]
    assert len(lane.send({"price": 110}, second=11)) == 1


def test_any_condition_of_the_rule_begins_anew_with_its_alert():
    lane = Lane()
    lane.put(signal({"any": [UP, {"fact": P, "op": "changed_to", "value": 50}]}))

    assert lane.prices(100, 50, 54, 55) == ["-", "raised", "-", "raised"]


def test_state_begins_anew_where_its_alert_opened():
    lane = Lane()
    lane.put(state(UP, recover={"when": {"fact": P, "op": "fall", "by": 1}}))

    assert lane.prices(100, 105, 120, 119, 109, 110) == [
        *("-", "opened", "-", "resolved"),
        # Of the next alert the last one is still the beginning: 105.
        *("-", "opened"),
    ]


def test_each_key_has_a_base_of_its_own():
    lane = Lane()
    lane.put(signal({**UP, "fact": "CORE:STOCK:*:price"}))
    for key, price in (("A", 100), ("B", 200), ("A", 105)):
        lane.send({"price": price}, key=key)

    assert lane.send({"price": 204}, key="B", second=1) == ()
    assert len(lane.send({"price": 205}, key="B", second=1)) == 1


def test_reason_and_nearest_miss_speak_of_the_last_alert():
    lane = Lane()
    lane.put(signal({"any": [UP, {"fact": P, "op": "is_present"}]}))
    lane.send({"price": 90})
    lane.send({"price": 100}, second=1)
    (found,) = lane.send({"price": 104}, second=2)
    verdict = found.verdict.members[0]  # type: ignore[union-attr]

    assert verdict.reason == (
        "price went from 100 to 104, not up by at least 5 since the last alert"
    )
    miss = nearest_miss(verdict, {})
    assert miss is not None
    assert miss.sentence == "Fires with price at or above 105, was 104."


def test_definition_is_written_as_it_was_read():
    written = to_definition(parsed(signal(UP)))

    assert written["when"] == {"fact": 0, "op": "rise", "by": 5, "since": "last_alert"}
    assert to_definition(parsed(written)) == written
    plain = signal({"fact": P, "op": "rise", "by": 5})
    assert not same_meaning(parsed(signal(UP)), parsed(plain))
