"""Bodies of ``POST /v1/rules/create`` as Apperate's clients send them."""

from datetime import timedelta
from decimal import Decimal

import pytest

from rules.engine import (
    InlineOutput,
    parse_definition,
    read_apperate,
    render_sentence,
)

ARTICLE = {
    "token": "sk_secret",
    "ruleName": "MSFT under 310",
    "type": "any",
    "index": ["CORE:STOCK:MSFT:latestPrice"],
    "conditions": [["$index[0]", "<=", 310]],
    "outputs": [
        {
            "method": "Email",
            "to": "me@example.com",
            "subject": "Low",
            "message": "It is low",
            "frequency": 60,
        }
    ],
    "additionalIndex": ["CORE:STOCK:MSFT:high"],
}
PYEX = {
    "conditions": [["latestPrice", ">", 150]],
    "outputs": [{"method": "webhook", "url": "https://example.com", "frequency": 60}],
    "additionalKeys": ["high"],
    "token": "sk_secret",
    "ruleSet": "AAPL",
    "type": "all",
    "ruleName": "MyRule",
    "id": "4bc8c9de-e133-4f66-b529-f750e9bd0932",
}


def read(body, **changed):
    """Read a body with some members changed; ``None`` takes one away."""
    members = {**body, **changed}
    sent = {name: value for name, value in members.items() if value is not None}
    return read_apperate(sent, workspace="DEMO")


def conditions(rule):
    """Give the conditions with their facts written out."""
    facts = rule.definition["watch"]["facts"]
    (kind, members) = next(iter(rule.definition["when"].items()))
    written = []
    for member in members:
        wanted = member["value"]
        if isinstance(wanted, dict):
            wanted = {"fact": facts[wanted["fact"]]}
        written.append((facts[member["fact"]], member["op"], wanted))
    return kind, written


def test_the_articles_body_is_a_signal_on_every_match():
    rule = read(ARTICLE)

    assert rule.rule_id is None
    assert rule.definition == {
        "kind": "signal",
        "name": "MSFT under 310",
        "watch": {"facts": ["CORE:STOCK:MSFT:latestPrice"]},
        "when": {"any": [{"fact": 0, "op": "lte", "value": 310}]},
        "raise": {"mode": "every_match"},
        "severity": "warning",
        "include": ["CORE:STOCK:MSFT:high"],
        "outputs": [],
    }
    assert rule.outputs == (
        InlineOutput(
            method="email",
            address="me@example.com",
            subject="Low",
            message="It is low",
            cool_down=timedelta(seconds=60),
        ),
    )


def test_definition_of_a_body_is_native():
    specification = parse_definition(read(ARTICLE).definition, workspace="DEMO")

    assert render_sentence(specification) == (
        "When MSFT latestPrice is at or below 310, raise a warning."
    )


def test_body_of_the_legacy_rules_engine_is_read():
    rule = read(PYEX)

    assert rule.rule_id == "4bc8c9de-e133-4f66-b529-f750e9bd0932"
    assert conditions(rule) == ("all", [("CORE:STOCK:AAPL:latestPrice", "gt", 150)])
    assert rule.definition["include"] == ["CORE:STOCK:AAPL:high"]
    assert rule.outputs[0].address == "https://example.com"


READ = {
    "type-defaults-to-any": (ARTICLE, {"type": None}, "any", 0),
    "type-in-capitals": (ARTICLE, {"type": "ALL"}, "all", 0),
    "two-conditions": (
        ARTICLE,
        {"conditions": [["$index[0]", "<", 3], ["$index[0]", ">", 9]]},
        "any",
        1,
    ),
}


@pytest.mark.parametrize(
    ("body", "changed", "kind", "last"), READ.values(), ids=READ.keys()
)
def test_type_makes_the_group(body, changed, kind, last):
    read_kind, members = conditions(read(body, **changed))

    assert read_kind == kind
    assert len(members) == last + 1


OPERATORS = {
    ">": "gt",
    ">=": "gte",
    "<": "lt",
    "<=": "lte",
    "==": "eq",
    "=": "eq",
    "!=": "ne",
    "<>": "ne",
    "gt": "gt",
    "gte": "gte",
    "lt": "lt",
    "lte": "lte",
    "eq": "eq",
    "ne": "ne",
    " <= ": "lte",
}


@pytest.mark.parametrize(("written", "op"), OPERATORS.items())
def test_operator_is_a_symbol_or_a_native_id(written, op):
    rule = read(ARTICLE, conditions=[["$index[0]", written, 3]])

    assert conditions(rule)[1][0][1] == op


RIGHT_SIDES = {
    "number": (310, 310),
    "decimal": (Decimal("310.10"), Decimal("310.10")),
    "text": ("halted", "halted"),
    "flag": (True, True),
    "other-fact": ("$index[1]", {"fact": "CORE:STOCK:SPY:latestPrice"}),
    "other-fact-in-capitals": ("$INDEX[1]", {"fact": "CORE:STOCK:SPY:latestPrice"}),
    "text-like-a-fact": ("CORE:STOCK:SPY:latestPrice", "CORE:STOCK:SPY:latestPrice"),
}


@pytest.mark.parametrize(
    ("right", "wanted"), RIGHT_SIDES.values(), ids=RIGHT_SIDES.keys()
)
def test_right_side_is_a_value_or_a_fact_of_the_index(right, wanted):
    rule = read(
        ARTICLE,
        index=["CORE:STOCK:MSFT:latestPrice", "CORE:STOCK:SPY:latestPrice"],
        conditions=[["$index[0]", "!=", right]],
    )

    assert conditions(rule)[1] == [("CORE:STOCK:MSFT:latestPrice", "ne", wanted)]


LEFT_SIDES = {
    "numbered": "$index[0]",
    "bare-field-of-the-index": "latestPrice",
    "in-full": "CORE:STOCK:MSFT:latestPrice",
}


@pytest.mark.parametrize("left", LEFT_SIDES.values(), ids=LEFT_SIDES.keys())
def test_left_side_is_found_in_the_index(left):
    rule = read(ARTICLE, conditions=[[left, "<=", 310]])

    assert conditions(rule)[1] == [("CORE:STOCK:MSFT:latestPrice", "lte", 310)]


def test_index_decides_where_both_bodies_come_in_one():
    rule = read({**PYEX, **ARTICLE}, additionalKeys=["low"])

    assert conditions(rule)[1] == [("CORE:STOCK:MSFT:latestPrice", "lte", 310)]
    assert rule.definition["include"] == [
        "CORE:STOCK:MSFT:high",
        "CORE:STOCK:MSFT:low",
    ]


def test_indexed_fact_that_no_condition_reads_is_delivered():
    rule = read(
        ARTICLE, index=["CORE:STOCK:MSFT:volume", "CORE:STOCK:MSFT:latestPrice"],
        conditions=[["$index[1]", "<", 3]],
    )  # fmt: skip

    assert rule.definition["watch"]["facts"] == ["CORE:STOCK:MSFT:latestPrice"]
    assert rule.definition["include"] == [
        "CORE:STOCK:MSFT:volume",
        "CORE:STOCK:MSFT:high",
    ]


def test_order_of_the_index_is_the_order_of_what_is_delivered():
    rule = read(
        ARTICLE,
        index=["CORE:STOCK:A:x", "CORE:STOCK:B:x"],
        conditions=[["$index[1]", "<", 3], ["$index[0]", "<", 3]],
    )

    assert rule.definition["watch"]["facts"] == ["CORE:STOCK:A:x", "CORE:STOCK:B:x"]


def test_own_data_and_any_key_are_kept_as_written():
    own = read(ARTICLE, index=["DEMO:DATASET:PRICES:price"])
    star = read(ARTICLE, index=["CORE:STOCK:*:latestPrice"])

    assert own.definition["watch"]["facts"] == ["DEMO:DATASET:PRICES:price"]
    assert star.definition["watch"]["facts"] == ["CORE:STOCK:*:latestPrice"]


@pytest.mark.parametrize("any_symbol", ["ANYEVENT", "anyevent", "*", " * ", "A,*"])
def test_any_symbol_keeps_every_symbol_apart(any_symbol):
    rule = read(PYEX, ruleSet=any_symbol)

    assert conditions(rule)[1] == [("CORE:STOCK:*:latestPrice", "gt", 150)]
    assert rule.definition["include"] == ["CORE:STOCK:*:high"]


def test_symbol_is_asked_in_capitals():
    rule = read(PYEX, ruleSet="aapl")

    assert conditions(rule)[1] == [("CORE:STOCK:AAPL:latestPrice", "gt", 150)]


def test_one_condition_may_be_on_several_symbols():
    rule = read(PYEX, ruleSet="AAPL, msft,")

    assert conditions(rule) == (
        "any",
        [
            ("CORE:STOCK:AAPL:latestPrice", "gt", 150),
            ("CORE:STOCK:MSFT:latestPrice", "gt", 150),
        ],
    )
    assert rule.definition["include"] == [
        "CORE:STOCK:AAPL:high",
        "CORE:STOCK:MSFT:high",
    ]


def test_dot_in_a_bare_fact_belongs_to_its_name():
    rule = read(PYEX, conditions=[["last.price", ">", 1]], additionalKeys=None)

    assert conditions(rule)[1] == [(r"CORE:STOCK:AAPL:last\.price", "gt", 1)]


FREQUENCIES = {
    "absent": (None, 0),
    "number": (60, 60),
    "zero": (0, 0),
    "text": ("3600", 3600),
    "text-with-fraction": ("0.5", 0.5),
    "empty-text": ("", 0),
    "float": (1.5, 1.5),
    "duration": ("5m", 300),
}


@pytest.mark.parametrize(
    ("frequency", "seconds"), FREQUENCIES.values(), ids=FREQUENCIES.keys()
)
def test_frequency_is_the_cool_down(frequency, seconds):
    output = {"method": "email", "to": "me@example.com", "frequency": frequency}

    rule = read(ARTICLE, outputs=[output])

    assert rule.outputs[0].cool_down == timedelta(seconds=seconds)


ADDRESSES = {
    "webhook-by-url": ({"method": "webhook", "url": "u"}, "u"),
    "webhook-by-to": ({"method": "Webhook", "to": "t"}, "t"),
    "webhook-by-both": ({"method": "WEBHOOK", "to": "t", "url": "u"}, "u"),
    "email-by-to": ({"method": "email", "to": "t"}, "t"),
    "email-by-both": ({"method": "email", "to": "t", "url": "u"}, "t"),
    "logs-need-none": ({"method": "logs"}, ""),
}


@pytest.mark.parametrize(
    ("output", "address"), ADDRESSES.values(), ids=ADDRESSES.keys()
)
def test_address_is_found_under_either_name(output, address):
    rule = read(ARTICLE, outputs=[output])

    assert rule.outputs[0].address == address
    assert rule.outputs[0].method == output["method"].lower()


def test_several_outputs_are_read_in_order():
    outputs = [{"method": "email", "to": "a"}, {"method": "webhook", "url": "b"}]

    assert [one.address for one in read(ARTICLE, outputs=outputs).outputs] == ["a", "b"]


def test_rule_without_outputs_is_read():
    assert read(ARTICLE, outputs=None).outputs == ()


def test_unknown_members_are_passed_over():
    assert read(ARTICLE, schedule="daily", outputs=None).definition["name"]
