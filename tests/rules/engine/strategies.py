"""Random rules and random histories, in a universe small enough for them to meet."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from hypothesis import strategies as st

from rules.engine import Value
from tests.rules.engine.reference.reading import (
    all_conditions,
    conditions_of,
    facts_of,
    split,
)

SERIES = ("CORE:STOCK", "CORE:STOCK", "CORE:STOCK", "DEMO:ORDERS")
KEYS = ("A", "B")
FIELDS = ("x", "y")
TIMES = ("2026-03-02", "2026-03-02T14:31:00+00:00", "2026-03-03T09:30:00+02:00")
MODIFIERS = {"held", "times", "of_last"}
WORDS = ("", "a", "A", "é", "e\u0301", "abc", *TIMES)


def workable(definition: dict[str, Any]) -> dict[str, Any]:
    """Change a definition so that every event is heard and no end lies wrong."""
    mended = {**definition}
    if may_end_early(definition):
        del mended["recover"]
    if waits_for_nothing(definition):
        raising = {**definition["raise"]}
        del raising["mode"]
        mended["raise"] = raising
    if any(fact[1] == "*" for fact in facts_of(mended)):
        for condition in all_conditions(mended):
            if condition["op"] == "silent" or {"over", "within"} & condition.keys():
                series, _, field = split(condition["fact"])
                condition["fact"] = f"{series}:*:{field}"
    return mended


def waits_for_nothing(definition: Mapping[str, Any]) -> bool:
    """Tell whether a rule raises when a window closes, and asks about none."""
    shapes = {
        one.get("over", {}).get("window") for one in conditions_of(definition["when"])
    }
    mode = definition.get("raise", {}).get("mode")
    return mode == "on_window_close" and "tumbling" not in shapes


def may_end_early(definition: Mapping[str, Any]) -> bool:
    """Tell whether a rule has a bound of its own to end by, which may lie wrong."""
    bounds = {"gt", "gte", "lt", "lte", ">", ">=", "<", "<="}
    recover = definition.get("recover", {}).get("when")
    return recover is not None and any(
        one["op"] in bounds and not isinstance(one["value"], dict)
        for one in conditions_of(recover)
    )


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
    numbers,
    st.booleans(),
    st.none(),
    st.sampled_from(WORDS),
    st.sampled_from([[1], [True, "a"], [], {"a": 1}, {}]),
)
values = numbers | numbers | numbers | anything


def is_comparable(value: object) -> bool:
    """Tell whether a constant may have this value."""
    return value is not None and not isinstance(value, list | dict)


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


def asked(*operators: str, **members: Any) -> st.SearchStrategy[Any]:
    """Ask something of a fact; ``value`` and the like are strategies."""
    return st.fixed_dictionaries(
        {"fact": facts, "op": st.sampled_from(operators), **members}
    )


reckoned = st.fixed_dictionaries(
    {"fact": facts},
    optional={
        "times": st.sampled_from([2, Decimal("0.5"), -1]),
        "plus": st.sampled_from([1, Decimal("-0.5")]),
    },
)
words = st.sampled_from(WORDS)
ranges = st.lists(numbers, min_size=2, max_size=2).map(sorted)
some_numbers = st.lists(numbers, min_size=1, max_size=3)
some_words = st.lists(words, min_size=1, max_size=3)
times = st.sampled_from(TIMES)
days = st.sampled_from([["mon"], ["mon", "tue"], ["sun"]])
hours = st.sampled_from([["09:00", "15:00"], ["22:00", "08:00"], ["00:00", "00:01"]])
fold = st.booleans()
static = st.one_of(
    asked("between", "outside", value=ranges | st.just([TIMES[0], TIMES[1]])),
    asked("in", "nin", value=some_numbers),
    asked("in", "nin", value=some_words, ignore_case=fold),
    asked("gt", "gte", "lt", "lte", "eq", "ne", value=reckoned),
    asked("eq", "ne", value=words, ignore_case=fold),
    asked(
        "contains",
        "not_contains",
        "starts_with",
        "ends_with",
        value=words,
        ignore_case=fold,
    ),
    asked("matches", value=st.sampled_from(["a", "^a", "b$", "^$", "[a-c]+"])),
    asked("empty", "not_empty", "is_missing", "is_present", "is_absent"),
    asked("contains_any", "contains_all", "contains_none", value=some_numbers),
    asked("has_at_least", value=st.integers(1, 2)),
    asked("has_key", value=st.sampled_from(["a", "b"])),
    asked("before", "after", value=times),
    asked("within_last", "more_than_ago", value=st.sampled_from(["1m", "1d"])),
    asked("day_of_week", value=days),
    asked("time_of_day", value=hours),
)
amounts = st.sampled_from([1, Decimal("0.5"), "50%", "100 %"])
moves = st.one_of(
    asked("cross_up", "cross_down", "cross", value=numbers | numbers | reckoned),
    asked("rise", "fall", "change", by=amounts),
    asked("rise", "fall", "change", by=amounts, since=st.just("last_alert")),
    asked("changed", "becomes_true", "becomes_false"),
    asked("changed_to", value=numbers | words),
)
takes = st.sampled_from(
    [
        *("avg", "min", "max", "sum", "count", "count"),
        *("stddev", "first", "last", "change", "distinct"),
    ]
)
lengths = st.sampled_from(["10s", "30s", "70s"])
overs = st.one_of(
    st.fixed_dictionaries({"take": takes, "length": lengths}),
    st.fixed_dictionaries(
        {"take": takes, "length": lengths, "window": st.just("sliding")}
    ),
    st.fixed_dictionaries({"take": takes, "last": st.integers(1, 4)}),
    st.fixed_dictionaries(
        {"take": takes, "length": lengths, "window": st.just("tumbling")}
    ),
)
windowed = st.one_of(
    asked(
        *("gt", "gte", "lt", "lte", "eq", "ne", "cross_up", "cross"),
        over=overs,
        value=numbers | numbers | reckoned,
    ),
    asked("between", "outside", over=overs, value=ranges),
    asked("rise", "fall", "change", by=amounts, within=lengths),
    asked("new_high", "new_low", within=lengths),
)
least = st.integers(3, 4)
baselines = st.fixed_dictionaries(
    {"length": lengths, "at_least": least}
) | st.fixed_dictionaries({"last": st.integers(4, 6)}, optional={"at_least": least})
anomalies = st.fixed_dictionaries(
    {
        "fact": facts,
        "op": st.just("anomaly"),
        "over": baselines,
        "value": st.sampled_from([1, Decimal("0.5"), 3]),
    },
    optional={
        "direction": st.sampled_from(["above", "below", "either"]),
        "by": amounts,
    },
)
silences = asked("silent", value=st.sampled_from(["10s", "30s", "70s"]))
conditions = st.one_of(
    orderings,
    orderings,
    equalities,
    static,
    moves,
    silences,
    windowed,
    windowed,
    anomalies,
)


spans = st.sampled_from(["5s", "30s", "70s"])
modifiers = st.one_of(
    st.fixed_dictionaries({"held": spans}),
    st.fixed_dictionaries(
        {
            "times": st.fixed_dictionaries(
                {"at_least": st.integers(1, 3), "within": spans}
            )
        }
    ),
    st.sampled_from([(1, 2), (2, 3), (2, 2), (3, 4)]).map(
        lambda pair: {"of_last": {"at_least": pair[0], "of": pair[1]}}
    ),
)


def modified(node: Mapping[str, Any], modifier: Mapping[str, Any]) -> dict[str, Any]:
    """Ask something of a node over time; one that asks already goes into a group."""
    if MODIFIERS & node.keys():
        return {"all": [node], **modifier}
    return {**node, **modifier}


@st.composite  # so that the many strategies inside have a short name
def nodes(draw: st.DrawFn, depth: int = 3) -> Any:  # Any: a tree of dicts
    """Nest groups at most so deep."""
    return draw(_nodes(depth))


@cache
def _nodes(depth: int) -> st.SearchStrategy[Any]:
    if depth == 0:
        return conditions
    inside = nodes(depth - 1)
    members = st.lists(inside, min_size=1, max_size=3)
    return st.one_of(
        conditions,
        st.fixed_dictionaries({"all": members}),
        st.fixed_dictionaries({"any": members}),
        st.fixed_dictionaries({"not": inside}),
        st.builds(modified, inside, modifiers),
        st.fixed_dictionaries(
            {"sequence": st.lists(inside, min_size=2, max_size=3), "within": spans},
            optional={"without": inside},
        ),
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
holds = st.sampled_from(["0s", "5s", "30s", "1m"])
raising = st.one_of(
    st.fixed_dictionaries({"kind": st.just("signal")}),
    st.fixed_dictionaries(
        {
            "kind": st.just("signal"),
            "raise": st.fixed_dictionaries(
                {
                    "mode": st.sampled_from(
                        ["every_match", "on_enter", "once_per_key", "once"]
                    )
                },
                optional={"only_new": st.booleans()},
            ),
        }
    ),
    st.fixed_dictionaries(
        {
            "kind": st.just("signal"),
            "raise": st.fixed_dictionaries(
                {"mode": st.just("again_if_moved"), "again_if_moved": amounts},
                optional={"only_new": st.booleans()},
            ),
        }
    ),
    st.fixed_dictionaries(
        {"kind": st.just("state")},
        optional={
            "raise": st.fixed_dictionaries(
                {"resolved": st.booleans()},
                optional={
                    "mode": st.sampled_from(["on_enter", "on_window_close"]),
                    "remind_every": st.sampled_from(["1m", "90s"]),
                    "again_if_moved": amounts,
                    "only_new": st.booleans(),
                },
            ),
            "hold": holds,
            "recover": st.fixed_dictionaries(
                {}, optional={"when": nodes(1), "hold": holds}
            ),
            "no_data": st.fixed_dictionaries(
                {"after": st.sampled_from(["15s", "60s"])},
                optional={"then": st.sampled_from(["keep", "alert", "resolve"])},
            ),
        },
    ),
)
severities = st.sampled_from(["critical", "warning", "info"])
ladders = st.lists(
    st.fixed_dictionaries({"when": nodes(1), "is": severities}),
    max_size=2,
    unique_by=lambda step: step["is"],
)
definitions = st.builds(
    lambda kind, rest: {**kind, **rest},
    raising,
    st.fixed_dictionaries(
        {"name": st.just("Random"), "when": nodes(), "outputs": outputs},
        optional={
            "include": st.lists(facts, max_size=2),
            "severity": st.sampled_from(["critical", "warning", "info"]),
            "ladder": ladders,
            "active": st.sampled_from(
                [{"hours": "14:30-14:32"}, {"hours": "14:31-14:30"}]
            ),
            "expires_at": st.just("2026-03-02T14:33:00+00:00"),
        },
    ),
).map(workable)


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
