"""The rules' pages, as forms without script post them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from alerts.models import Output
from datasets.models import Dataset
from rules.models import Rule
from rules.services import create_rule
from tests.factories import (
    NOW,
    DatasetFactory,
    MembershipFactory,
    UserFactory,
    WorkspaceFactory,
)
from tests.rules.drafts import RULES, feed, newest_definition, typed
from workspaces.access import open_for_system
from workspaces.models import Role

pytestmark = pytest.mark.django_db


def test_form_makes_a_rule_with_a_new_output_and_a_name(
    client: Client, prices: Dataset
) -> None:
    answer = client.post(f"{RULES}/new", typed(new_email="ana@example.com"))

    rule = Rule.objects.get()
    assert answer.status_code == 302
    assert rule.name == "MSFT price alert"
    assert newest_definition()["when"] == {
        "all": [{"fact": 0, "op": "lte", "value": 310.5}]
    }
    assert newest_definition()["outputs"][0]["at_most_every"] == "1h"
    assert Output.objects.get().config["to"] == ["ana@example.com"]


def test_form_compares_two_facts(client: Client, prices: Dataset) -> None:
    client.post(
        f"{RULES}/new",
        typed(**{"c-0-against": "fact", "c-0-value": "DEMO:PRICES:MSFT:open"}),
    )

    definition = newest_definition()
    assert definition["watch"]["facts"] == [
        "DEMO:PRICES:MSFT:price",
        "DEMO:PRICES:MSFT:open",
    ]


@pytest.mark.parametrize(
    ("changes", "control"),
    [
        ({"c-0-fact": "DEMO:PRICES:MSFT:prize"}, "c-0-fact"),
        ({"c-0-fact": "nonsense"}, "c-0-fact"),
        ({"c-0-fact": "DEMO:BONDS:MSFT:price"}, "c-0-fact"),
        ({"c-0-value": "cheap"}, "c-0-value"),
        ({"new_email": "ana"}, "new_email"),
        ({"new_webhook": "http://127.0.0.1/"}, "new_webhook"),
        ({"every": "soon", "new_email": "ana@example.com"}, "every"),
        ({"include": "nonsense"}, "include-0"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_wrong_field_is_named_keeps_what_was_typed_and_stores_nothing(
    client: Client, prices: Dataset, changes: dict[str, str], control: str
) -> None:
    answer = client.post(f"{RULES}/new", typed(**changes))

    page = answer.content.decode()
    assert answer.status_code == 422
    assert f'href="#{control}"' in page
    assert next(iter(changes.values())) in page
    assert not Rule.objects.exists()
    assert not Output.objects.exists()


def test_buttons_add_and_remove_conditions_without_script(
    client: Client, prices: Dataset
) -> None:
    added = client.post(f"{RULES}/new", typed(action="add-condition"))
    removed = client.post(
        f"{RULES}/new",
        typed(
            rows="2",
            action="remove-condition:0",
            **{"c-1-fact": "DEMO:PRICES:A:open", "c-1-op": "gt", "c-1-value": "1"},
        ),
    )

    assert [row.row.fact for row in added.context["shown"].rows] == [
        "DEMO:PRICES:MSFT:price",
        "DEMO:PRICES:MSFT:price",
    ]
    assert [row.row.fact for row in removed.context["shown"].rows] == [
        "DEMO:PRICES:A:open"
    ]


def test_edit_shows_what_was_saved_and_saving_it_makes_no_version(
    client: Client, prices: Dataset
) -> None:
    new = typed(new_email="ana@example.com", only_new="on")
    client.post(f"{RULES}/new", new)
    rule = Rule.objects.get()

    page = client.get(f"{RULES}/{rule.uuid}/edit")
    draft = page.context["draft"]
    same = {"name": draft.name, "outputs": draft.outputs[0], "only_new": "on"}
    client.post(f"{RULES}/{rule.uuid}/edit", typed(every="1", unit="h", **same))

    assert draft.rows[0].value == "310.50"
    assert draft.only_new
    assert "but not where it is so already" in rule.versions.get().sentence
    assert rule.versions.count() == 1


def test_suggestions_find_keys_and_offer_any_key(
    client: Client, prices: Dataset
) -> None:
    feed(prices, price=Decimal("309.20"))

    found = client.get(f"{RULES}/suggest?q=price").json()["options"]
    none = client.get(f"{RULES}/suggest?q=zzz").json()

    assert next(option["value"] for option in found) == "DEMO:PRICES:*:price"
    assert {"DEMO:PRICES:MSFT:price"} <= {option["value"] for option in found}
    assert next(one for one in found if "MSFT" in one["value"])["note"] == "309.20"
    assert none["options"] == []
    assert "zzz" in none["empty"]


def test_suggestions_know_a_fact_whose_value_stayed(
    client: Client, prices: Dataset
) -> None:
    for price in (Decimal("309.20"), Decimal("309.10"), Decimal("309.10")):
        feed(prices, price=price)

    found = client.get(f"{RULES}/suggest?q=msft+price").json()["options"]

    assert "309.10" in {option["note"] for option in found}


def test_list_shows_switches_and_counters_in_few_queries(
    client: Client, prices: Dataset, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        client.post(f"{RULES}/new", typed(name=f"Rule {number}"))

    with django_assert_max_num_queries(9):
        page = client.get(RULES).content.decode()
    filtered = client.get(f"{RULES}?q=Rule+11").content.decode()

    assert page.count('role="switch"') == 12
    assert filtered.count('role="switch"') == 1


def test_switch_turns_a_rule_off(client: Client, prices: Dataset) -> None:
    client.post(f"{RULES}/new", typed())
    rule = Rule.objects.get()

    client.post(f"{RULES}/{rule.uuid}/turn", {"on": "false"})

    rule.refresh_from_db()
    assert not rule.is_enabled


def test_nested_rule_is_shown_as_its_sentence(client: Client, prices: Dataset) -> None:
    access = open_for_system(workspace=prices.workspace)
    one = {"fact": "DEMO:PRICES:A:price", "op": "gt", "value": 1}
    rule = create_rule(
        access=access,
        definition={"name": "Nested", "when": {"all": [one, {"not": one}]}},
        now=NOW,
    )

    page = client.get(f"{RULES}/{rule.uuid}/edit").content.decode()

    assert "It nests groups of conditions." in page


@pytest.mark.parametrize("path", ["", "/new", "/suggest?q=a"])
def test_stranger_finds_nothing(prices: Dataset, path: str) -> None:
    client = Client()
    client.force_login(UserFactory())

    assert client.get(f"{RULES}{path}").status_code == 404


def test_viewer_sees_the_form_and_saves_nothing(prices: Dataset) -> None:
    viewer = MembershipFactory(workspace=prices.workspace, role=Role.VIEWER).user
    client = Client()
    client.force_login(viewer)

    assert client.get(f"{RULES}/new").status_code == 200
    assert client.post(f"{RULES}/new", typed()).status_code == 403
    assert not Rule.objects.exists()


def test_boolean_fact_offers_true_and_false_and_keeps_what_was_typed(
    client: Client, prices: Dataset
) -> None:
    page = client.post(
        f"{RULES}/new",
        typed(action="refresh", **{"c-0-fact": "DEMO:PRICES:MSFT:halted"}),
    ).content.decode()

    assert '<select id="c-0-value"' in page
    assert '<option value="true">true</option>' in page
    assert "310.50 (not for this fact)" in page


def test_focus_goes_on_from_what_a_button_changed(
    client: Client, prices: Dataset
) -> None:
    second = {"rows": "2", "c-1-fact": "DEMO:PRICES:A:open", "c-1-value": "1"}
    two_facts = {"include": ["DEMO:PRICES:A:open", "DEMO:PRICES:B:open"]}

    def focus_after(action: str, **more: object) -> str:
        sent = {**typed(action=action), **more}
        return str(client.post(f"{RULES}/new", sent).context["focus"])

    assert focus_after("add-condition") == "c-1-fact"
    assert focus_after("remove-condition:0", **second) == "c-0-fact"
    assert focus_after("remove-condition:1", **second) == "add-condition"
    assert focus_after("add-fact") == "include-0"
    assert focus_after("remove-fact:0", **two_facts) == "include-0"
    assert focus_after("remove-fact:1", **two_facts) == "add-fact"
    assert focus_after("remove-fact:x", **two_facts) == ""


def test_additional_facts_are_saved_and_shown_again(
    client: Client, prices: Dataset
) -> None:
    facts = ["DEMO:PRICES:MSFT:open", ""]

    client.post(f"{RULES}/new", {**typed(), "include": facts})

    rule = Rule.objects.get()
    page = client.get(f"{RULES}/{rule.uuid}/edit")
    assert newest_definition()["include"] == ["DEMO:PRICES:MSFT:open"]
    assert page.context["draft"].include == ("DEMO:PRICES:MSFT:open",)


def test_blank_row_says_nothing_and_errors_stay_at_their_rows(
    client: Client, prices: Dataset
) -> None:
    third = {"c-2-fact": "DEMO:PRICES:MSFT:open", "c-2-op": "gt", "c-2-value": "high"}

    answer = client.post(f"{RULES}/new", typed(rows="3", **third))

    assert [error.control for error in answer.context["errors"]] == ["c-2-value"]


def test_all_that_is_wrong_is_said_at_once(client: Client, prices: Dataset) -> None:
    answer = client.post(
        f"{RULES}/new", typed(new_email="ana", **{"c-0-value": "cheap"})
    )

    controls = {error.control for error in answer.context["errors"]}
    assert controls == {"c-0-value", "new_email"}


@pytest.mark.parametrize(
    ("asked", "rows"),
    [
        ("fact=DEMO:PRICES:MSFT:price", [("DEMO:PRICES:MSFT:price", "")]),
        (
            "rows=1&c-0-fact=DEMO:PRICES:A:open&c-0-value=7",
            [("DEMO:PRICES:A:open", "7")],
        ),
        ("rows=0", [("", "")]),
    ],
    ids=["fact", "draft", "none"],
)
def test_address_fills_the_form(
    client: Client, prices: Dataset, asked: str, rows: list[tuple[str, str]]
) -> None:
    draft = client.get(f"{RULES}/new?{asked}").context["draft"]

    assert [(row.fact, row.value) for row in draft.rows] == rows


def test_list_is_filtered_by_state_and_the_switch_leads_back_to_it(
    client: Client, prices: Dataset
) -> None:
    for name in ("First", "Second"):
        client.post(f"{RULES}/new", typed(name=name))
    first = Rule.objects.get(name="First")

    answer = client.post(f"{RULES}/{first.uuid}/turn?q=ir&state=on", {"on": "false"})

    assert answer["Location"] == f"{RULES}?q=ir&state=on"
    on = client.get(f"{RULES}?state=on").context["page"]
    off = client.get(f"{RULES}?state=off").context["page"]
    wrong = client.get(f"{RULES}?state=error")
    assert [rule.name for rule in on] == ["Second"]
    assert [rule.name for rule in off] == ["First"]
    assert "No rules match" in wrong.content.decode()


def test_switch_is_exchanged_in_place_and_says_so(
    client: Client, prices: Dataset
) -> None:
    client.post(f"{RULES}/new", typed(name="Cheap"))
    rule = Rule.objects.get()

    answer = client.post(
        f"{RULES}/{rule.uuid}/turn", {"on": "false"}, headers={"HX-Request": "true"}
    )

    page = answer.content.decode()
    assert f'id="switch-{rule.pk}"' in page
    assert 'aria-checked="false"' in page
    assert json.loads(answer["HX-Trigger"])["toast"]["text"] == "Cheap is off."


def simulated_quotes() -> Dataset:
    """CORE:QUOTES, which everybody may watch, simulated."""
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    return DatasetFactory(workspace=core, slug="QUOTES", is_simulated=True)


def chips(answer: Any) -> int:
    return int(answer.content.decode().count('data-chip="simulated"'))


def test_rule_over_simulated_facts_is_marked(client: Client, prices: Dataset) -> None:
    simulated_quotes()
    client.post(f"{RULES}/new", typed(name="Real"))
    real = client.get(RULES)
    changes = {"name": "Played", "c-0-fact": "core:quotes:MSFT:price"}
    client.post(f"{RULES}/new", typed(**changes))

    both = client.get(RULES)

    assert [marked for *_, marked in both.context["rows"]] == [True, False]
    assert (chips(real), chips(both)) == (0, 1)
    assert "Simulated data" not in real.content.decode()
    assert "Simulated data" in both.content.decode()


@pytest.mark.parametrize(
    ("changes", "marks"),
    [
        pytest.param({}, 0, id="none"),
        pytest.param({"c-0-fact": "CORE:QUOTES:*:price"}, 1, id="watched"),
        pytest.param(
            {"c-0-against": "fact", "c-0-value": "CORE:QUOTES:MSFT:price"},
            1,
            id="compared with",
        ),
    ],
)
def test_condition_on_simulated_facts_is_marked_while_typed(
    client: Client, prices: Dataset, changes: dict[str, Any], marks: int
) -> None:
    simulated_quotes()

    page = client.post(f"{RULES}/new", typed(action="refresh", **changes))
    preview = client.post(f"{RULES}/preview", typed(**changes))

    assert (chips(page), chips(preview)) == (marks, marks)
    assert ("Simulated data" in page.content.decode()) is bool(marks)


def test_form_begins_at_its_fact_unless_it_has_one(client: Client) -> None:
    blank = client.get(f"{RULES}/new").content.decode()
    begun = client.get(f"{RULES}/new?fact=DEMO:PRICES:MSFT:price").content.decode()

    assert blank.count(" autofocus") == 1
    assert " autofocus" not in begun


def test_additional_fact_that_is_simulated_marks_the_page(
    client: Client, prices: Dataset
) -> None:
    simulated_quotes()

    page = client.post(
        f"{RULES}/new", typed(action="refresh", include="CORE:QUOTES:MSFT:price")
    )

    assert "Simulated data" in page.content.decode()
