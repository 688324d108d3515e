"""What is true, false and unknown: a table of cases, each with a name."""

from decimal import Decimal

import pytest

from rules.engine import KeyFacts, parse_definition
from rules.engine.events import Event, Position, View
from rules.engine.memory import Memory
from rules.engine.verdicts import judge
from tests.rules.engine.lanes import START

PRICE = "CORE:STOCK:MSFT:price"
BASE = "CORE:STOCK:MSFT:base"
T, F, U = True, False, None
MISSING = object()


def judged(when, fields):
    """Judge conditions over one event of MSFT, and nothing before it."""
    specification = parse_definition(
        {"name": "case", "when": when, "outputs": []}, workspace="DEMO"
    )
    event = Event(
        series="CORE:STOCK",
        key="MSFT",
        fields={name: value for name, value in fields.items() if value is not MISSING},
        at=START,
        position=Position(1, 0),
    )
    view = View(
        facts={},
        subject=event.subject,
        own=KeyFacts().take_in(event),
        before=KeyFacts(),
        carried=event.fields.keys(),
        at=event.at,
    )
    return judge(specification.when, view, "MSFT", Memory({}))


def price(op, value):
    """Write the condition that the price stands in a relation to a value."""
    return {"fact": PRICE, "op": op, "value": value}


COMPARED_WITH_A_VALUE = {
    "above-is-above": (309, "gt", 308, T),
    "equal-is-not-above": (309, "gt", 309, F),
    "below-is-not-above": (309, "gt", 310, F),
    "equal-is-at-or-above": (309, "gte", 309, T),
    "above-is-at-or-above": (310, "gte", 309, T),
    "below-is-not-at-or-above": (308, "gte", 309, F),
    "below-is-below": (308, "lt", 309, T),
    "equal-is-not-below": (309, "lt", 309, F),
    "above-is-not-below": (310, "lt", 309, F),
    "equal-is-at-or-below": (309, "lte", 309, T),
    "below-is-at-or-below": (308, "lte", 309, T),
    "above-is-not-at-or-below": (310, "lte", 309, F),
    "equal-equals": (309, "eq", 309, T),
    "other-does-not-equal": (310, "eq", 309, F),
    "other-is-other": (310, "ne", 309, T),
    "equal-is-not-other": (309, "ne", 309, F),
    "negative-is-below-zero": (-1, "lt", 0, T),
    "zero-is-not-below-minus-zero": (0, "lt", Decimal("-0"), F),
    "integer-equals-decimal": (309, "eq", Decimal("309.00"), T),
    "decimal-equals-integer": (Decimal("3.09E+2"), "eq", 309, T),
    "tenths-add-up-exactly": (Decimal("0.1") + Decimal("0.2"), "eq", Decimal("0.3"), T),
    "seventeenth-digit-counts": (
        Decimal("0.10000000000000001"),
        "gt",
        Decimal("0.1"),
        T,
    ),
    "integers-beyond-floats-differ": (2**53 + 1, "gt", 2**53, T),
    "integer-beyond-floats-against-decimal": (2**53 + 1, "ne", Decimal(2**53), T),
    "huge-is-above-small": (Decimal("1E+6000"), "gt", Decimal("1E-300"), T),
    "text-is-itself": ("halted", "eq", "halted", T),
    "text-minds-case": ("Halted", "eq", "halted", F),
    "text-minds-spaces": ("halted ", "eq", "halted", F),
    "text-is-other": ("open", "ne", "halted", T),
    "text-is-not-other-than-itself": ("open", "ne", "open", F),
    "text-compares-by-code-points": ("\u00e9", "eq", "e\u0301", F),
    "empty-text-is-a-value": ("", "eq", "", T),
    "empty-text-is-not-missing": ("", "ne", "halted", T),
    "date-compares-as-sent": ("2023-01-01", "eq", "2023-01-01T00:00", F),
    "true-is-true": (True, "eq", True, T),
    "false-is-not-true": (False, "eq", True, F),
    "false-is-other-than-true": (False, "ne", True, T),
    "null-is-unknown": (None, "lt", 309, U),
    "null-does-not-differ": (None, "ne", 309, U),
    "null-text-does-not-differ": (None, "ne", "halted", U),
    "missing-is-unknown": (MISSING, "lt", 309, U),
    "missing-does-not-differ": (MISSING, "ne", 309, U),
    "digits-in-a-text-are-no-number": ("308", "lt", 309, U),
    "digits-in-a-text-do-not-differ": ("308", "ne", 309, U),
    "one-is-not-true": (1, "eq", True, U),
    "true-is-not-one": (True, "eq", 1, U),
    "true-is-not-above-zero": (True, "gt", 0, U),
    "zero-does-not-differ-from-false": (0, "ne", False, U),
    "number-is-no-text": (309, "eq", "309", U),
    "list-is-unknown": ([308], "lt", 309, U),
    "object-does-not-differ": ({"a": 1}, "ne", 309, U),
    "not-a-number-is-unknown": (Decimal("NaN"), "ne", 309, U),
    "infinity-is-unknown": (Decimal("Infinity"), "gt", 309, U),
}


@pytest.mark.parametrize(
    ("found", "op", "wanted", "truth"),
    COMPARED_WITH_A_VALUE.values(),
    ids=COMPARED_WITH_A_VALUE.keys(),
)
def test_value_compares(found, op, wanted, truth):
    verdict = judged(price(op, wanted), {"price": found})

    assert verdict.truth is truth


COMPARED_WITH_A_FACT = {
    "below-the-other-fact": (309, "lt", 310, T),
    "equal-to-the-other-fact": (Decimal("310.0"), "eq", 310, T),
    "above-the-other-fact": (311, "gt", 310, T),
    "not-above-the-other-fact": (310, "gt", 310, F),
    "same-text": ("halted", "eq", "halted", T),
    "other-text": ("halted", "ne", "open", T),
    "same-flag": (True, "eq", True, T),
    "other-side-null": (309, "lt", None, U),
    "other-side-missing": (309, "ne", MISSING, U),
    "this-side-missing": (MISSING, "ne", 310, U),
    "both-sides-missing": (MISSING, "eq", MISSING, U),
    "both-sides-null": (None, "eq", None, U),
    "number-against-text": (309, "ne", "309", U),
    "number-against-flag": (1, "eq", True, U),
    "texts-have-no-order": ("a", "lt", "b", U),
    "flags-have-no-order": (False, "lt", True, U),
    "lists-are-unknown": ([1], "eq", [1], U),
}


@pytest.mark.parametrize(
    ("found", "op", "other", "truth"),
    COMPARED_WITH_A_FACT.values(),
    ids=COMPARED_WITH_A_FACT.keys(),
)
def test_facts_compare(found, op, other, truth):
    verdict = judged(price(op, {"fact": BASE}), {"price": found, "base": other})

    assert verdict.truth is truth


YES, NO = price("eq", 1), price("ne", 1)
DOUBT = {"fact": BASE, "op": "eq", "value": 1}

GROUPS = {
    "all-true": ({"all": [YES, YES]}, T),
    "all-with-one-false": ({"all": [YES, NO]}, F),
    "all-with-one-unknown": ({"all": [YES, DOUBT]}, U),
    "all-false-and-unknown": ({"all": [NO, DOUBT]}, F),
    "all-unknown-and-false": ({"all": [DOUBT, NO]}, F),
    "all-unknown": ({"all": [DOUBT, DOUBT]}, U),
    "all-of-one": ({"all": [NO]}, F),
    "any-true": ({"any": [YES, YES]}, T),
    "any-with-one-true": ({"any": [NO, YES]}, T),
    "any-false": ({"any": [NO, NO]}, F),
    "any-true-and-unknown": ({"any": [YES, DOUBT]}, T),
    "any-unknown-and-true": ({"any": [DOUBT, YES]}, T),
    "any-false-and-unknown": ({"any": [NO, DOUBT]}, U),
    "any-unknown": ({"any": [DOUBT]}, U),
    "not-true": ({"not": YES}, F),
    "not-false": ({"not": NO}, T),
    "not-unknown": ({"not": DOUBT}, U),
    "not-not-unknown": ({"not": {"not": DOUBT}}, U),
    "not-all-of-false-and-unknown": ({"not": {"all": [NO, DOUBT]}}, T),
    "not-any-of-false-and-unknown": ({"not": {"any": [NO, DOUBT]}}, U),
    "any-in-all": ({"all": [YES, {"any": [DOUBT, YES]}]}, T),
    "all-in-any": ({"any": [{"all": [YES, NO]}, {"all": [YES, YES]}]}, T),
    "doubt-passes-up": ({"any": [NO, {"all": [YES, {"not": DOUBT}]}]}, U),
    "doubt-is-outvoted": ({"all": [{"any": [YES, DOUBT]}, {"not": NO}]}, T),
    "six-deep": (
        {"any": [{"all": [{"any": [{"all": [{"any": [{"not": NO}]}]}]}]}]},
        T,
    ),
}


@pytest.mark.parametrize(("when", "truth"), GROUPS.values(), ids=GROUPS.keys())
def test_group_is_true_false_or_unknown(when, truth):
    verdict = judged(when, {"price": 1})

    assert verdict.truth is truth


PATHS = {
    "part-of-an-object": ("quote.last", {"quote": {"last": 5}}, T),
    "part-deep-inside": ("quote.bid.price", {"quote": {"bid": {"price": 5}}}, T),
    "item-of-a-list": ("bids[1]", {"bids": [4, 5]}, T),
    "part-of-an-item": ("bids[0].price", {"bids": [{"price": 5}]}, T),
    "part-that-is-not-there": ("quote.last", {"quote": {}}, U),
    "part-of-no-object": ("quote.last", {"quote": 5}, U),
    "item-past-the-end": ("bids[1]", {"bids": [5]}, U),
    "item-of-no-list": ("bids[0]", {"bids": {"0": 5}}, U),
    "dot-in-a-name": (r"last\.price", {"last.price": 5}, T),
    "unescaped-dot-is-a-path": ("last.price", {"last.price": 5}, U),
    "brackets-in-a-name": ("price [USD]", {"price [USD]": 5}, T),
}


@pytest.mark.parametrize(("field", "fields", "truth"), PATHS.values(), ids=PATHS.keys())
def test_path_into_an_object_is_followed(field, fields, truth):
    condition = {"fact": f"CORE:STOCK:MSFT:{field}", "op": "eq", "value": 5}

    assert judged(condition, fields).truth is truth


REASONS = {
    "at-or-below": (
        price("lte", 310),
        {"price": Decimal("309.20")},
        "price is 309.20, at or below 310 (by 0.80)",
    ),
    "not-below": (
        price("lt", 310),
        {"price": 312},
        "price is 312, not below 310 (by 2)",
    ),
    "on-the-threshold": (
        price("gte", 310),
        {"price": 310},
        "price is 310, at or above 310",
    ),
    "fact-against-fact": (
        price("lt", {"fact": BASE}),
        {"price": 500, "base": Decimal("510.5")},
        "price is 500, below base 510.5 (by 10.5)",
    ),
    "another-key": (
        {
            "all": [
                price("eq", 1),
                {"not": {"fact": "CORE:STOCK:SPY:x", "op": "eq", "value": 1}},
            ]
        },
        {"price": 1},
        "SPY x has no value",
    ),
    "another-dataset": (
        price("lt", {"fact": "DEMO:LIMITS:MSFT:price"}),
        {"price": 1},
        "LIMITS price has no value",
    ),
    "text": (price("eq", "halted"), {"price": "halted"}, 'price is "halted"'),
    "other-text": (
        price("ne", "halted"),
        {"price": "open"},
        'price is "open", other than "halted"',
    ),
    "flag": (price("eq", True), {"price": True}, "price is true"),
    "wrong-flag": (
        price("eq", True),
        {"price": False},
        "price is false, not equal to true",
    ),
    "no-value": (price("lt", 310), {}, "price has no value"),
    "wrong-type": (
        price("lt", 310),
        {"price": "309"},
        'price is "309", which is no number',
    ),
    "types-differ": (
        price("eq", {"fact": BASE}),
        {"price": 1, "base": "1"},
        "price is a number and base a text",
    ),
    "missing": ({"fact": PRICE, "op": "is_missing"}, {}, "price has no value"),
    "not-missing": (
        {"fact": PRICE, "op": "is_missing"},
        {"price": 3},
        "price is 3",
    ),
    "absent": (
        {"fact": PRICE, "op": "is_absent"},
        {"base": 3},
        "price is not in the event",
    ),
    "between": (
        price("between", [1, 2]),
        {"price": 3},
        "price is 3, not between 1 and 2",
    ),
    "nothing-before": (
        {"fact": PRICE, "op": "rise", "by": "5%"},
        {"price": 3},
        "price had no value before",
    ),
    "factor": (
        price("lt", {"fact": BASE, "times": 2}),
        {"price": 3, "base": 2},
        "price is 3, below 2 times base 4 (by 1)",
    ),
    "no-time": (
        price("before", "2026-01-01"),
        {"price": "soon"},
        'price is "soon", which is no time',
    ),
    "all-names-every-member": (
        {"all": [price("gt", 1), price("lt", 5)]},
        {"price": 3},
        "price is 3, above 1 (by 2) and price is 3, below 5 (by 2)",
    ),
    "failed-all-names-what-failed": (
        {"all": [price("gt", 1), price("lt", 2)]},
        {"price": 3},
        "price is 3, not below 2 (by 1)",
    ),
    "any-names-what-held": (
        {"any": [price("gt", 1), price("lt", 2)]},
        {"price": 3},
        "price is 3, above 1 (by 2)",
    ),
    "not-says-what-is": (
        {"not": price("lte", 2)},
        {"price": 3},
        "price is 3, not at or below 2 (by 1)",
    ),
    "large-exponents-stay-short": (
        price("gt", 1),
        {"price": Decimal("1E+6000")},
        "price is 1E+6000, above 1 (by 1.000000000000000000000000000000000E+6000)",
    ),
}


@pytest.mark.parametrize(
    ("when", "fields", "reason"), REASONS.values(), ids=REASONS.keys()
)
def test_verdict_says_why(when, fields, reason):
    assert judged(when, fields).reason == reason


def test_verdict_keeps_what_was_found_of_every_condition():
    verdict = judged({"all": [price("lte", 310), DOUBT]}, {"price": Decimal("309.20")})

    assert verdict.to_json() == {
        "truth": None,
        "kind": "all",
        "members": [
            {
                "truth": True,
                "fact": "CORE:STOCK:MSFT:price",
                "found": Decimal("309.20"),
                "before": None,
                "op": "lte",
                "wanted": 310,
                "wanted_fact": "",
                "margin": Decimal("0.80"),
                "reason": "price is 309.20, at or below 310 (by 0.80)",
            },
            {
                "truth": None,
                "fact": "CORE:STOCK:MSFT:base",
                "found": None,
                "before": None,
                "op": "eq",
                "wanted": 1,
                "wanted_fact": "",
                "margin": None,
                "reason": "base has no value",
            },
        ],
    }
