"""How long the rule form waits for an answer while its threshold is dragged.

    python benchmarks/dragging.py [--events 1000000] [--profile]

Stores prices that walk in 1,000 keys over 30 days, in SQLite or in the database that
DATABASE_URL names, has them judged and written to segments, and asks what the form's
script asks: the picture, a share of its curve, and what follows the level, at 60 levels
that from one in ten thousand to one in twenty values pass. Times are from request to
answer in this process, in milliseconds; no socket is between. With BELLWETHER_DATA_DIR
set the events stay there, and the next run takes them as they are.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import statistics
import sys
import tempfile
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))
_data = tempfile.TemporaryDirectory(prefix="bw-bench-")
os.environ.setdefault("BELLWETHER_DATA_DIR", _data.name)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from alerts.pipeline import drain_lane  # noqa: E402
from benchmarks.workload import make_events  # noqa: E402
from config.clock import database_now  # noqa: E402
from datasets.models import Dataset, Record  # noqa: E402
from datasets.schemas import Index  # noqa: E402
from datasets.services import (  # noqa: E402
    DatasetDraft,
    Ingest,
    accept_batch,
    create_dataset,
    open_lane,
)
from rules.services import keep_segments  # noqa: E402
from workspaces.access import open_for_system  # noqa: E402
from workspaces.models import Membership, Role, User, Workspace  # noqa: E402

KEYS = 1_000
LEVELS = 60
SLUG = "DRAGGED"
_AT_ONCE = 10_000
_SPAN = timedelta(days=30)
_SCHEMA = {
    "type": "object",
    "properties": {
        "symbol": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "price": {"type": "number"},
    },
}


def main() -> None:
    """Measure once."""
    options = _options()
    call_command("migrate", verbosity=0, interactive=False)
    dataset = Dataset.objects.filter(workspace__slug=SLUG).first()
    if dataset is None:
        dataset = _fill(options.events)
    keep_segments(now=database_now(), most_seconds=3_600)
    prices = sorted(
        float(body["price"])
        for body in Record.objects.filter(dataset=dataset).values_list(
            "body", flat=True
        )[:200_000]
    )
    levels = [
        prices[-max(round(len(prices) * share), 1)]
        for share in (0.0001 * 500 ** (place / (LEVELS - 1)) for place in range(LEVELS))
    ]
    client = _client(dataset)
    profile = cProfile.Profile() if options.profile else None
    for name, fact in (("any key", "*"), ("one key of 1,000", "SYM00007")):
        first = _ask(client, fact, levels[0], "whole")[0]
        for part in ("whole", "curve", "level"):
            if profile is not None and part == "level":
                profile.enable()
            took = [_ask(client, fact, one, part) for one in levels]
            if profile is not None:
                profile.disable()
            _print(
                what=f"{name}: {part}",
                database=connection.vendor,
                first_ms=round(first, 1),
                p50_ms=round(statistics.median(one for one, _ in took), 1),
                p95_ms=round(statistics.quantiles((o for o, _ in took), n=20)[-1], 1),
                bytes=max(size for _, size in took),
            )
    if profile is not None:
        stats = pstats.Stats(profile, stream=sys.stderr)
        stats.sort_stats("cumulative").print_stats(50)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--profile", action="store_true")
    return parser.parse_args()


def _fill(events: int) -> Dataset:
    now = database_now()
    access = open_for_system(
        workspace=Workspace.objects.create(slug=SLUG, created_at=now)
    )
    draft = DatasetDraft(
        slug="PRICES", schema=_SCHEMA, index=Index(key="symbol", date="at"), zone="UTC"
    )
    dataset = create_dataset(access=access, draft=draft, now=now)
    lane_id = open_lane(dataset).pk
    walked = make_events(events, KEYS)
    for start in range(0, events, _AT_ONCE):
        part = [
            {
                "symbol": one["symbol"],
                "at": (now - _SPAN + _SPAN * (place / events)).isoformat(),
                "price": Decimal(str(one["price"])),
            }
            for place, one in enumerate(walked[start : start + _AT_ONCE], start)
        ]
        accept_batch(dataset=dataset, events=part, ingest=Ingest(), now=now)
        drain_lane(lane_id=lane_id)
    return dataset


def _client(dataset: Dataset) -> Client:
    user, _ = User.objects.get_or_create(email="ana@example.com")
    Membership.objects.get_or_create(
        user=user,
        workspace=dataset.workspace,
        defaults={"role": Role.OWNER, "created_at": database_now()},
    )
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)
    return client


def _ask(client: Client, key: str, level: float, part: str) -> tuple[float, int]:
    """Ask as the form's script does; return milliseconds, and bytes of the answer."""
    draft: dict[str, Any] = {
        "rows": "1",
        "c-0-fact": f"{SLUG}:PRICES:{key}:price",
        "c-0-op": "gte",
        "c-0-value": f"{level:.4f}",
        "every": "60",
        "unit": "s",
        "threshold-part": part,
    }
    began = time.perf_counter()
    answer = client.post(f"/w/{SLUG}/rules/threshold", draft)
    took = (time.perf_counter() - began) * 1_000
    if answer.status_code != 200 or answer.json()["picture"] is None:
        raise SystemExit(f"There is no picture: {answer.content[:300]!r}")
    return took, len(answer.content)


def _print(**measured: object) -> None:
    sys.stdout.write(json.dumps(measured) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
