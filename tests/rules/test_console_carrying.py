"""Rules from YAML, taken in through the console."""

from __future__ import annotations

import pytest
from django.test import Client

from datasets.models import Dataset
from rules.models import Rule
from rules.services import create_rule
from tests.factories import NOW, MembershipFactory
from tests.rules.drafts import RULES, words_of
from workspaces.access import open_for_system
from workspaces.models import Role

pytestmark = pytest.mark.django_db

IMPORT = f"{RULES}/import"
WINDOWED = """\
rules:
  - slug: dear
    definition:
      kind: signal
      name: Dear for an hour
      when:
        fact: DEMO:PRICES:*:price
        over: {take: avg, length: 1h}
        op: gt
        value: 500
"""


def test_what_would_become_of_each_rule_is_said_before_it_is_stored(
    client: Client, prices: Dataset
) -> None:
    checked = client.post(IMPORT, {"text": WINDOWED, "do": "check"})

    page = words_of(checked.content.decode())
    assert (
        "When the average of price of any PRICES key over the last hour is above 500"
        in page
    )
    assert "dear created" in page
    assert not Rule.objects.exists()

    imported = client.post(IMPORT, {"text": WINDOWED, "do": "import"}, follow=True)

    assert imported.redirect_chain == [(RULES, 302)]
    assert "Rules imported: 1 created." in imported.content.decode()
    assert Rule.objects.get().name == "Dear for an hour"


def test_a_rule_that_the_form_cannot_hold_is_changed_as_yaml(
    client: Client, prices: Dataset
) -> None:
    client.post(IMPORT, {"text": WINDOWED, "do": "import"})
    rule = Rule.objects.get()
    address = f"{IMPORT}?rule={rule.uuid}"
    assert address in client.get(f"{RULES}/{rule.uuid}/edit").content.decode()

    written = client.get(address).context["form"].initial["text"]
    client.post(IMPORT, {"text": written.replace("500", "600"), "do": "import"})

    rule.refresh_from_db()
    assert rule.latest is not None
    assert rule.latest.definition["when"]["value"] == 600
    assert Rule.objects.count() == 1


def test_mistakes_are_said_with_their_lines_and_nothing_is_stored(
    client: Client, prices: Dataset
) -> None:
    wrong = WINDOWED.replace("op: gt", "op: near").replace("value: 500", "limit: 500")

    answer = client.post(IMPORT, {"text": wrong, "do": "import"})

    assert answer.status_code == 422
    said = answer.context["form"].errors["text"]
    assert any(one.startswith("Line 9: ") for one in said)
    assert not Rule.objects.exists()


@pytest.mark.parametrize("text", ["", "rules: [", "- 1", "rules: 3"])
def test_what_is_no_list_of_rules_is_refused_with_a_sentence(
    client: Client, prices: Dataset, text: str
) -> None:
    answer = client.post(IMPORT, {"text": text, "do": "import"})

    assert answer.status_code == 422
    assert answer.context["form"].errors["text"][0].endswith(".")


def test_who_may_only_look_imports_nothing(prices: Dataset) -> None:
    workspace = prices.workspace
    create_rule(
        access=open_for_system(workspace=workspace),
        definition={
            "kind": "signal",
            "name": "Cheap",
            "when": {"fact": "DEMO:PRICES:MSFT:price", "op": "lte", "value": 310},
        },
        now=NOW,
    )
    viewer = Client()
    viewer.force_login(MembershipFactory(workspace=workspace, role=Role.VIEWER).user)

    page = viewer.get(IMPORT)
    answer = viewer.post(IMPORT, {"text": WINDOWED, "do": "import"})

    assert "disabled" in page.content.decode()
    assert answer.status_code == 403
    assert Rule.objects.count() == 1


def test_more_than_a_form_may_hold_is_refused_with_a_sentence(
    client: Client, prices: Dataset
) -> None:
    answer = client.post(IMPORT, {"text": "a" * 3_000_000, "do": "import"})

    assert answer.status_code == 413
    assert "That is more text than can be pasted here" in answer.content.decode()
