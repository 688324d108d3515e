"""Events that come in another order than they happened (promise R15)."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.rules.engine.lanes import state
from tests.rules.engine.test_tumbling import AT_CLOSE, OTHER, each
from tests.rules.engine.test_windows import told

#: As a dataset allows by default: who comes later than that is late.
LATENESS_SECONDS = 60
#: Orders in which each rule is judged.
ORDERS = int(os.environ.get("BELLWETHER_ORDERS", "25"))
#: An event after which every window of the others is final.
END = (1_000, OTHER)

WAITING = {
    "average": state(each("avg", "gt", 50)),
    "average-below": state(each("avg", "lte", 20)),
    "sum-below": state(each("sum", "lt", 100)),
    "highest-below": state(each("max", "lt", 80)),
    "lowest-above": state(each("min", "gt", 10)),
    "sum-at-close": state(each("sum", "gte", 100), **AT_CLOSE),
    "count-at-close": state(each("count", "gt", 1), **AT_CLOSE),
}

arrivals = st.lists(
    st.tuples(
        st.integers(0, 400), st.integers(0, 100), st.integers(0, LATENESS_SECONDS)
    ),
    max_size=12,
    unique_by=lambda event: event[0],
)


@pytest.mark.parametrize("definition", WAITING.values(), ids=WAITING)
@given(arrivals)
@settings(max_examples=ORDERS, deadline=None)
def test_windows_come_out_alike_in_every_order_within_the_lateness(definition, events):
    """Each event comes up to a minute after its time, and others before it."""
    happened = sorted(events)
    came = sorted(events, key=lambda event: event[0] + event[2])

    in_order, as_they_came = (
        told(definition, *((at, value) for at, value, _ in some), END)
        for some in (happened, came)
    )

    assert as_they_came == in_order
