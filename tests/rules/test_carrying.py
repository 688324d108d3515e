"""Rules carried as YAML: out of a workspace, into one, and back."""

from __future__ import annotations

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from datasets.models import Batch, Origin
from rules.models import Rule, Version
from rules.services import (
    RulesFileInvalid,
    export_rules,
    import_rules,
    turn_rule,
)
from tests.alerts.market import Market, open_market
from tests.factories import (
    NOW,
    DatasetFactory,
    MembershipFactory,
    TokenFactory,
    WorkspaceFactory,
)
from workspaces.access import Access, open_for_system

pytestmark = pytest.mark.django_db

API = "/api/v1/workspaces/demo/rules"


@pytest.fixture
def market(db: None) -> Market:
    return open_market()


@pytest.fixture
def client(market: Market) -> Client:
    _, text = TokenFactory.with_text(workspace=market.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


@pytest.fixture
def elsewhere(db: None) -> Access:
    workspace = WorkspaceFactory(slug="PLANT")
    DatasetFactory(workspace=workspace, slug="PRICES")
    return open_for_system(workspace=workspace)


def carried(access: Access, text: str, **more: bool) -> list[tuple[str, str]]:
    done = import_rules(access=access, text=text.encode(), now=NOW, **more)
    return [(one.slug, one.action) for one in done]


def definition_of(rule: str, workspace: str = "DEMO") -> Any:
    found = Rule.objects.alive().get(slug=rule, workspace__slug=workspace)
    assert found.latest is not None
    return found.latest.definition


def test_rules_come_back_as_they_were(market: Market) -> None:
    market.watch(when={"fact": 0, "op": "lte", "value": 310.50}, hold=None)
    off = market.watch(name="Dear", kind="state", hold="5m")
    turn_rule(access=market.access, rule=off, on=False, now=NOW)
    text = export_rules(access=market.access)
    before = {one.slug: definition_of(one.slug) for one in Rule.objects.all()}
    changes = Batch.objects.filter(origin=Origin.RULE).count()

    assert carried(market.access, text) == [
        ("cheap", "unchanged"),
        ("dear", "unchanged"),
    ]
    assert Batch.objects.filter(origin=Origin.RULE).count() == changes
    Rule.objects.all().delete()
    assert carried(market.access, text) == [("cheap", "created"), ("dear", "created")]
    assert {one.slug: definition_of(one.slug) for one in Rule.objects.all()} == before
    assert list(Rule.objects.order_by("slug").values_list("is_enabled", flat=True)) == [
        True,
        False,
    ]


def test_edit_in_the_file_is_a_new_version(market: Market) -> None:
    market.watch()
    text = export_rules(access=market.access).replace("value: 310", "value: 300")

    assert carried(market.access, text) == [("cheap", "changed")]
    assert definition_of("cheap")["when"]["value"] == 300
    assert Version.objects.count() == 2


def test_switch_in_the_file_turns_the_rule(market: Market) -> None:
    market.watch()
    text = export_rules(access=market.access)

    off = carried(market.access, text.replace("is_enabled: true", "is_enabled: false"))

    assert off == [("cheap", "changed")]
    assert not Rule.objects.get().is_enabled
    assert Version.objects.count() == 1


def test_rules_go_to_another_workspace_with_their_facts(
    market: Market, elsewhere: Access
) -> None:
    market.watch(include=["DEMO:PRICES:*:open"])
    text = export_rules(access=market.access)

    assert carried(elsewhere, text) == [("cheap", "created")]
    there = definition_of("cheap", "PLANT")
    assert there["watch"] == {"facts": ["PLANT:PRICES:*:price"]}
    assert there["include"] == ["PLANT:PRICES:*:open"]


def test_facts_written_where_they_are_used_move_too(elsewhere: Access) -> None:
    text = """
workspace: demo
rules:
  - definition:
      name: Inline
      when: {fact: "DEMO:PRICES:*:price", op: gt, value: {fact: "Demo:PRICES:*:open"}}
"""

    assert carried(elsewhere, text) == [("inline", "created")]
    assert definition_of("inline", "PLANT")["watch"]["facts"] == [
        "PLANT:PRICES:*:price",
        "PLANT:PRICES:*:open",
    ]


def test_check_stores_nothing(market: Market) -> None:
    market.watch()
    text = export_rules(access=market.access)
    new = text.replace("slug: cheap", "slug: cheaper")

    assert carried(market.access, new, only_check=True) == [("cheaper", "created")]
    assert Rule.objects.count() == 1


IN_WHEN = """rules:
  - definition:
      name: A
      when:
        fact: "DEMO:PRICES:*:price"
        op: above
        value: 1
"""
GOOD = """rules:
  - slug: cheap
    definition:
      name: A
      when: {fact: "DEMO:PRICES:*:price", op: gt, value: 1}
"""
TOLD = f"{GOOD}      outputs:\n        - output: nobody\n"
WRONG = {
    "no yaml": ("rules: [", 1, "not YAML"),
    "no rules": ("workspace: DEMO", 1, '"rules"'),
    "unknown member": ("rules:\n  - definition: {}\n    colour: red\n", 3, "colour"),
    "no definition": ("rules:\n  - slug: a\n", 2, "definition"),
    "definition of another kind": ("rules:\n  - definition: 5\n", 2, "object"),
    "bad slug": ("rules:\n  - slug: A b\n    definition: {}\n", 2, "small letters"),
    "wrong operator": (IN_WHEN, 6, "above"),
    "unknown field": (GOOD.replace("price", "prize"), 5, "prize"),
    "unknown output": (TOLD, 7, "nobody"),
    "other kind": (
        GOOD.replace("name: A", "name: A\n      kind: state"),
        3,
        "stays one",
    ),
    "named twice": (f"{GOOD}{GOOD.removeprefix('rules:')}"[:-1], 7, "named twice"),
}


@pytest.mark.parametrize(("text", "line", "words"), WRONG.values(), ids=WRONG)
def test_wrong_file_is_refused_with_its_line(
    market: Market, text: str, line: int, words: str
) -> None:
    market.watch()

    with pytest.raises(RulesFileInvalid) as refused:
        carried(market.access, text)

    said = [one.detail for one in refused.value.errors if words in one.detail]
    assert said[0].startswith(f"Line {line}: ")
    assert Rule.objects.count() == 1


def test_programs_export_and_import(market: Market, client: Client) -> None:
    market.watch()
    text = client.get(f"{API}/export")
    one = client.get(f"{API}/cheap/export")
    Rule.objects.all().delete()

    def post(query: str, body: bytes) -> Any:
        return client.post(f"{API}/import{query}", body, "application/yaml")

    checked = post("?check=true", text.content)
    made = post("", text.content)
    refused = post("", b"rules: 5")

    assert (text["Content-Type"], one.content) == ("application/yaml", text.content)
    assert checked.json() == made.json()
    [carried] = made.json()
    assert carried.pop("sentence").startswith("When price of any PRICES key is ")
    assert carried == {"slug": "cheap", "name": "Cheap", "action": "created"}
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/rules"


def test_console_hands_the_file_out(market: Market) -> None:
    market.watch()
    client = Client()
    client.force_login(MembershipFactory(workspace=market.workspace).user)
    page = client.get("/w/DEMO/rules").content.decode()

    whole = client.get("/w/DEMO/rules/export")
    one = client.get("/w/DEMO/rules/cheap/export")

    assert 'href="/w/DEMO/rules/export"' in page
    assert whole.content.decode() == export_rules(access=market.access)
    assert 'filename="demo-rules.yaml"' in whole["Content-Disposition"]
    assert 'filename="cheap.yaml"' in one["Content-Disposition"]


def test_readers_may_not_import(market: Market) -> None:
    _, text = TokenFactory.with_text(workspace=market.workspace, kind="publishable")
    reader = Client(headers={"Authorization": f"Bearer {text}"})

    assert reader.post(f"{API}/import", b"", "application/yaml").status_code == 403
    assert reader.get(f"{API}/export").status_code == 403


def test_commands_carry_a_file(market: Market, tmp_path: Path) -> None:
    market.watch()
    out = StringIO()
    call_command("export_rules", "DEMO", "cheap", stdout=out)
    path = tmp_path / "rules.yaml"
    path.write_text(out.getvalue())
    Rule.objects.all().delete()

    said = StringIO()
    call_command("import_rules", "DEMO", str(path), stdout=said)

    assert said.getvalue() == "created: cheap (Cheap)\n"
    path.write_text(out.getvalue().replace("op: lte", "op: under"))
    with pytest.raises(CommandError, match="Nothing was stored"):
        call_command("import_rules", "DEMO", str(path), stdout=said)
    assert f"{path}: Line 9: " in said.getvalue()
    with pytest.raises(CommandError, match="no rule dear"):
        call_command("export_rules", "DEMO", "dear", stdout=said)
