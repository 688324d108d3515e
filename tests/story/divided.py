"""A dataset that is divided into shards, or not, and what comes of events in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from random import Random
from typing import Any

from alerts.models import Transition
from alerts.services import check_replay
from datasets.models import Dataset
from datasets.schemas import Index
from datasets.services import DatasetDraft, create_dataset
from rules.models import Rule
from rules.services import backtest_rule, create_rule
from tests.factories import NOW, WorkspaceFactory
from tests.story.lane import drain_everything, price, send
from workspaces.access import Access, open_for_system
from workspaces.models import Workspace

SHARDS = 4
#: Of a past in which every rule has something to say.
SEED = 3
#: Of shards 2, 0, 1, 3, 3 and 0.
KEYS = ("MSFT", "AAPL", "PEP", "SPY", "KO", "SHOP")
SCHEMA = {
    "type": "object",
    "properties": {
        "symbol": {"type": "string"},
        "price": {"type": ["number", "null"]},
        "at": {"type": "string", "format": "date-time"},
    },
    "required": ["symbol"],
}


def made(access: Access, shards: int, slug: str = "PRICES", **said: Any) -> Dataset:
    """DEMO:PRICES by symbol, divided or not."""
    draft = DatasetDraft(
        slug=slug,
        schema=SCHEMA,
        index=Index(key="symbol", date="at"),
        shards=shards,
        **said,
    )
    return create_dataset(access=access, draft=draft, now=NOW)


def fact(key: str) -> str:
    return f"DEMO:PRICES:{key}:price"


def cheap(key: str, **said: object) -> dict[str, object]:
    return {
        "kind": "signal",
        "name": f"Cheap {key}",
        "when": {"fact": fact(key), "op": "lte", "value": 6},
        **said,
    }


Sent = Sequence[Sequence[tuple[str, int, int]]]
"""Requests of records: a key, a price, and the seconds since the one before."""


def history(seed: int) -> Sent:
    """Requests of one to six records; some come late, some all at one time."""
    draw = Random(seed)
    return [
        [
            (
                draw.choice(KEYS),
                draw.randint(0, 10),
                draw.choice((-90, -3, 0, 9, 9, 25)),
            )
            for _ in range(draw.randint(1, 6))
        ]
        for _ in range(18)
    ]


def leave_alone(access: Access, number: int) -> None:
    """Let nothing happen between two requests."""


def play(
    shards: int,
    rules: Sequence[Mapping[str, Any]],
    sent: Sent,
    *,
    name: str,
    meddle: Callable[[Access, int], None] = leave_alone,
) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Tell what came of requests in a workspace of its own: steps, and counters."""
    access = open_for_system(workspace=WorkspaceFactory(slug=name))
    prices = made(access, shards)
    for rule in rules:
        own = json.loads(json.dumps(rule).replace("DEMO:", f"{name}:"))
        create_rule(access=access, definition=own, now=NOW)
    drain_everything()
    seconds = 0
    for number, request in enumerate(sent):
        meddle(access, number)
        drain_everything()
        events = []
        for key, amount, later in request:
            seconds += max(later, 0)
            at = NOW + timedelta(seconds=seconds + min(later, 0))
            events.append({**price(amount, of=key), "at": at.isoformat()})
        send(prices, *events, at=seconds)
        drain_everything()
    steps = Transition.objects.filter(rule__workspace=access.workspace)
    counted = Rule.objects.counted().filter(workspace=access.workspace)
    return (
        sorted(
            (
                one.rule.name,
                one.key,
                one.at,
                one.kind,
                [*map(str, one.alert.values.values())],
            )
            for one in steps.select_related("rule", "alert")
        ),
        [(one.name, one.ran, one.passed, one.sent) for one in counted.order_by("pk")],
    )


def check_lanes(name: str) -> None:
    """Every lane's log makes what is stored of it."""
    prices = Dataset.objects.get(workspace__slug=name)
    for shard in range(prices.shards):
        report = check_replay(dataset=prices, shard=shard)
        assert (report.differences, report.misread) == ([], [])


def check_backtests(name: str) -> None:
    """The past of every rule is what was raised."""
    access = open_for_system(workspace=Workspace.objects.get(slug=name))
    for rule in Rule.objects.filter(workspace=access.workspace):
        raised = Transition.objects.filter(rule=rule, kind__in=["raised", "opened"])
        definition = rule.latest.definition if rule.latest else {}
        found = backtest_rule(access=access, definition=definition, now=NOW)
        assert found.alerts == raised.count()


def cents(*keys: str) -> list[dict[str, object]]:
    """A price of 1 of each key, at one time."""
    return [{"symbol": key, "price": 1, "at": NOW.isoformat()} for key in keys]
