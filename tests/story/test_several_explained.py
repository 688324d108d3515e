"""Why a rule over several datasets was true, or not, of a record of either of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from alerts.models import Alert
from alerts.services import make_rule_test
from datasets.models import Dataset
from rules.models import Rule
from rules.services import (
    ExplanationInvalid,
    RecordPlace,
    create_rule,
    explain_rule,
    preview_rule,
    run_rule_tests,
)
from tests.factories import NOW, DatasetFactory
from tests.story.lane import drain_everything, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

DEFINITION: dict[str, Any] = {
    "name": "Above",
    "kind": "signal",
    "when": {
        "fact": "DEMO:LEFT:*:price",
        "op": "gt",
        "value": {"fact": "DEMO:RIGHT:*:price", "times": 2},
    },
}


@pytest.fixture
def left(access: Access) -> Dataset:
    """DEMO:LEFT, the home of the rule."""
    return DatasetFactory(workspace=access.workspace, slug="LEFT")


@pytest.fixture
def right(access: Access) -> Dataset:
    """DEMO:RIGHT, of which home is told."""
    return DatasetFactory(workspace=access.workspace, slug="RIGHT")


@pytest.fixture
def batches(access: Access, left: Dataset, right: Dataset) -> dict[str, int]:
    """Batches by their names, around a rule that begins in their middle."""

    def say(dataset: Dataset, amount: int, *, at: int) -> int:
        batch = send(dataset, {**price(amount), "volume": at}, at=at)
        drain_everything()
        return batch

    made = {"unread": say(right, 4, at=0)}
    create_rule(access=access, definition=DEFINITION, now=NOW)
    drain_everything()
    made |= {"low": say(left, 7, at=1), "fallen": say(right, 3, at=2)}
    made |= {"risen": say(right, 9, at=70), "last": say(left, 8, at=71)}
    return made


def explain(access: Access, batch: int | None = None, **asked: str) -> Any:
    place = None if batch is None else RecordPlace(batch=batch, ord=0)
    return explain_rule(
        access=access,
        rule=Rule.objects.get(),
        place=place,
        now=NOW + timedelta(minutes=2),
        **asked,
    )


@pytest.mark.parametrize(
    ("name", "truth", "found", "wanted"),
    [
        ("low", False, 7, 8),
        ("fallen", True, 7, 6),
        ("risen", False, 7, 18),
        ("last", False, 8, 18),
    ],
)
def test_record_of_either_dataset_is_explained_as_home_saw_it(
    access: Access,
    batches: dict[str, int],
    name: str,
    truth: bool,
    found: int,
    wanted: int,
) -> None:
    told = explain(access, batches[name])

    assert told.record == f"{batches[name]}.0"
    assert (told.key, told.is_in_effect) == ("MSFT", True)
    assert (told.tree["found"], told.tree["wanted"]) == (found, wanted)
    assert told.tree["truth"] is truth
    assert told.held == ()
    if name == "fallen":
        assert [step.kind for step in told.steps] == ["raised"]
    else:
        assert told.steps == []


def test_alert_of_several_datasets_makes_a_test(
    access: Access, batches: dict[str, int]
) -> None:
    (alert,) = Alert.objects.all()

    text = make_rule_test(access=access, alert_id=alert.pk)

    (result,) = run_rule_tests(text=text.encode())
    assert result.has_passed
    series = [event.series for event in result.case.events]
    assert series == ["DEMO:RIGHT", "DEMO:LEFT", "DEMO:RIGHT"]


def test_record_that_home_was_not_told_of_says_so(
    access: Access, batches: dict[str, int]
) -> None:
    with pytest.raises(ExplanationInvalid, match="DEMO:LEFT, where this rule is") as e:
        explain(access, batches["unread"])

    assert e.value.errors[0].pointer == "/batch"


def test_now_is_explained_by_what_home_knows(
    access: Access, batches: dict[str, int]
) -> None:
    told = explain(access, key="MSFT")

    assert (told.tree["found"], told.tree["wanted"]) == (8, 18)


@pytest.mark.parametrize(
    ("seconds", "name"), [(1, "low"), (60, "fallen"), (70, "risen"), (90, "last")]
)
def test_moment_is_explained_by_the_last_event_of_either_dataset(
    access: Access, batches: dict[str, int], seconds: int, name: str
) -> None:
    moment = NOW + timedelta(seconds=seconds)

    told = explain(access, key="MSFT", at=moment.isoformat())

    asked = explain(access, batches[name])
    assert told.record == f"{batches[name]}.0"
    assert (told.tree, told.at) == (asked.tree, asked.at)


def test_moment_before_home_was_told_of_anything_says_so(
    access: Access, batches: dict[str, int]
) -> None:
    with pytest.raises(ExplanationInvalid, match="No event of MSFT by then is stored"):
        explain(access, key="MSFT", at=NOW.isoformat())


def test_draft_is_previewed_over_the_facts_of_both(
    access: Access, batches: dict[str, int]
) -> None:
    when = {**DEFINITION["when"], "op": "lte"}

    preview = preview_rule(
        access=access, definition={**DEFINITION, "when": when}, now=NOW
    )

    assert preview.problems == ()
    assert preview.whole is not None
    assert preview.whole.holding == ("MSFT",)
    assert "2 times" in preview.sentence
