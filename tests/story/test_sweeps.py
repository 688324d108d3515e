"""Sweeps that find a row for which their work fails: the others do not wait for it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from pytest_django.fixtures import Settings

from alerts.models import Transition
from alerts.sweeping import sweep_timers
from datasets.models import Dataset, Origin
from datasets.services import open_lane
from rules.models import Rule, Version
from rules.services import create_rule, keep_segments
from tests.factories import NOW, DatasetFactory
from tests.spoilt import refuse
from tests.story.lane import drain, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(minutes=1)
HELD = {"name": "Cheap", "kind": "state", "hold": "30s"}


@pytest.fixture
def others(prices: Dataset) -> Dataset:
    """A dataset that was made after PRICES, so that sweeps come to it later."""
    return DatasetFactory(workspace=prices.workspace, slug="OTHERS")


def failed(caplog: pytest.LogCaptureFixture) -> dict[str, object]:
    """What the only row is called of which a sweep said that it failed."""
    (line,) = [one for one in caplog.records if one.message == "sweep failed"]
    return {
        kind: line.__dict__[kind]
        for kind in ("instance", "lane", "rule")
        if kind in line.__dict__
    }


def held(access: Access, dataset: Dataset, **said: object) -> Rule:
    """A rule on a dataset, in effect, whose hold is half a minute."""
    when = {"fact": f"DEMO:{dataset.slug}:MSFT:price", "op": "lte", "value": 310}
    rule = create_rule(
        access=access, definition={**HELD, "when": when, **said}, now=NOW
    )
    send(dataset, price(300))
    drain(dataset)
    return rule


def test_a_timer_that_cannot_be_stored_keeps_no_other_waiting(
    access: Access, prices: Dataset, others: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    stuck, fine = held(access, prices), held(access, others)
    lane_id = open_lane(prices).pk
    refuse("datasets_batch", action="INSERT", column="lane_id", value=lane_id)

    sweep_timers(now=LATER)
    drain(others)

    assert [one.rule for one in Transition.objects.all()] == [fine]
    # It is still due, and the log says where.
    assert stuck.instances.get().wake_at is not None
    assert failed(caplog) == {"lane": lane_id}


def test_a_timer_whose_lane_is_gone_keeps_no_other_of_its_dataset_waiting(
    access: Access, prices: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    fact = {"fact": "DEMO:PRICES:*:price", "op": "lte", "value": 310}
    rule = create_rule(
        access=access,
        definition={**HELD, "when": fact},
        now=NOW,
    )
    send(prices, price(300, of="AAPL"), price(300, of="MSFT"))
    drain(prices)
    Version.objects.filter(rule=rule).update(is_spread=True)
    # MSFT is of the third, which is missing, and AAPL of the first.
    Dataset.objects.filter(pk=prices.pk).update(shards=4)

    sweep_timers(now=LATER)

    batch = prices.lanes.get().batches.get(origin=Origin.TIMER)
    assert [key for _, key, _ in batch.options["timers"]] == ["AAPL"]
    stuck = rule.instances.get(wake_at__isnull=False)
    assert stuck.key == "MSFT"
    assert failed(caplog) == {"instance": stuck.pk}


def test_a_rule_that_cannot_be_ended_lets_the_others_expire(
    access: Access, prices: Dataset, caplog: pytest.LogCaptureFixture
) -> None:
    end = LATER.isoformat()
    stuck = held(access, prices, name="Stuck", expires_at=end)
    fine = held(access, prices, name="Fine", expires_at=end)
    refuse("rules_rule", action="UPDATE", column="id", value=stuck.pk)

    sweep_timers(now=LATER)

    enabled = Rule.objects.filter(is_enabled=True).values_list("name", flat=True)
    assert list(enabled) == ["Stuck"]
    assert not Rule.objects.get(pk=fine.pk).is_enabled
    assert failed(caplog) == {"rule": stuck.pk}


def test_a_lane_without_a_schema_leaves_the_segments_of_the_others(
    prices: Dataset,
    others: Dataset,
    caplog: pytest.LogCaptureFixture,
    settings: Settings,
    tmp_path: Path,
) -> None:
    settings.BELLWETHER_SEGMENTS_DIR = tmp_path
    for dataset in (prices, others):
        send(dataset, price(300))
        drain(dataset)
    Dataset.objects.filter(pk=prices.pk).update(schema={"type": "nonsense"})

    keep_segments(now=NOW, least_events=1)

    (kept,) = [one for one in tmp_path.iterdir() if one.is_dir()]
    assert kept.name.startswith(f"{open_lane(others).pk}-")
    assert failed(caplog) == {"lane": open_lane(prices).pk}
