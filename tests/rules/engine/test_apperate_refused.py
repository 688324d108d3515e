"""Bodies of ``POST /v1/rules/create`` that are refused, each at its place."""

import pytest

from rules.engine import DefinitionInvalid, read_apperate
from tests.rules.engine.test_apperate import ARTICLE, PYEX

INVALID = {
    "not-an-object": ([], "", "wrong_type"),
    "no-name": ({**ARTICLE, "ruleName": None}, "", "missing"),
    "blank-name": ({**ARTICLE, "ruleName": " "}, "/ruleName", "blank"),
    "name-is-a-number": ({**ARTICLE, "ruleName": 5}, "/ruleName", "wrong_type"),
    "unknown-type": ({**ARTICLE, "type": "some"}, "/type", "unknown_choice"),
    "no-conditions": ({**ARTICLE, "conditions": None}, "", "missing"),
    "empty-conditions": (
        {**ARTICLE, "conditions": []},
        "/conditions",
        "empty_group",
    ),
    "conditions-are-an-object": (
        {**ARTICLE, "conditions": {}},
        "/conditions",
        "wrong_type",
    ),
    "condition-of-two": (
        {**ARTICLE, "conditions": [["$index[0]", "<"]]},
        "/conditions/0",
        "wrong_type",
    ),
    "unknown-operator": (
        {**ARTICLE, "conditions": [["$index[0]", "~", 3]]},
        "/conditions/0/1",
        "unknown_operator",
    ),
    "anomaly-beside-nothing": (
        {**ARTICLE, "conditions": [["$index[0]", "anomaly", 3]]},
        "/conditions/0",
        "missing",
    ),
    "operator-is-a-list": (
        {**ARTICLE, "conditions": [["$index[0]", [], 3]]},
        "/conditions/0/1",
        "wrong_type",
    ),
    "ordering-of-a-text": (
        {**ARTICLE, "conditions": [["$index[0]", "<", "310"]]},
        "/conditions/0/2",
        "operator_not_for_type",
    ),
    "null-on-the-right": (
        {**ARTICLE, "conditions": [["$index[0]", "<", None]]},
        "/conditions/0/2",
        "null_constant",
    ),
    "second-condition": (
        {**ARTICLE, "conditions": [["$index[0]", "<", 1], ["$index[0]", "?", 1]]},
        "/conditions/1/1",
        "unknown_operator",
    ),
    "left-past-the-index": (
        {**ARTICLE, "conditions": [["$index[1]", "<", 3]]},
        "/conditions/0/0",
        "no_such_fact",
    ),
    "right-past-the-index": (
        {**ARTICLE, "conditions": [["$index[0]", "<", "$index[7]"]]},
        "/conditions/0/2",
        "no_such_fact",
    ),
    "left-is-a-number": (
        {**ARTICLE, "conditions": [[310, "<", 3]]},
        "/conditions/0/0",
        "wrong_type",
    ),
    "bare-fact-not-in-the-index": (
        {**ARTICLE, "conditions": [["volume", "<", 3]]},
        "/conditions/0/0",
        "no_such_fact",
    ),
    "bare-fact-without-symbol": (
        {**PYEX, "ruleSet": None},
        "/conditions/0/0",
        "missing",
    ),
    "several-conditions-on-several-symbols": (
        {
            **PYEX,
            "ruleSet": "AAPL,MSFT",
            "conditions": [["high", "<", 3], ["low", ">", 1]],
        },
        "/ruleSet",
        "several_symbols",
    ),
    "rule-set-is-a-number": ({**PYEX, "ruleSet": 5}, "/ruleSet", "wrong_type"),
    "bad-fact-in-the-index": (
        {**ARTICLE, "index": ["CORE:STOCK:MSFT"]},
        "/index/0",
        "bad_fact",
    ),
    "strangers-fact-in-the-index": (
        {**ARTICLE, "index": ["OTHER:STOCK:MSFT:x"]},
        "/index/0",
        "bad_fact",
    ),
    "index-is-a-text": (
        {**ARTICLE, "index": "CORE:STOCK:MSFT:x"},
        "/index",
        "wrong_type",
    ),
    "bad-additional-fact": (
        {**ARTICLE, "additionalIndex": ["CORE:STOCK:MSFT:high", "high"]},
        "/additionalIndex/1",
        "bad_fact",
    ),
    "too-many-additional-facts": (
        {**ARTICLE, "additionalIndex": [f"CORE:STOCK:A:f{n}" for n in range(51)]},
        "/additionalIndex",
        "too_many",
    ),
    "additional-fact-is-a-number": (
        {**ARTICLE, "additionalIndex": [5]},
        "/additionalIndex/0",
        "wrong_type",
    ),
    "additional-key-is-a-number": (
        {**PYEX, "additionalKeys": [5]},
        "/additionalKeys/0",
        "wrong_type",
    ),
    "outputs-are-an-object": (
        {**ARTICLE, "outputs": {}},
        "/outputs",
        "wrong_type",
    ),
    "output-is-a-text": ({**ARTICLE, "outputs": ["mail"]}, "/outputs/0", "wrong_type"),
    "output-without-method": (
        {**ARTICLE, "outputs": [{"to": "a"}]},
        "/outputs/0",
        "missing",
    ),
    "email-without-address": (
        {**ARTICLE, "outputs": [{"method": "email"}]},
        "/outputs/0",
        "missing",
    ),
    "webhook-without-address": (
        {**ARTICLE, "outputs": [{"method": "webhook", "url": ""}]},
        "/outputs/0",
        "missing",
    ),
    "address-is-a-list": (
        {**ARTICLE, "outputs": [{"method": "email", "to": ["a"]}]},
        "/outputs/0/to",
        "wrong_type",
    ),
    "frequency-is-a-word": (
        {**ARTICLE, "outputs": [{"method": "email", "to": "a", "frequency": "often"}]},
        "/outputs/0/frequency",
        "bad_duration",
    ),
    "frequency-is-negative": (
        {**ARTICLE, "outputs": [{"method": "email", "to": "a", "frequency": -1}]},
        "/outputs/0/frequency",
        "bad_duration",
    ),
    "id-is-a-number": ({**ARTICLE, "id": 7}, "/id", "wrong_type"),
}


@pytest.mark.parametrize(
    ("body", "pointer", "code"), INVALID.values(), ids=INVALID.keys()
)
def test_body_is_refused_where_it_is_wrong(body, pointer, code):
    with pytest.raises(DefinitionInvalid) as refused:
        read_apperate(body, workspace="DEMO")

    assert [(one.pointer, one.code) for one in refused.value.problems][:1] == [
        (pointer, code)
    ]
    assert all(len(one.detail) < 400 for one in refused.value.problems)


def test_sentence_speaks_of_the_body_that_was_sent():
    body = {**ARTICLE, "ruleName": 5, "conditions": [["$index[0]", "<", 10**40]]}

    with pytest.raises(DefinitionInvalid) as refused:
        read_apperate(body, workspace="DEMO")

    assert str(refused.value) == (
        '"/ruleName" is a text, in quotes. "/conditions/0/2" has more than 34 digits,'
        " or an exponent beyond 300."
    )
