"""Valid definitions: what they mean, and their canonical form."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from rules.engine import (
    Condition,
    Constant,
    FactPath,
    Group,
    GroupKind,
    Mode,
    Negation,
    OtherFact,
    OutputUse,
    RuleKind,
    Severity,
    Specification,
    render_sentence,
    to_definition,
)
from tests.rules.engine import lanes
from tests.rules.engine.strategies import definitions

SHOP = FactPath.parse("CORE:STOCK:SHOP:latestPrice")
SPY = FactPath.parse("CORE:STOCK:SPY:latestPrice")


def parsed(definition):
    return lanes.parsed(definition)


def test_whole_definition_is_read():
    definition = {
        "kind": "state",
        "name": " Shopify under a threshold ",
        "watch": {"facts": ["CORE:STOCK:SHOP:latestPrice"]},
        "when": {
            "all": [
                {"fact": 0, "op": "lte", "value": 310},
                {"not": {"fact": 0, "op": ">=", "value": {"fact": str(SPY)}}},
            ]
        },
        "hold": "0s",
        "recover": None,
        "raise": {"mode": "on_enter", "resolved": False},
        "severity": "critical",
        "include": ["CORE:STOCK:MSFT:high"],
        "expires_at": None,
        "outputs": [
            {
                "output": "email-me",
                "subject": "Low",
                "message": "It is low",
                "at_most_every": "1h",
            }
        ],
    }

    assert parsed(definition) == Specification(
        kind=RuleKind.STATE,
        name="Shopify under a threshold",
        facts=(SHOP, SPY),
        when=Group(
            kind=GroupKind.ALL,
            members=(
                Condition(fact=SHOP, op="lte", wanted=Constant(310)),
                Negation(
                    member=Condition(fact=SHOP, op="gte", wanted=OtherFact(fact=SPY))
                ),
            ),
        ),
        mode=Mode.ON_ENTER,
        announces_resolve=False,
        severity=Severity.CRITICAL,
        include=(FactPath.parse("CORE:STOCK:MSFT:high"),),
        outputs=(
            OutputUse(
                output="email-me",
                cool_down=timedelta(hours=1),
                subject="Low",
                message="It is low",
            ),
        ),
    )


def test_least_definition_is_a_signal_on_every_match():
    specification = parsed(
        {"name": "Low", "when": {"fact": str(SHOP), "op": "<", "value": 5}}
    )

    assert specification.kind is RuleKind.SIGNAL
    assert specification.mode is Mode.EVERY_MATCH
    assert specification.severity is Severity.WARNING
    assert not specification.announces_resolve
    assert specification.outputs == specification.include == ()


def test_state_announces_its_end_unless_told_otherwise():
    specification = parsed(
        {
            "kind": "state",
            "name": "Low",
            "when": {"fact": str(SHOP), "op": "<", "value": 5},
        }
    )

    assert specification.mode is Mode.ON_ENTER
    assert specification.announces_resolve


def test_output_is_told_once_a_minute_unless_said():
    specification = parsed(
        {
            "name": "Low",
            "when": {"fact": str(SHOP), "op": "<", "value": 5},
            "outputs": [{"output": "mail"}],
        }
    )

    assert specification.outputs[0].cool_down == timedelta(seconds=60)


def test_canonical_form_lists_facts_and_names_them_by_number():
    specification = parsed(
        {
            "name": "Low",
            "when": {"fact": str(SHOP), "op": "<", "value": {"fact": str(SPY)}},
            "outputs": [{"output": "mail", "at_most_every": 3600}],
        }
    )

    assert to_definition(specification) == {
        "kind": "signal",
        "name": "Low",
        "watch": {"facts": [str(SHOP), str(SPY)]},
        "when": {"fact": 0, "op": "lt", "value": {"fact": 1}},
        "raise": {"mode": "every_match"},
        "severity": "warning",
        "include": [],
        "outputs": [{"output": "mail", "at_most_every": "1h"}],
    }


def test_fact_in_two_spellings_is_watched_once():
    specification = parsed(
        {
            "name": "Low",
            "watch": {"facts": ["core:stock:SHOP:x", "CORE:STOCK:SHOP:x"]},
            "when": {
                "any": [
                    {"fact": 0, "op": "<", "value": 5},
                    {"fact": 1, "op": ">", "value": 9},
                    {"fact": "Core:Stock:SHOP:x", "op": "eq", "value": 7},
                ]
            },
        }
    )

    assert [str(fact) for fact in specification.facts] == ["core:stock:SHOP:x"]


def test_order_of_watched_facts_is_the_authors():
    specification = parsed(
        {
            "name": "Low",
            "watch": {"facts": [str(SPY), str(SHOP)]},
            "when": {"fact": 1, "op": "<", "value": {"fact": 0}},
        }
    )

    assert specification.facts == (SPY, SHOP)
    assert specification.leading_fact == SPY


def test_leading_fact_is_one_of_any_key_where_there_is_one():
    specification = parsed(
        {
            "name": "Low",
            "watch": {"facts": [str(SPY), "CORE:STOCK:*:price"]},
            "when": {"fact": 1, "op": "<", "value": {"fact": 0}},
        }
    )

    assert str(specification.leading_fact) == "CORE:STOCK:*:price"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (309.1, Decimal("309.1")),
        (1e-7, Decimal("1e-7")),
        (Decimal("309.10"), Decimal("309.10")),
        (2**80, 2**80),
        (True, True),
        ("", ""),
    ],
)
def test_constant_keeps_its_exact_value(sent, read):
    op = "eq"
    specification = parsed(
        {"name": "Low", "when": {"fact": str(SHOP), "op": op, "value": sent}}
    )

    assert specification.when.wanted == Constant(read)
    assert type(specification.when.wanted.value) is type(read)


@given(definitions)
def test_canonical_form_reads_back_to_the_same_rule(definition):
    specification = parsed(definition)

    canonical = to_definition(specification)

    assert parsed(canonical) == specification
    assert to_definition(parsed(canonical)) == canonical


@given(definitions)
def test_canonical_form_survives_being_json(definition):
    specification = parsed(definition)

    written = json.dumps(to_definition(specification), default=float)

    assert parsed(json.loads(written, parse_float=Decimal)) == specification


@given(definitions)
def test_every_rule_has_a_sentence(definition):
    sentence = render_sentence(parsed(definition))

    assert sentence.startswith("When ")
    assert sentence.endswith(".")
    assert "\n" not in sentence
