"""What the form says of a draft before it is saved, and what a draft means."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.test import Client

from alerts.models import Output
from datasets.models import Dataset
from rules.console.drafts import Draft, Row, TooRich, definition_of, draft_of
from rules.engine import FieldType, parse_definition, to_definition
from tests.rules.drafts import RULES, feed, typed, words_of

pytestmark = pytest.mark.django_db


def test_preview_reads_the_draft_back(client: Client, prices: Dataset) -> None:
    said = client.post(f"{RULES}/preview", typed()).content.decode()
    blank = client.post(f"{RULES}/preview", {"rows": "1"}).content.decode()

    assert "MSFT price is at or below 310.50, raise a warning." in words_of(said)
    assert "Pick a fact to begin" in blank


def test_preview_says_how_each_condition_stands_now(
    client: Client, prices: Dataset
) -> None:
    feed(prices, price=Decimal("309.20"), open=Decimal(305))
    rows = {
        "rows": "4",
        "c-1-fact": "DEMO:PRICES:MSFT:price",
        "c-1-op": "lt",
        "c-1-value": "DEMO:PRICES:MSFT:open",
        "c-1-against": "fact",
        "c-2-fact": "DEMO:PRICES:*:price",
        "c-2-op": "gt",
        "c-2-value": "1",
        "c-3-fact": "DEMO:PRICES:AAPL:price",
        "c-3-op": "gt",
        "c-3-value": "1",
    }

    said = words_of(client.post(f"{RULES}/preview", typed(**rows)).content.decode())

    assert "True now price is 309.20, at or below 310.50 (by 1.30)" in said
    assert "False now price is 309.20, not below open 305 (by 4.20)" in said
    assert "True now for 1 of 1 key: MSFT" in said
    assert "No data AAPL price has no value" in said


def test_condition_that_is_whole_is_judged_beside_one_that_is_not(
    client: Client, prices: Dataset
) -> None:
    feed(prices, price=Decimal("309.20"), open=Decimal(305))
    second = {"rows": "2", "c-1-fact": "DEMO:PRICES:MSFT:open", "c-1-op": "lt"}

    page = client.post(f"{RULES}/preview", typed(**second)).content.decode()
    said = words_of(page)

    assert 'href="#c-1-value"' in page
    assert "Condition 2 : Type a value to compare with." in said.replace(":", " :")
    assert "True now price is 309.20" in said
    assert "Now 305" in said


@pytest.mark.parametrize(
    ("fact", "changes", "note"),
    [
        ("MSFT", {}, "This is already true now: the fact's next event"),
        ("*", {}, "already true now for 1 of 1 keys (MSFT)"),
        ("MSFT", {"c-0-value": "1"}, ""),
        ("MSFT", {"only_new": "on"}, "it is not told until it was false once"),
        ("*", {"only_new": "on"}, "(MSFT): none of them is told of until"),
    ],
    ids=["one-key", "any-key", "not-true", "one-key-only-new", "any-key-only-new"],
)
def test_preview_warns_of_what_is_true_before_it_is_turned_on(
    client: Client, prices: Dataset, fact: str, changes: dict[str, str], note: str
) -> None:
    feed(prices, price=Decimal("309.20"))
    draft = typed(**{"c-0-fact": f"DEMO:PRICES:{fact}:price", **changes})

    answer = client.post(f"{RULES}/preview", draft)

    said = words_of(answer.content.decode()).replace("&#x27;", "'")
    assert note in said
    assert ("already" in said) == bool(note)
    # A look of every few seconds brings it up to date, as it does the conditions.
    page = answer.content.decode()
    assert re.search(r'id="already"( hidden)? hx-swap-oob="true"', page)
    assert ('id="already" hidden' in page) == (not note)


def test_preview_names_outputs_also_those_still_to_be_made(
    client: Client, prices: Dataset
) -> None:
    client.post(f"{RULES}/new", typed(new_email="ana@example.com"))
    output = Output.objects.get()

    said = client.post(
        f"{RULES}/preview", typed(outputs=output.slug, new_email="bo@example.com")
    )

    words = words_of(said.content.decode())
    assert f"tell {output.name} at most once an hour" in words
    assert "and bo@example.com at most once an hour" in words


@pytest.mark.parametrize(
    "telling", ["every_match", "on_enter", "start_and_end"], ids=str
)
def test_draft_and_definition_are_two_spellings_of_one_rule(telling: str) -> None:
    draft = Draft(
        rows=(
            Row(fact="DEMO:PRICES:A:price", op="gt", value="1"),
            Row(fact="DEMO:PRICES:A:halted", op="eq", value="true"),
            Row(
                fact="DEMO:PRICES:A:price",
                op="lt",
                value="DEMO:PRICES:A:open",
                against="fact",
            ),
        ),
        name="Three",
        match="any",
        telling=telling,
        outputs=("mail",),
    )
    spec = parse_definition(
        definition_of(draft, type_of=lambda _: FieldType.ANY),
        workspace="DEMO",
    )

    again = draft_of(to_definition(spec))

    assert again.rows == draft.rows
    assert (again.match, again.telling) == (draft.match, draft.telling)
    assert (again.every, again.unit) == ("1", "h")


def test_unequal_cool_downs_are_too_rich_for_the_form() -> None:
    definition = {
        "kind": "signal",
        "name": "Two",
        "watch": {"facts": ["DEMO:PRICES:A:price"]},
        "when": {"fact": 0, "op": "gt", "value": 1},
        "outputs": [
            {"output": "a", "at_most_every": "1m"},
            {"output": "b", "at_most_every": "2m"},
        ],
    }

    with pytest.raises(TooRich):
        draft_of(definition)


LOW = {"fact": 0, "op": "gt", "value": 1}
RICH: dict[str, dict[str, object]] = {
    "condition-that-must-hold": {"when": {**LOW, "held": "5m"}},
    "group-that-must-hold": {"when": {"all": [LOW, LOW], "held": "5m"}},
    "condition-in-a-group-that-must-hold": {"when": {"all": [{**LOW, "held": "5m"}]}},
    "opposite": {"when": {"not": LOW}},
    "end-that-is-not-told": {"kind": "state", "raise": {"resolved": False}},
    "what-is-learnt-later": {"colour": "red"},
}


@pytest.mark.parametrize("members", RICH.values(), ids=RICH.keys())
def test_form_keeps_off_what_it_would_lose(members: dict[str, object]) -> None:
    plain = {
        "kind": "signal",
        "name": "Two",
        "watch": {"facts": ["DEMO:PRICES:A:price"]},
        "when": LOW,
        "raise": {},
        "outputs": [],
    }
    assert draft_of(plain).name == "Two"

    with pytest.raises(TooRich):
        draft_of({**plain, **members})
