"""Conditions as cuts: exact for every number, whatever its digits."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rules.columns import FALSE, TRUE, UNKNOWN, Events, Index, Place
from rules.columns.cuts import (
    above,
    at_or_above,
    at_or_below,
    below,
    between,
    equal_to,
    none_of,
    one_of,
    other_than,
    outside,
)
from rules.columns.trees import leaf_of

PATHS = pytest.mark.parametrize("few", [0, 1000], ids=["arrays", "plain"])
PLACES = {"own": Place("DEMO:PRICES", "A", "x"), "any": Place("DEMO:PRICES", None, "x")}

numbers = st.one_of(
    st.integers(-3, 3),
    st.integers(-(2**60), 2**60),
    st.decimals(
        allow_nan=False, allow_infinity=False, places=3, min_value=-2, max_value=2
    ),
    st.builds(
        lambda near, digits, hair: near + Decimal(hair).scaleb(-digits),
        st.sampled_from([Decimal("0.1"), Decimal("0.3"), Decimal(2) ** 53, Decimal(0)]),
        st.integers(10, 30),
        st.integers(-3, 3),
    ),
)
lines = st.one_of(
    st.tuples(st.sampled_from([above, at_or_above, below, at_or_below]), numbers),
    st.tuples(st.sampled_from([equal_to, other_than]), numbers),
    st.tuples(st.sampled_from([between, outside]), numbers, numbers),
    st.tuples(st.sampled_from([one_of, none_of]), st.lists(numbers, max_size=4)),
)
HOLDS: dict[object, Callable[..., bool]] = {
    above: lambda value, x: value > x,
    at_or_above: lambda value, x: value >= x,
    below: lambda value, x: value < x,
    at_or_below: lambda value, x: value <= x,
    equal_to: lambda value, x: value == x,
    other_than: lambda value, x: value != x,
    between: lambda value, least, most: least <= value <= most,
    outside: lambda value, least, most: value < least or value > most,
    one_of: lambda value, some: value in some,
    none_of: lambda value, some: value not in some,
}


@PATHS
@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
@given(
    drawn=st.lists(lines, min_size=1, max_size=6),
    values=st.lists(numbers | st.none(), min_size=1, max_size=8),
    nudge=st.sampled_from([Decimal(0), Decimal("1E-25"), Decimal("-1E-25")]),
)
def test_lines_are_true_where_their_operators_hold(drawn, values, nudge, place, few):
    index, truths = Index(few=few), {}
    for rule, (draw, *constants) in enumerate(drawn):
        leaf = leaf_of(place, draw(*constants))
        if leaf is not None and _can_be_told_apart(leaf):
            index.put_tree(rule, leaf)
            truths[rule] = UNKNOWN
    constants = [x for _, *some in drawn for x in some if not isinstance(x, list)]
    values = [*values, *(nudged(x, nudge) for x in constants)]

    found = list(
        index.flips(
            Events("DEMO:PRICES", ["A"] * len(values), [{"x": v} for v in values])
        )
    )

    wanted = []
    for at, value in enumerate(values):
        for rule, last in truths.items():
            draw, *constants = drawn[rule]
            truth = UNKNOWN
            if value is not None:
                truth = TRUE if HOLDS[draw](value, *constants) else FALSE
            if truth != last:
                truths[rule] = truth
                wanted.append((at, rule, truth))
    assert found == wanted


def nudged(number, by):
    """Move a number by a hair, to the last digit."""
    return number if not by else Decimal(f"{Decimal(number):f}").fma(1, by)


def _can_be_told_apart(leaf):
    exact = [(cut.at, cut.kind) for cut in leaf.cuts if cut.exact is not None]
    return len(exact) == len(set(exact))
