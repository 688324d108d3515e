"""What a draft over several datasets would have done over the logs of all of them."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from alerts.models import Transition
from alerts.sweeping import sweep_timers
from datasets.models import Dataset
from rules.services import (
    Backtest,
    Comparison,
    backtest_rule,
    create_rule,
    start_comparison,
)
from tests.factories import NOW, DatasetFactory
from tests.story.lane import drain, drain_everything, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

ABOVE: dict[str, Any] = {
    "name": "Above",
    "kind": "state",
    "when": {
        "fact": "DEMO:LEFT:*:price",
        "op": "gt",
        "value": {"fact": "DEMO:RIGHT:*:price"},
    },
}


@pytest.fixture
def left(access: Access) -> Dataset:
    """DEMO:LEFT, the home of the rules."""
    return DatasetFactory(workspace=access.workspace, slug="LEFT")


@pytest.fixture
def right(access: Access) -> Dataset:
    """DEMO:RIGHT, of which home is told."""
    return DatasetFactory(workspace=access.workspace, slug="RIGHT")


def tried(access: Access, **changes: object) -> Backtest:
    return backtest_rule(
        access=access,
        definition={**ABOVE, **changes},
        now=NOW + timedelta(days=1),
    )


def steps(found: Backtest) -> list[tuple[str, str, Any]]:
    return [(str(hit.kind), hit.key, hit.at) for hit in found.hits]


def live() -> list[tuple[str, str, Any]]:
    rows = Transition.objects.order_by("seq", "ord", "pk")
    return list(rows.values_list("kind", "key", "at"))


@pytest.mark.parametrize("seed", [1, 2])
def test_past_that_home_was_told_of_comes_in_the_order_in_which_it_was(
    access: Access, left: Dataset, right: Dataset, seed: int
) -> None:
    dice = Random(seed)
    create_rule(access=access, definition={**ABOVE, "hold": "9s"}, now=NOW)
    drain_everything()

    for at in range(60):
        of = dice.choice("AB")
        send(dice.choice([left, right]), price(dice.randrange(4), of=of), at=at * 3)
        if dice.random() < 0.4:
            drain(dice.choice([left, right]))
    drain_everything()
    sweep_timers(now=NOW + timedelta(days=1))
    drain_everything()

    found = tried(access, hold="9s")
    assert steps(found) == live()
    assert len(found.hits) > 3
    assert (found.events, found.is_cut) == (60, False)


def test_past_that_home_was_never_told_of_comes_by_its_receipt(
    access: Access, left: Dataset, right: Dataset
) -> None:
    for dataset, amount, at in [
        (left, 5, 0),
        (right, 4, 1),
        (left, 3, 2),
        (right, 2, 3),
    ]:
        send(dataset, price(amount), at=at)
    drain(right)
    drain(left)

    found = tried(access)

    seconds = [(kind, (at - NOW).total_seconds()) for kind, _, at in steps(found)]
    assert seconds == [("opened", 1), ("resolved", 2), ("opened", 3)]


def test_each_lane_is_read_as_far_as_its_share_reaches(
    access: Access, left: Dataset, right: Dataset, settings: Any
) -> None:
    settings.BELLWETHER_BACKTEST_EVENTS = 4
    for at in range(6):
        send(left, price(5), at=at)
        send(right, price(4), at=at)
    drain_everything()
    changes = {"fact": "DEMO:LEFT:*:price", "op": "changed"}

    found = tried(access, when={"all": [ABOVE["when"], changes]})

    assert (found.events, found.is_cut) == (4, True)


def test_edit_is_compared_alert_by_alert(
    access: Access, left: Dataset, right: Dataset
) -> None:
    rule = create_rule(access=access, definition=ABOVE, now=NOW)
    for at, (dataset, amount) in enumerate(
        [(right, 4), (left, 5), (left, 3), (left, 9), (left, 2), (right, 1)]
    ):
        send(dataset, price(amount), at=at)
        drain_everything()
    when = {**ABOVE["when"], "value": {"fact": "DEMO:RIGHT:*:price", "times": 2}}

    same, edited = (
        start_comparison(
            access=access,
            rule=rule,
            definition={**ABOVE, "when": one},
            now=NOW + timedelta(days=1),
        )
        for one in (ABOVE["when"], when)
    )

    assert isinstance(same, Comparison)
    assert isinstance(edited, Comparison)
    assert (same.added, same.removed, same.kept) == (0, 0, 3)
    assert (edited.added, edited.removed, edited.kept) == (0, 2, 1)
    assert [hit.value for hit in edited.removed_hits] == [5, 2]
