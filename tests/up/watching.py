"""A small dataset with a rule, and a socket that follows the feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.chaos.client import Client
from tests.installations import Installation


@dataclass(frozen=True, slots=True)
class Watched:
    """An installation in which every price above 100 raises an alert."""

    client: Client

    @classmethod
    def make(cls, installation: Installation) -> Watched:
        """Make the dataset and the rule."""
        token = installation.manage("issue_token", "DEMO").strip()
        client = Client(installation.port, token)
        dataset = {"slug": "PRICES", "index": {"key": "symbol"}}
        client.post("datasets", dataset, key="dataset")
        rule = {
            "kind": "signal",
            "name": "Price is high",
            "when": {"fact": "DEMO:PRICES:*:price", "op": "gt", "value": 100},
        }
        client.post("rules", rule, key="rule")
        return cls(client)

    def raise_alert(self, key: str) -> None:
        """Post a price that is too high."""
        event = {"symbol": key, "price": 101}
        self.client.post("datasets/PRICES/records", event, key=key)

    def alerted(self) -> set[str]:
        """Return the keys of the newest alerts."""
        page = self.client.get("alerts")
        return {alert["key"] for alert in page["data"]}

    @contextmanager
    def socket(self) -> Iterator[ClientConnection]:
        """Open a socket that follows the feed from now on."""
        url = f"ws://127.0.0.1:{self.client.port}/ws/v1/DEMO/feed"
        with connect(url) as socket:
            resume = {"type": "resume", "since": None, "token": self.client.token}
            socket.send(json.dumps(resume))
            assert read(socket)["type"] == "resumed"
            yield socket


def read(socket: ClientConnection, *, seconds: float = 15) -> Any:
    """Return the next frame; raise TimeoutError if none comes."""
    return json.loads(socket.recv(timeout=seconds))
