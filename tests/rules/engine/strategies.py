"""Random rules and random histories, in a universe small enough for them to meet."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from rules.engine import Value

SERIES = ("CORE:STOCK", "CORE:STOCK", "CORE:STOCK", "DEMO:ORDERS")
KEYS = ("A", "B")
FIELDS = ("x", "y")
WORDS = ("", "a", "A", "é", "e\u0301")

facts = st.builds(
    "{}:{}:{}".format,
    st.sampled_from(SERIES),
    st.sampled_from((*KEYS, "*", "*")),
    st.sampled_from(FIELDS),
)
numbers = st.one_of(
    st.integers(-2, 2),
    st.sampled_from(
        [Decimal("0.1"), Decimal("1.0"), Decimal("-2.50"), Decimal("1E+1")]
    ),
)
anything = st.one_of(
    numbers, st.booleans(), st.none(), st.sampled_from(WORDS), st.just([1])
)
values = numbers | numbers | numbers | anything


def is_comparable(value: object) -> bool:
    """Tell whether a constant may have this value."""
    return value is not None and not isinstance(value, list)


other_facts = st.fixed_dictionaries({"fact": facts})
orderings = st.fixed_dictionaries(
    {
        "fact": facts,
        "op": st.sampled_from(["gt", "gte", "lt", "lte", ">", ">=", "<", "<="]),
        "value": numbers | other_facts,
    }
)
equalities = st.fixed_dictionaries(
    {
        "fact": facts,
        "op": st.sampled_from(["eq", "ne", "==", "!=", "<>", "="]),
        "value": numbers | numbers | anything.filter(is_comparable) | other_facts,
    }
)
conditions = orderings | orderings | equalities


def nodes(depth: int = 3) -> st.SearchStrategy[Any]:  # Any: a tree of dicts
    """Nest groups at most so deep."""
    if depth == 0:
        return conditions
    inside = nodes(depth - 1)
    members = st.lists(inside, min_size=1, max_size=3)
    return st.one_of(
        conditions,
        st.fixed_dictionaries({"all": members}),
        st.fixed_dictionaries({"any": members}),
        st.fixed_dictionaries({"not": inside}),
    )


cool_downs = st.sampled_from([0, "5s", 30, "1m", Decimal("0.5")])
outputs = st.lists(
    st.fixed_dictionaries(
        {"output": st.sampled_from(["mail", "hook", "chat"])},
        optional={"at_most_every": cool_downs},
    ),
    max_size=3,
    unique_by=lambda output: output["output"],
)
raising = st.one_of(
    st.fixed_dictionaries({"kind": st.just("signal")}),
    st.fixed_dictionaries(
        {
            "kind": st.just("signal"),
            "raise": st.fixed_dictionaries(
                {"mode": st.sampled_from(["every_match", "on_enter"])}
            ),
        }
    ),
    st.fixed_dictionaries(
        {"kind": st.just("state")},
        optional={"raise": st.fixed_dictionaries({"resolved": st.booleans()})},
    ),
)
definitions = st.builds(
    lambda kind, rest: {**kind, **rest},
    raising,
    st.fixed_dictionaries(
        {"name": st.just("Random"), "when": nodes(), "outputs": outputs},
        optional={
            "include": st.lists(facts, max_size=2),
            "severity": st.sampled_from(["critical", "warning", "info"]),
        },
    ),
)


@dataclass(frozen=True)
class Sent:
    """An event that is sent, ``seconds`` after the one before."""

    series: str
    key: str
    fields: dict[str, Value]
    seconds: int
    raises: bool
    moves_facts: bool


mostly = st.sampled_from([True, True, True, True, False])
sent = st.builds(
    Sent,
    series=st.sampled_from(SERIES),
    key=st.sampled_from(KEYS),
    fields=st.fixed_dictionaries({"x": values, "y": values})
    | st.dictionaries(st.sampled_from((*FIELDS, "unread")), values, max_size=2),
    seconds=st.sampled_from([0, 1, 5, 20, 40, 70, -1, -20, -50, -90]),
    raises=mostly,
    moves_facts=mostly,
)


@dataclass(frozen=True)
class Put:
    """A rule is turned on, or its outputs are edited."""

    rule_id: int
    definition: dict[str, object]


@dataclass(frozen=True)
class Remove:
    """A rule is turned off."""

    rule_id: int


rule_ids = st.integers(1, 2)
changes = st.one_of(st.builds(Put, rule_ids, definitions), st.builds(Remove, rule_ids))
histories = st.lists(sent, min_size=10, max_size=30)
troubled_histories = st.lists(
    sent | sent | sent | sent | changes, min_size=10, max_size=30
)
