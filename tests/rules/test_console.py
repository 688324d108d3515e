"""The rules' pages, as forms without script post them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from alerts.models import Output
from alerts.pipeline import drain_lane
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, open_lane
from rules.console.drafts import Draft, Row, TooRich, definition_of, draft_of
from rules.engine import FieldType, parse_definition, to_definition
from rules.models import Rule, Version
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, MembershipFactory, UserFactory
from workspaces.access import open_for_system
from workspaces.models import Role, User

pytestmark = pytest.mark.django_db

RULES = "/w/DEMO/rules"


@pytest.fixture
def owner(db: None) -> User:
    return MembershipFactory(workspace__slug="DEMO").user


@pytest.fixture
def prices(owner: User) -> Dataset:
    workspace = owner.memberships.get().workspace
    return DatasetFactory(workspace=workspace, slug="PRICES")


@pytest.fixture
def client(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def newest_definition() -> dict[str, Any]:
    definition: dict[str, Any] = Version.objects.latest("pk").definition
    return definition


def typed(**changes: str) -> dict[str, str]:
    return {
        "rows": "1",
        "match": "all",
        "c-0-fact": "DEMO:PRICES:MSFT:price",
        "c-0-op": "lte",
        "c-0-value": "310.50",
        "c-0-against": "value",
        "severity": "warning",
        "telling": "every_match",
        "every": "60",
        "unit": "m",
        "action": "save",
        **changes,
    }


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
        ({"include": "nonsense"}, "include"),
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

    assert [row["row"].fact for row in added.context["rows"]] == [
        "DEMO:PRICES:MSFT:price",
        "DEMO:PRICES:MSFT:price",
    ]
    assert [row["row"].fact for row in removed.context["rows"]] == [
        "DEMO:PRICES:A:open"
    ]


def test_edit_shows_what_was_saved_and_saving_it_makes_no_version(
    client: Client, prices: Dataset
) -> None:
    client.post(f"{RULES}/new", typed(new_email="ana@example.com"))
    rule = Rule.objects.get()

    page = client.get(f"{RULES}/{rule.uuid}/edit")
    draft = page.context["draft"]
    client.post(
        f"{RULES}/{rule.uuid}/edit",
        typed(name=draft.name, outputs=draft.outputs[0], every="1", unit="h"),
    )

    assert draft.rows[0].value == "310.5"
    assert rule.versions.count() == 1


def test_preview_reads_the_draft_back(client: Client, prices: Dataset) -> None:
    said = client.post(f"{RULES}/preview", typed()).content.decode()
    blank = client.post(f"{RULES}/preview", {"rows": "1"}).content.decode()

    assert "MSFT price is at or below 310.50" in said
    assert "Pick a fact to begin" in blank


def test_suggestions_find_keys_and_offer_any_key(
    client: Client, prices: Dataset
) -> None:
    accept_batch(
        dataset=prices,
        events=[{"symbol": "MSFT", "price": Decimal("309.20")}],
        ingest=Ingest(),
        now=NOW,
    )
    drain_lane(lane_id=open_lane(prices).pk)

    found = client.get(f"{RULES}/suggest?q=price").json()["options"]
    none = client.get(f"{RULES}/suggest?q=zzz").json()

    assert next(option["value"] for option in found) == "DEMO:PRICES:*:price"
    assert {"DEMO:PRICES:MSFT:price"} <= {option["value"] for option in found}
    assert next(one for one in found if "MSFT" in one["value"])["note"] == "309.20"
    assert none["options"] == []
    assert "zzz" in none["empty"]


def test_list_shows_switches_and_counters_in_few_queries(
    client: Client, prices: Dataset, django_assert_max_num_queries: Any
) -> None:
    for number in range(12):
        client.post(f"{RULES}/new", typed(name=f"Rule {number}"))

    with django_assert_max_num_queries(8):
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
        definition_of(draft, outputs=draft.outputs, type_of=lambda _: FieldType.ANY),
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
