"""Store quiet rules for the product to serve, and print events that they watch.

`ingest.py` runs it on a prepared data directory: python benchmarks/calm_prices.py
RULES EVENTS. Of a thousand events it prints, as one JSON array, one raises an alert.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")

import django

django.setup()

from alerts.pipeline import drain_lane  # noqa: E402
from benchmarks.calm import (  # noqa: E402
    Storing,
    alarmed,
    alarming_events,
    make_dataset,
    store_first_values,
    walk,
)
from config.clock import database_now  # noqa: E402
from datasets.json import encode  # noqa: E402
from datasets.services import open_lane  # noqa: E402
from workspaces.access import open_for_system  # noqa: E402
from workspaces.models import Workspace  # noqa: E402


def main() -> None:
    """Store as many rules as are wanted and print as many events."""
    rules, events = map(int, sys.argv[1:])
    access = open_for_system(workspace=Workspace.objects.get(slug="DEMO"))
    dataset = make_dataset(access)
    store_first_values(dataset, database_now())
    drain_lane(lane_id=open_lane(dataset).pk)
    drawn = Storing(access, dataset, database_now()).store(rules)
    told = list(alarmed(walk(events), alarming_events(drawn)))
    sys.stdout.write(encode(told).decode())


if __name__ == "__main__":
    main()
