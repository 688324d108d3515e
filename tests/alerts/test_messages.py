from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from alerts.messages import Row, compose, finding_of, rows_of
from alerts.outputs.base import OutgoingMessage
from rules.engine import Value

MESSAGE = OutgoingMessage(
    delivery_id=uuid4(),
    workspace="DEMO",
    rule="Shopify under a threshold",
    key="SHOP",
    kind="opened",
    severity="critical",
    fact_set="CORE:STOCK:SHOP",
    values={
        "CORE:STOCK:SHOP:latestPrice": Decimal("309.20"),
        "CORE:STOCK:MSFT:latestPrice": Decimal("411.00"),
        "CORE:STOCK:SHOP:high": None,
        "DEMO:PRICES:a:b:c:companyName": "Shopify",
    },
    at=datetime(2026, 11, 23, 18, 35, 50, tzinfo=UTC),
    reason="latestPrice is 309.20, at or below 310 (by 0.80)",
    sentence="When SHOP latestPrice is at or below 310, tell email-me.",
    alert_url="https://bellwether.example/a/1/",
    threshold=310,
    margin=Decimal("0.80"),
)

VARIABLES = {
    "key": "SHOP",
    "value": "309.20",
    "threshold": "310",
    "margin": "0.80",
    "time": "2026-11-23T18:35:50Z",
    "rule": "Shopify under a threshold",
    "workspace": "DEMO",
    "severity": "critical",
    "kind": "opened",
    "reason": MESSAGE.reason,
    "sentence": MESSAGE.sentence,
    "set": "CORE:STOCK:SHOP",
    "url": "https://bellwether.example/a/1/",
    "latestPrice": "309.20",
    "companyName": "Shopify",
    "high": "",
    'values["CORE:STOCK:MSFT:latestPrice"]': "411.00",
}


@pytest.mark.parametrize(("name", "shown"), VARIABLES.items())
def test_template_sees_the_alert_by_name(name: str, shown: str) -> None:
    composed = compose(replace(MESSAGE, message=f"[{{{{ {name} }}}}]"))

    assert composed.text == f"[{shown}]"
    assert composed.problem == ""


def test_our_names_come_before_fields_of_the_same_name() -> None:
    values: dict[str, Value] = {"DEMO:PRICES:A:rule": "field", "DEMO:PRICES:A:x": 1}

    composed = compose(replace(MESSAGE, values=values, message="{{ rule }} {{ x }}"))

    assert composed.text == "Shopify under a threshold 1"


def test_rule_without_words_gets_a_default() -> None:
    composed = compose(MESSAGE)

    assert composed.subject == "Shopify under a threshold: SHOP"
    assert composed.text.splitlines() == [
        "SHOP: latestPrice is 309.20, at or below 310 (by 0.80).",
        "Rule: When SHOP latestPrice is at or below 310, tell email-me.",
        "Time: 23 Nov 2026 18:35:50 UTC",
    ]


def test_alert_of_a_dataset_without_key_column_names_none() -> None:
    composed = compose(replace(MESSAGE, key="_"))

    assert composed.subject == "Shopify under a threshold"
    assert composed.text.startswith("latestPrice is 309.20, at or below 310")


def test_alert_without_values_or_reason_still_says_whose_it_is() -> None:
    composed = compose(
        replace(MESSAGE, values={}, reason="", sentence="", kind="closed")
    )

    assert composed.subject == "Closed: Shopify under a threshold: SHOP"
    assert composed.text.startswith("SHOP.\n")
    assert composed.rows == ()


@pytest.mark.parametrize(
    ("changes", "subject"),
    [
        ({}, "Shopify under a threshold: SHOP (simulated)"),
        ({"kind": "resolved"}, "Resolved: Shopify under a threshold: SHOP (simulated)"),
        ({"subject": "{{ key }} is cheap"}, "SHOP is cheap"),
    ],
    ids=["ours", "with-its-head", "as-given"],
)
def test_our_own_subject_says_that_data_are_simulated(
    changes: dict[str, Any], subject: str
) -> None:
    assert compose(replace(MESSAGE, is_simulated=True, **changes)).subject == subject


@pytest.mark.parametrize("kind", ["resolved", "closed"])
def test_end_of_an_alert_is_said_also_over_the_rules_own_subject(kind: str) -> None:
    composed = compose(replace(MESSAGE, kind=kind, subject="{{ key }} is cheap"))

    assert composed.subject == f"{kind.capitalize()}: SHOP is cheap"


def test_rules_own_choice_for_the_end_is_kept() -> None:
    subject = "{% if kind == 'resolved' %}{{ key }} is over{% else %}up{% endif %}"

    composed = compose(replace(MESSAGE, kind="resolved", subject=subject))

    assert composed.subject == "SHOP is over"


def test_failing_template_gives_way_to_the_default_and_says_so() -> None:
    composed = compose(replace(MESSAGE, subject="{{ key", message="{{ key }}"))

    assert composed.subject == "Shopify under a threshold: SHOP"
    assert composed.text.startswith("SHOP\n\nThe rule's own text was not used.")
    assert "in line 1" in composed.problem


@pytest.mark.parametrize("template", ["", "  \n", "{{ nothing }}", "{{ high }}"])
def test_empty_result_gives_way_to_the_default(template: str) -> None:
    composed = compose(replace(MESSAGE, subject=template, message=template))

    assert composed.subject == "Shopify under a threshold: SHOP"
    assert composed.text.startswith("SHOP: latestPrice")


def test_subject_is_one_short_line() -> None:
    composed = compose(replace(MESSAGE, subject="a\r\nBcc: b\x00\u2028" + "c" * 999))

    assert composed.subject.startswith("a Bcc: b ccc")
    assert len(composed.subject) == 250


def test_table_keeps_the_order_and_reads_well() -> None:
    assert rows_of(MESSAGE.values)[1:] == (
        Row(name="latestPrice", fact="CORE:STOCK:MSFT:latestPrice", shown="411.00"),
        Row(name="high", fact="CORE:STOCK:SHOP:high", shown="nothing"),
        Row(name="companyName", fact="DEMO:PRICES:a:b:c:companyName", shown="Shopify"),
    )


CONDITION = {"truth": True, "found": 1, "wanted": 2, "margin": Decimal(1)}
VERDICTS: dict[str, tuple[dict[str, object], Value, Decimal | None]] = {
    "condition": (CONDITION, 2, Decimal(1)),
    "first-true-of-a-group": (
        {
            "truth": True,
            "kind": "any",
            "members": [
                {"truth": False, "wanted": 9, "margin": Decimal(9)},
                {"truth": True, "kind": "all", "members": [CONDITION]},
            ],
        },
        2,
        Decimal(1),
    ),
    "none-true": (
        {"truth": False, "kind": "all", "members": [CONDITION | {"truth": False}]},
        None,
        None,
    ),
    "text": ({"truth": True, "wanted": "halted", "margin": None}, "halted", None),
    "negation": (
        {"truth": True, "kind": "not", "members": [CONDITION | {"truth": False}]},
        None,
        None,
    ),
    "nothing": ({}, None, None),
}


@pytest.mark.parametrize(
    ("verdict", "threshold", "margin"), VERDICTS.values(), ids=VERDICTS
)
def test_threshold_and_margin_are_those_of_the_first_true_condition(
    verdict: dict[str, object], threshold: Value, margin: Decimal | None
) -> None:
    assert finding_of(verdict) == (threshold, margin)
