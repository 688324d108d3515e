"""Crossings: the vectors of the language, and random walks against the plain rule."""

from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.columns import CROSSED, Events, Index, Place, crossing

PATHS = pytest.mark.parametrize("few", [0, 1000], ids=["arrays", "plain"])
PLACE = Place("DEMO:PRICES", "A", "x")
UP, DOWN = 1, 2


def crossings(values, *, few, threshold=10, sizes=None):
    """Send values of one key; list the events at which rules crossed, up or down."""
    index = Index(few=few)
    for rule in (UP, DOWN, UP | DOWN):
        leaf = crossing(PLACE, threshold, up=bool(rule & UP), down=bool(rule & DOWN))
        assert leaf is not None
        index.put_tree(rule, leaf)
    found, done = [], 0
    for size in sizes or [len(values)]:
        part = values[done : done + size]
        flips = index.flips(
            Events("DEMO:PRICES", ["A"] * len(part), [{"x": one} for one in part])
        )
        assert all(truth in (CROSSED, 0, 2) for _, _, truth in flips)
        told = [
            (done + place, rule) for place, rule, truth in flips if truth == CROSSED
        ]
        assert [place for place, rule in told if rule == 3] == [
            place for place, rule in told if rule != 3
        ]
        found += [one for one in told if one[1] != 3]
        done += size
    assert index.counts(UP).passed == sum(rule == UP for _, rule in found)
    return found


@PATHS
@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        pytest.param([11, 10, 11], [], id="equality keeps the side above"),
        pytest.param([9, 10, 9], [], id="equality keeps the side below"),
        pytest.param([9, 10, 11], [(2, UP)], id="up through equality"),
        pytest.param([11, 10, 10, 9], [(3, DOWN)], id="down through equality"),
        pytest.param([9, 11, 9, 11], [(1, UP), (2, DOWN), (3, UP)], id="to and fro"),
        pytest.param([11], [], id="the first value only sets the side"),
        pytest.param([10, 11], [], id="equality first sets no side"),
        pytest.param([9, None, 11], [(2, UP)], id="null keeps the side"),
        pytest.param([9, "x", 10, None, 11], [(4, UP)], id="other types keep the side"),
        pytest.param(
            [9, Decimal("10.00000000000000000001")], [(1, UP)], id="a hair above"
        ),
    ],
)
def test_crossing_follows_the_vectors(values, wanted, few):
    assert crossings(values, few=few) == wanted


@PATHS
@given(seed=st.integers(0, 2**32))
def test_crossings_of_random_walks_are_those_of_a_remembered_side(seed, few):
    random = Random(seed)
    threshold = random.choice([0, Decimal("0.1"), Decimal("0.10000000000000000001")])
    near = [
        Decimal("0.1"),
        Decimal("0.10000000000000000001"),
        Decimal("0.1000000000000000000100001"),
        Decimal("0.09999999999999999999"),
        Decimal("0.10000000000000002"),
    ]
    pool = [-1, 0, 1, *near] if random.random() < 0.5 else [-1, 0, 1, Decimal("0.1")]
    values = [random.choice([*pool, None, "x"]) for _ in range(25)]
    values = [one if random.random() < 0.9 else random.choice(pool) for one in values]

    found = crossings(values, few=few, threshold=threshold, sizes=[3, 1, 10, 11])

    assert found == remembered(values, threshold)


def remembered(values, threshold):
    """Cross by remembering a side, as the language says it."""
    side, found = None, []
    for place, value in enumerate(values):
        if value is None or isinstance(value, str) or value == threshold:
            continue
        now = value > threshold
        if side is not None and side is not now:
            found.append((place, UP if now else DOWN))
        side = now
    return found
