"""Two datasets written at once by clients of their own, and a rule over both.

What the home lane's log says happened, in its order, is what its rules must have
judged: the reference evaluator, told of nothing else, comes to the same transitions.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from django.test import Client

from alerts.models import Transition
from alerts.services import check_replay
from datasets.models import Batch, Dataset, Origin
from datasets.services import open_lane, read_log
from rules.models import Version
from rules.services import change_rule, create_rule, turn_rule
from tests.factories import NOW, DatasetFactory, TokenFactory
from tests.rules.engine.reference import ReferenceEvaluator, Told
from tests.story.lane import at_once, drain, drain_everything
from workspaces.access import Access

KEYS = ("A", "B", "C")
LEFT = {"fact": "DEMO:LEFT:*:price"}
RIGHT = {"fact": "DEMO:RIGHT:*:price", "times": 2, "plus": -3}
DEFINITIONS: Mapping[str, Mapping[str, Any]] = {
    "above": {"kind": "signal", "when": {**LEFT, "op": "gt", "value": RIGHT}},
    "held": {
        "kind": "state",
        "when": {**LEFT, "op": "lte", "value": RIGHT},
        "hold": "20s",
        "no_data": {"after": "40s", "then": "alert"},
    },
    "crossing": {"kind": "signal", "when": {**LEFT, "op": "cross", "value": RIGHT}},
    "concrete": {
        "kind": "state",
        "watch": {"facts": ["DEMO:LEFT:B:price"]},
        "when": {
            "any": [
                {"fact": "DEMO:RIGHT:A:price", "op": "gt", "value": 7},
                {"fact": "DEMO:LEFT:B:price", "op": "lt", "value": 3},
            ]
        },
    },
}


@pytest.fixture
def left(access: Access) -> Dataset:
    """DEMO:LEFT, the home of the rules."""
    return DatasetFactory(workspace=access.workspace, slug="LEFT", date_field="venue")


@pytest.fixture
def right(access: Access) -> Dataset:
    """DEMO:RIGHT, of which home is told."""
    return DatasetFactory(workspace=access.workspace, slug="RIGHT", date_field="venue")


class Writer:
    """A client that posts to a dataset as the dice fall, and has it drained."""

    def __init__(self, dataset: Dataset, token: str, seed: int) -> None:
        self.dataset, self.token, self.dice = dataset, token, Random(seed)
        self.client = Client()

    def write(self, requests: int) -> None:
        """Post so many requests, each after the answer to the one before."""
        for second in range(requests):
            self.post([self.event(second * 7) for _ in range(self.dice.randint(1, 3))])

    def post(self, events: list[dict[str, object]]) -> None:
        """Post some events in one request, and have them judged."""
        answer = self.client.post(
            f"/api/v1/workspaces/DEMO/datasets/{self.dataset.slug}/records",
            data=json.dumps(events),
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.token}"},
        )
        assert answer.status_code in (200, 201, 202), answer.content
        drain(self.dataset)

    def event(self, second: int) -> dict[str, object]:
        """Some price, seldom none, mostly of now."""
        behind = self.dice.choice([0, 0, 0, 10, 90])
        price = self.dice.choice([*range(10), None])
        return trade(self.dice.choice(KEYS), price, second - behind)


def trade(symbol: str, price: int | None, second: int) -> dict[str, object]:
    """A record of either dataset."""
    at = NOW + timedelta(seconds=second)
    return {"symbol": symbol, "price": price, "venue": at.isoformat()}


@pytest.mark.django_db(transaction=True)
def test_rules_over_two_datasets_agree_with_the_reference_in_the_order_of_home(
    access: Access, left: Dataset, right: Dataset
) -> None:
    _, text = TokenFactory.with_text(workspace=access.workspace)
    rules = [
        create_rule(access=access, definition={"name": name, **one}, now=NOW)
        for name, one in DEFINITIONS.items()
    ]
    writers = [
        Writer(dataset, text, seed) for seed, dataset in enumerate((left, right) * 2)
    ]

    def change_rules() -> None:
        for price in (4, 6):
            wanted = {**LEFT, "op": "gt", "value": {**RIGHT, "plus": -price}}
            changed = {"name": "above", "kind": "signal", "when": wanted}
            change_rule(access=access, rule=rules[0], definition=changed, now=NOW)
            turn_rule(access=access, rule=rules[2], on=price == 6, now=NOW)

    at_once(*(lambda one=one: one.write(12) for one in writers), change_rules)
    finish(*writers[:2])
    drain_everything()

    stored = sorted(stored_steps(), key=place_of)
    judged = (one._replace(severity="") for one in judged_by_reference(left))
    assert stored == sorted(judged, key=place_of)
    assert {one.rule_id for one in stored} == {rule.pk for rule in rules}
    for rule in rules:
        rule.refresh_from_db()
        assert rule.is_in_effect
    replayed = check_replay(dataset=left)
    assert (replayed.same, replayed.differing) == (len(stored), 0)


def finish(left: Writer, right: Writer) -> None:
    """Make every rule true at last, however the writers' requests fell together."""
    for home, other, second in ((0, 9, 200), (0, 9, 240), (9, 0, 280)):
        right.post([trade("A", other, second)])
        left.post([trade(key, home, second) for key in "AB"])


def place_of(one: Told) -> tuple[object, ...]:
    return one.seq, one.ord, one.rule_id, one.key, one.kind


def stored_steps() -> Iterator[Told]:
    """Every stored transition in the words of the reference."""
    opening: dict[Any, tuple[int, int]] = {}
    rows = Transition.objects.order_by("seq", "ord", "number", "pk")
    for row in rows.select_related("alert"):
        begins = opening.setdefault(row.alert_id, (row.seq, row.ord))
        yield Told(
            rule_id=row.rule_id,
            version=row.alert.version_id,
            key=row.key,
            kind=row.kind,
            seq=row.seq,
            ord=row.ord,
            opening=begins,
            told=(),
        )


def judged_by_reference(home: Dataset) -> Iterator[Told]:
    """What the reference says of the home lane's log, batch by batch."""
    reference = ReferenceEvaluator()
    for settled in read_log(lane=open_lane(home), start=1):
        for one in settled:
            if one.batch.origin == Origin.RULE:
                yield from sorted(change(reference, one.batch))
                continue
            for event in one.events:
                series = f"DEMO:{Dataset.objects.get(pk=event.dataset_id).slug}"
                subject = series, event.key
                if one.batch.options.get("snapshot"):
                    take_in(reference, subject, event)
                    continue
                late = event.is_late if one.batch.origin == Origin.FORWARD else None
                yield from reference.judge(
                    series,
                    event.key,
                    event.fields,
                    event.event_time,
                    one.seq,
                    event.ord,
                    late=late,
                )


def change(reference: ReferenceEvaluator, batch: Batch) -> list[Told]:
    """Let the reference judge by another version, or by none."""
    options = batch.options
    if "version" not in options:
        return []
    closed = []
    rule_id = options["rule"]
    if rule_id in reference.rules:
        closed = reference.remove(rule_id)
    if options["version"] is not None:
        version = Version.objects.get(pk=options["version"])
        reference.put(rule_id, version.pk, version.definition)
    place = (batch.seq or 0, 0)
    return [one._replace(seq=place[0], ord=0, kind="closed") for one in closed]


def take_in(
    reference: ReferenceEvaluator, subject: tuple[str, str], event: Any
) -> None:
    """Tell the reference how facts stood elsewhere: two values, the newest last."""
    for name, (value, previous, *_) in event.fields.items():
        reference.history[subject] += [{name: previous}, {name: value}]
    reference.watermarks[subject] = event.event_time
