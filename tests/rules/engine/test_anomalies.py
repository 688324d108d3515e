"""What is unusual beside the values before: what is kept of it, and what is said."""

from decimal import Decimal
from random import Random
from statistics import median

import pytest

from rules.engine import Instance, Value, nearest_miss
from rules.engine.ranks import Ranks
from tests.rules.engine.lanes import Lane, signal, state

P = "CORE:STOCK:MSFT:price"
OTHER = {"fact": "CORE:STOCK:MSFT:other", "op": "eq", "value": 1}


def unusual(**members: object) -> dict[str, object]:
    """Ask whether a price lies 3 deviations off the last five, once there are 3."""
    over = {"last": 5, "at_least": 3}
    return {"fact": P, "op": "anomaly", "over": over, "value": 3, **members}


def reason(condition: dict[str, object], *prices: Value) -> str:
    """Send prices; give what is said of the last."""
    lane = Lane()
    lane.put(signal({"any": [condition, ALWAYS]}))
    told = [lane.send({"price": one}, second=60 * at) for at, one in enumerate(prices)]
    verdict = told[-1][0].verdict
    assert verdict is not None
    (asked, _) = verdict.members  # type: ignore[union-attr] # it is a group
    return asked.reason


ALWAYS = {"fact": P, "op": "is_missing", "of_last": {"at_least": 1, "of": 100}}
SAID: dict[str, tuple[dict[str, object], list[Value], str]] = {
    "high": (
        unusual(),
        [None, 10, 11, 12, Decimal("16.50")],
        (
            "price is 16.50, unusual: 3.71 robust deviations above 11, the median"
            " of the 3 values before it (the band is 6.5522 to 15.4478)"
        ),
    ),
    "usual": (
        unusual(direction="above"),
        [None, 10, 11, 12, 9],
        (
            "price is 9, not unusually high: 1.35 robust deviations below 11, the"
            " median of the 3 values before it (the band is 6.5522 to 15.4478)"
        ),
    ),
    "too-few": (
        unusual(),
        [None, 10, 11],
        (
            "price is 11, which cannot be called unusual or not: 1 value came"
            " before it, 3 are wanted"
        ),
    ),
    "no-spread": (
        unusual(),
        [None, 5, 5, 5, 6],
        (
            "price is 6, which cannot be called unusual or not: most of the 3"
            " values before it are 5"
        ),
    ),
    "no-spread-and-far": (
        unusual(by=2, direction="below"),
        [None, 5, 5, 5, 1],
        (
            "price is 1, unusually low: 4 below 5, the median of the 3 values"
            " before it (the band is 3 to 7)"
        ),
    ),
    "no-share-of-nothing": (
        unusual(by="5%"),
        [None, -1, 0, 1, 6],
        (
            "price is 6, which cannot be called unusual or not: no share can be"
            " told of 0, the median of the values before"
        ),
    ),
    "nothing": (unusual(), [None, 5, None], "price has no value"),
}


@pytest.mark.parametrize(
    ("condition", "prices", "wanted"), SAID.values(), ids=SAID.keys()
)
def test_reason_says_band_score_or_doubt(condition, prices, wanted):
    assert reason(condition, *prices) == wanted


def test_verdict_has_the_band_with_all_digits():
    lane = Lane()
    lane.put(signal(unusual(direction="above")))
    for second, price in enumerate([10, 11, 12]):
        lane.send({"price": price}, second=second)

    (raised,) = lane.send({"price": 17}, second=9)

    assert raised.verdict is not None
    told = raised.verdict.to_json()
    assert told["band"] == {
        "count": 3,
        "low": Decimal("6.5522"),
        "centre": Decimal(11),
        "high": Decimal("15.4478"),
        "score": Decimal("4.046944556859571023876972885471469"),
    }
    assert (told["wanted"], told["direction"]) == (3, "above")
    assert told["margin"] == Decimal("1.5522")


def test_alert_goes_on_until_the_next_value_that_is_usual():
    """Events without the fact, and time, leave what was said of the last value."""
    lane = Lane()
    lane.put(state({"any": [unusual(over={"length": "30s", "at_least": 3}), OTHER]}))
    lane.prices(10, 11, 12)

    opened = lane.send({"price": 99}, second=10)
    unmoved = lane.send({"other": 0}, second=3_600)
    resolved = lane.send({"price": 11}, second=15)
    assert [str(one.kind) for one in (*opened, *unmoved)] == ["opened"]
    assert not resolved  # it came late, and was not seen

    assert not lane.send({"price": 11}, second=3_601)
    (instance,) = lane.state.instances.values()
    assert instance.is_open  # too few came before this one: that is unknown


def test_value_that_runs_nothing_is_what_the_next_run_is_told_of():
    lane = Lane()
    lane.put(state({"any": [unusual(), OTHER]}))
    lane.prices(10, 11, 12)
    lane.send({"price": 99}, second=10, raises=False)

    told = lane.send({"other": 0}, second=11)

    assert [str(one.kind) for one in told] == ["opened"]


def test_value_that_does_not_stay_is_in_no_baseline():
    lane = Lane()
    lane.put(state(unusual()))
    lane.prices(10, 11, 12)

    seen = lane.send({"price": 99}, second=10, moves_facts=False)
    (instance,) = lane.state.instances.values()
    (node,) = instance.to_json()["nodes"].values()  # type: ignore[attr-defined] # it is an object

    assert [str(one.kind) for one in seen] == ["opened"]
    assert node["values"] == ["10", "11", "12"]


def test_baseline_is_remembered_as_json():
    lane = Lane()
    lane.put(signal(unusual()))
    lane.prices(12, 10, Decimal("11.0"), 13)

    (instance,) = lane.state.instances.values()
    written = instance.to_json()

    again = Instance.from_json(written)
    assert again.to_json() == written
    (node,) = written["nodes"].values()  # type: ignore[attr-defined] # it is an object
    assert node["baseline"] == {
        "count": 3,
        "centre": "11.0",
        "deviation": "1.4826",
        "is_whole": True,
    }


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({}, "Fires with price above 15.4478, was 14."),
        ({"direction": "below"}, "Fires with price below 6.5522, was 14."),
        ({"by": 9}, "Fires with price above 20, was 14."),
    ],
)
def test_nearest_miss_is_the_end_of_the_band(members, sentence):
    lane = Lane()
    lane.put(signal({"any": [unusual(**members), ALWAYS]}))
    lane.prices(None, 10, 11, 12)

    (raised,) = lane.send({"price": 14}, second=70)

    assert raised.verdict is not None
    (asked, _) = raised.verdict.members  # type: ignore[union-attr] # it is a group
    miss = nearest_miss(asked, {})
    assert miss is not None
    assert miss.sentence == sentence
    moved = Lane()
    moved.put(signal(unusual(**members)))
    moved.prices(10, 11, 12)
    assert moved.send({"price": miss.misses[0].value}, second=70)


def test_ranks_know_the_middle_and_the_spread_of_any_numbers():
    random = Random(7)
    for _ in range(200):
        numbers = [
            Decimal(random.randint(-9, 9)) / random.choice([1, 2])
            for _ in range(random.randint(1, 40))
        ]
        gone = random.sample(numbers, random.randrange(len(numbers)))
        ranks = Ranks()
        for number in numbers:
            ranks = ranks.put(number)

        left = ranks.without(gone)

        assert sorted(numbers) == list(ranks.values)
        known = list(left.values)
        assert sorted([*known, *gone]) == sorted(numbers)
        centre = median(known)
        assert left.median() == centre
        assert left.deviation(centre) == median(abs(one - centre) for one in known)
