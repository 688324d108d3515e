"""Definitions that are refused: each with the code, and the place, of its problem."""

import re
from decimal import Decimal

import pytest

from rules.engine import DefinitionInvalid, parse_definition

GOOD = {
    "kind": "signal",
    "name": "Shopify under a threshold",
    "watch": {"facts": ["CORE:STOCK:SHOP:latestPrice"]},
    "when": {"all": [{"fact": 0, "op": "lte", "value": 310}]},
    "outputs": [{"output": "email-me", "at_most_every": "60s"}],
}
CONDITION = {"fact": 0, "op": "lte", "value": 310}


def given(**members):
    """Change members of a good definition; ``None`` takes one away."""
    changed = {**GOOD, **members}
    return {name: value for name, value in changed.items() if value is not None}


def when(**members):
    """Change members of the one condition of a good definition."""
    return given(when={"all": [{**CONDITION, **members}]})


def moving(by):
    """Ask how far the one fact moved."""
    return given(when={"all": [{"fact": 0, "op": "rise", "by": by}]})


def without(name):
    """Take a member of the one condition away."""
    return given(
        when={"all": [{one: v for one, v in CONDITION.items() if one != name}]}
    )


def watching(*facts):
    """Watch other facts."""
    return given(watch={"facts": list(facts)})


def output(**members):
    """Change the one output."""
    return given(outputs=[{"output": "email-me", **members}])


def nested(depth):
    """Nest a condition so deep in groups."""
    node = CONDITION
    for place in range(depth):
        node = {"not": node} if place % 2 else {"all": [node]}
    return node


AT = "/when/all/0"
INVALID = {
    "not-an-object": ([], "", "wrong_type"),
    "unknown-member": (given(colour="red"), "/colour", "unknown_member"),
    "pointer-is-escaped": (given(**{"a/b~c": 1}), "/a~1b~0c", "unknown_member"),
    "missing-name": (given(name=None), "", "missing"),
    "blank-name": (given(name="  "), "/name", "blank"),
    "name-of-two-lines": (given(name="a\nb"), "/name", "bad_text"),
    "name-with-nul": (given(name="a\x00"), "/name", "bad_text"),
    "name-with-half-a-pair": (given(name="\ud800"), "/name", "bad_text"),
    "name-too-long": (given(name="n" * 201), "/name", "too_long"),
    "name-is-a-number": (given(name=7), "/name", "wrong_type"),
    "unknown-kind": (given(kind="alarm"), "/kind", "unknown_choice"),
    "kind-is-a-list": (given(kind=["state"]), "/kind", "unknown_choice"),
    "missing-when": (given(when=None), "", "missing"),
    "when-is-a-text": (given(when="price < 3"), "/when", "wrong_type"),
    "watch-is-a-list": (given(watch=["A:B:C:D"]), "/watch", "wrong_type"),
    "facts-is-a-text": (
        given(watch={"facts": "CORE:STOCK:A:x"}),
        "/watch/facts",
        "wrong_type",
    ),
    "fact-of-three-parts": (
        watching("CORE:STOCK:price"),
        "/watch/facts/0",
        "bad_fact",
    ),
    "fact-without-field": (watching("CORE:STOCK:A:"), "/watch/facts/0", "bad_fact"),
    "fact-without-key": (watching("CORE:STOCK::price"), "/watch/facts/0", "bad_fact"),
    "fact-of-a-badly-named-dataset": (
        watching("CORE:MY-DATA:A:x"),
        "/watch/facts/0",
        "bad_fact",
    ),
    "own-data-with-a-key": (
        watching("DEMO:DATASET:PRICES:KEY:price"),
        "/watch/facts/0",
        "bad_fact",
    ),
    "fact-with-an-empty-step": (
        watching("CORE:STOCK:A:quote..last"),
        "/watch/facts/0",
        "bad_fact",
    ),
    "fact-of-a-stranger": (
        watching("OTHER:STOCK:A:price"),
        "/watch/facts/0",
        "bad_fact",
    ),
    "fact-is-a-number": (watching(7), "/watch/facts/0", "wrong_type"),
    "fact-nobody-reads": (
        watching("CORE:STOCK:A:x", "CORE:STOCK:A:y"),
        "/watch/facts/1",
        "unused_fact",
    ),
    "no-such-fact": (when(fact=1), f"{AT}/fact", "no_such_fact"),
    "negative-fact": (when(fact=-1), f"{AT}/fact", "no_such_fact"),
    "fact-number-is-a-flag": (when(fact=True), f"{AT}/fact", "wrong_type"),
    "condition-names-a-bad-fact": (when(fact="price"), f"{AT}/fact", "bad_fact"),
    "condition-without-fact": (without("fact"), AT, "missing"),
    "condition-without-operator": (without("op"), AT, "missing"),
    "condition-without-value": (without("value"), AT, "missing"),
    "condition-with-more": (when(unit="USD"), f"{AT}/unit", "unknown_member"),
    "condition-is-a-triple": (
        given(when={"all": [["$index[0]", "<", 3]]}),
        AT,
        "wrong_type",
    ),
    "unknown-operator": (when(op="~"), f"{AT}/op", "unknown_operator"),
    "operator-in-capitals": (when(op="LTE"), f"{AT}/op", "unknown_operator"),
    "operator-is-a-number": (when(op=1), f"{AT}/op", "wrong_type"),
    "null-value": (when(value=None), f"{AT}/value", "null_constant"),
    "list-value": (when(value=[1]), f"{AT}/value", "wrong_type"),
    "infinite-value": (when(value=float("inf")), f"{AT}/value", "wrong_type"),
    "not-a-number-value": (when(value=Decimal("NaN")), f"{AT}/value", "wrong_type"),
    "too-many-digits": (
        when(value=Decimal("1." + "1" * 34)),
        f"{AT}/value",
        "number_out_of_range",
    ),
    "exponent-too-large": (
        when(value=Decimal("1E+301")),
        f"{AT}/value",
        "number_out_of_range",
    ),
    "ordering-of-a-text": (
        when(value="310"),
        f"{AT}/value",
        "operator_not_for_type",
    ),
    "ordering-of-a-flag": (
        when(value=True),
        f"{AT}/value",
        "operator_not_for_type",
    ),
    "text-too-long": (
        when(op="eq", value="x" * 10_001),
        f"{AT}/value",
        "too_long",
    ),
    "other-fact-unnamed": (when(value={}), f"{AT}/value", "missing"),
    "other-fact-not-there": (
        when(value={"fact": 3}),
        f"{AT}/value/fact",
        "no_such_fact",
    ),
    "empty-all": (given(when={"all": []}), "/when/all", "empty_group"),
    "empty-any-inside": (
        given(when={"all": [CONDITION, {"any": []}]}),
        "/when/all/1/any",
        "empty_group",
    ),
    "group-is-an-object": (
        given(when={"all": {"fact": 0}}),
        "/when/all",
        "wrong_type",
    ),
    "group-of-two-kinds": (
        given(when={"all": [CONDITION], "any": [CONDITION]}),
        "/when/any",
        "unknown_member",
    ),
    "not-of-a-list": (given(when={"not": [CONDITION]}), "/when/not", "wrong_type"),
    "seven-deep": (
        given(when=nested(7)),
        "/when/all/0/not/all/0/not/all/0/not/all",
        "too_deep",
    ),
    "fifty-one-conditions": (
        given(when={"any": [CONDITION] * 51}),
        "/when/any/50",
        "too_many_conditions",
    ),
    "unknown-mode": (
        given(**{"raise": {"mode": "often"}}),
        "/raise/mode",
        "unknown_choice",
    ),
    "state-on-every-match": (
        given(kind="state", **{"raise": {"mode": "every_match"}}),
        "/raise/mode",
        "mode_not_for_kind",
    ),
    "signal-with-an-end": (
        given(**{"raise": {"resolved": True}}),
        "/raise/resolved",
        "not_for_signal",
    ),
    "end-is-no-flag": (
        given(kind="state", **{"raise": {"resolved": "yes"}}),
        "/raise/resolved",
        "wrong_type",
    ),
    "raise-is-a-text": (given(**{"raise": "once"}), "/raise", "wrong_type"),
    "unknown-severity": (given(severity="loud"), "/severity", "unknown_choice"),
    "include-a-bad-fact": (given(include=["price"]), "/include/0", "bad_fact"),
    "include-too-many": (
        given(include=[f"CORE:STOCK:A:f{place}" for place in range(51)]),
        "/include",
        "too_many",
    ),
    "outputs-is-an-object": (given(outputs={}), "/outputs", "wrong_type"),
    "output-without-slug": (
        given(outputs=[{"at_most_every": "60s"}]),
        "/outputs/0",
        "missing",
    ),
    "output-with-blank-slug": (
        given(outputs=[{"output": ""}]),
        "/outputs/0/output",
        "blank",
    ),
    "output-by-its-slug-alone": (given(outputs=["me"]), "/outputs/0", "wrong_type"),
    "output-named-twice": (
        given(outputs=[{"output": "me"}, {"output": "me"}]),
        "/outputs/1",
        "duplicate_output",
    ),
    "too-many-outputs": (
        given(outputs=[{"output": f"o{place}"} for place in range(21)]),
        "/outputs",
        "too_many",
    ),
    "bad-duration": (
        output(at_most_every="soon"),
        "/outputs/0/at_most_every",
        "bad_duration",
    ),
    "negative-duration": (
        output(at_most_every=-1),
        "/outputs/0/at_most_every",
        "bad_duration",
    ),
    "duration-is-a-flag": (
        output(at_most_every=True),
        "/outputs/0/at_most_every",
        "bad_duration",
    ),
    "duration-of-years": (
        output(at_most_every="999d"),
        "/outputs/0/at_most_every",
        "bad_duration",
    ),
    "message-is-a-list": (output(message=[]), "/outputs/0/message", "wrong_type"),
    "subject-too-long": (
        output(subject="s" * 1_001),
        "/outputs/0/subject",
        "too_long",
    ),
    "hold-not-offered": (given(hold="30s"), "/hold", "not_offered"),
    "hold-is-no-duration": (given(hold="long"), "/hold", "bad_duration"),
    "recover-not-offered": (
        given(recover={"when": CONDITION}),
        "/recover",
        "not_offered",
    ),
    "no-data-not-offered": (
        given(no_data={"after": "10m"}),
        "/no_data",
        "not_offered",
    ),
    "active-hours-not-offered": (
        given(active={"days": "mon-fri"}),
        "/active",
        "not_offered",
    ),
    "expiry-not-offered": (
        given(expires_at="2030-01-01"),
        "/expires_at",
        "not_offered",
    ),
    "operator-not-offered": (when(op="anomaly"), f"{AT}/op", "not_offered"),
    "window-not-offered": (when(over="5m"), f"{AT}/over", "not_offered"),
    "sequence-not-offered": (
        given(when={"sequence": [CONDITION]}),
        "/when/sequence",
        "not_offered",
    ),
    "factor-is-no-number": (
        when(value={"fact": 0, "times": "2"}),
        f"{AT}/value/times",
        "wrong_type",
    ),
    "offset-is-null": (
        when(value={"fact": 0, "plus": None}),
        f"{AT}/value/plus",
        "null_constant",
    ),
    "range-of-one": (when(op="between", value=[1]), f"{AT}/value", "wrong_number"),
    "range-of-no-list": (when(op="between", value=1), f"{AT}/value", "wrong_type"),
    "range-upside-down": (
        when(op="between", value=[2, 1]),
        f"{AT}/value",
        "empty_range",
    ),
    "range-of-mixed-types": (
        when(op="outside", value=[1, "2026-01-01"]),
        f"{AT}/value",
        "wrong_type",
    ),
    "range-of-no-times": (
        when(op="between", value=["then", "now"]),
        f"{AT}/value",
        "bad_time",
    ),
    "one-of-nothing": (when(op="in", value=[]), f"{AT}/value", "wrong_number"),
    "one-of-null": (when(op="in", value=[1, None]), f"{AT}/value/1", "null_constant"),
    "one-of-mixed-types": (when(op="in", value=[1, "a"]), f"{AT}/value", "mixed_types"),
    "one-of-far-too-many": (
        when(op="in", value=list(range(1001))),
        f"{AT}/value",
        "too_many",
    ),
    "part-is-a-number": (
        when(op="starts_with", value=1),
        f"{AT}/value",
        "operator_not_for_type",
    ),
    "pattern-without-library": (
        when(op="matches", value="a+"),
        f"{AT}/value",
        "bad_pattern",
    ),
    "pattern-too-long": (
        when(op="matches", value="a" * 1001),
        f"{AT}/value",
        "too_long",
    ),
    "change-by-nothing": (
        {**given(), "when": {"fact": 0, "op": "rise"}},
        "/when",
        "missing",
    ),
    "change-by-zero": (moving(by=0), f"{AT}/by", "bad_amount"),
    "change-by-less-than-nothing": (moving(by="-5%"), f"{AT}/by", "bad_amount"),
    "change-by-a-word": (moving(by="much"), f"{AT}/by", "bad_amount"),
    "change-by-no-number": (moving(by="x%"), f"{AT}/by", "bad_amount"),
    "change-with-a-value": (
        when(op="rise", by=5),
        f"{AT}/value",
        "useless_member",
    ),
    "emptiness-with-a-value": (when(op="empty"), f"{AT}/value", "useless_member"),
    "case-of-a-number": (
        when(ignore_case=True),
        f"{AT}/ignore_case",
        "useless_member",
    ),
    "case-is-no-flag": (
        when(op="contains", value="x", ignore_case="yes"),
        f"{AT}/ignore_case",
        "wrong_type",
    ),
    "before-no-time": (when(op="before", value="soon"), f"{AT}/value", "bad_time"),
    "within-no-time": (
        when(op="within_last", value="0s"),
        f"{AT}/value",
        "bad_duration",
    ),
    "zone-unknown": (
        when(op="before", value="2026-01-01", zone="Mars/Base"),
        f"{AT}/zone",
        "unknown_zone",
    ),
    "zone-is-a-path": (
        when(op="before", value="2026-01-01", zone="../etc"),
        f"{AT}/zone",
        "unknown_zone",
    ),
    "day-unknown": (
        when(op="day_of_week", value=["fry"]),
        f"{AT}/value",
        "unknown_choice",
    ),
    "day-twice": (
        when(op="day_of_week", value=["fri", "fri"]),
        f"{AT}/value",
        "unknown_choice",
    ),
    "hours-of-one": (
        when(op="time_of_day", value=["09:30"]),
        f"{AT}/value",
        "wrong_number",
    ),
    "hours-that-are-none": (
        when(op="time_of_day", value=["09:30", "25:00"]),
        f"{AT}/value",
        "bad_time_of_day",
    ),
    "hours-of-no-length": (
        when(op="time_of_day", value=["09:30", "09:30"]),
        f"{AT}/value",
        "bad_time_of_day",
    ),
    "count-of-none": (when(op="has_at_least", value=0), f"{AT}/value", "bad_count"),
    "count-is-true": (when(op="has_at_least", value=True), f"{AT}/value", "bad_count"),
    "key-is-blank": (when(op="has_key", value=" "), f"{AT}/value", "blank"),
    "mode-not-offered": (
        given(**{"raise": {"mode": "once"}}),
        "/raise/mode",
        "not_offered",
    ),
}


@pytest.mark.parametrize(
    ("definition", "pointer", "code"), INVALID.values(), ids=INVALID.keys()
)
def test_definition_is_refused_where_it_is_wrong(definition, pointer, code):
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition, workspace="DEMO")

    assert [(one.pointer, one.code) for one in refused.value.problems][:1] == [
        (pointer, code)
    ]


@pytest.mark.parametrize(
    "definition", [one for one, *_ in INVALID.values()], ids=INVALID.keys()
)
def test_refusal_is_a_sentence_of_bearable_length(definition):
    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition, workspace="DEMO")

    for problem in refused.value.problems:
        assert re.search(r"[.\]}]$", problem.detail), problem.detail
        assert len(problem.detail) < 400


def test_every_problem_is_found_at_once():
    definition = given(
        name="",
        severity="loud",
        when={
            "any": [
                {"fact": 9, "op": "~", "value": 1},
                {"fact": 0, "op": "<", "value": None},
                {"all": []},
            ]
        },
        outputs=[{"at_most_every": "soon"}],
    )

    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(definition, workspace="DEMO")

    assert {problem.code for problem in refused.value.problems} == {
        "blank",
        "unknown_choice",
        "no_such_fact",
        "unknown_operator",
        "null_constant",
        "empty_group",
        "missing",
    }


def test_deeply_nested_definition_is_refused_without_descending():
    node = CONDITION
    for _ in range(100_000):
        node = {"not": node}

    with pytest.raises(DefinitionInvalid) as refused:
        parse_definition(given(when=node), workspace="DEMO")

    assert [one.code for one in refused.value.problems] == ["too_deep"]


def test_six_deep_and_fifty_conditions_are_allowed():
    deep = parse_definition(given(when=nested(6)), workspace="DEMO")
    wide = parse_definition(given(when={"any": [CONDITION] * 50}), workspace="DEMO")

    assert deep.facts == wide.facts
