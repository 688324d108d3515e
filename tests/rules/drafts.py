"""Drafts of rules as the form posts them, and the page that answers."""

from __future__ import annotations

import re
from typing import Any

from alerts.pipeline import drain_lane
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, open_lane
from rules.models import Version
from tests.factories import NOW

RULES = "/w/DEMO/rules"


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


def words_of(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def feed(prices: Dataset, **fields: object) -> None:
    accept_batch(
        dataset=prices,
        events=[{"symbol": "MSFT", **fields}],
        ingest=Ingest(),
        now=NOW,
    )
    drain_lane(lane_id=open_lane(prices).pk)


def newest_definition() -> dict[str, Any]:
    definition: dict[str, Any] = Version.objects.latest("pk").definition
    return definition
