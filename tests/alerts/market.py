"""A small market for tests of what people see: prices, rules over them, alerts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from alerts.models import Alert
from alerts.pipeline import drain_lane
from alerts.services import number_entries
from datasets.models import Dataset
from datasets.services import Ingest, accept_batch, open_lane
from rules.models import Rule
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from workspaces.access import Access, open_for_system
from workspaces.models import Workspace


@dataclass(slots=True, kw_only=True)
class Market:
    """DEMO:PRICES, prices by symbol, and the clock of what was sent to it."""

    access: Access
    prices: Dataset
    seconds: int = 0

    @property
    def workspace(self) -> Workspace:
        return self.access.workspace

    def watch(self, **changes: object) -> Rule:
        """Make a rule that raises an alert when a price is at or below 310."""
        definition = {
            "kind": "signal",
            "name": "Cheap",
            "watch": {"facts": ["DEMO:PRICES:*:price"]},
            "when": {"fact": 0, "op": "lte", "value": 310},
            **changes,
        }
        return create_rule(access=self.access, definition=definition, now=NOW)

    def trade(self, *events: Mapping[str, object], is_live: bool = True) -> None:
        """Send events, ten minutes after the last ones, and judge them."""
        self.seconds += 600
        accept_batch(
            dataset=self.prices,
            events=events,
            ingest=Ingest(is_live=is_live),
            now=NOW + timedelta(seconds=self.seconds),
        )
        drain_lane(lane_id=open_lane(self.prices).pk)
        number_entries(workspace_id=self.workspace.pk)

    def alert(self, key: str = "MSFT", price: object = 305) -> Alert:
        """Let the price of a key fire a rule, and return its newest alert."""
        self.trade({"symbol": key, "price": price})
        return Alert.objects.filter(key=key).latest("recorded_at")


def open_market() -> Market:
    """Make the workspace and its dataset."""
    workspace = WorkspaceFactory(slug="DEMO")
    return Market(
        access=open_for_system(workspace=workspace),
        prices=DatasetFactory(workspace=workspace, slug="PRICES"),
    )
