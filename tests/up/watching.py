"""A small dataset with a rule, and a socket that follows the feed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.chaos.client import Client
from tests.installations import Installation

#: What `/metrics` tells once the canary was back and somebody else sent an event.
COUNTED = {
    'bellwether_events_accepted_total{origin="api"}',
    'bellwether_events_judged_total{origin="api"}',
    'bellwether_batches_settled_total{state="judged"}',
    'bellwether_evaluations_total{result="passed"}',
    'bellwether_transitions_total{kind="raised"}',
    'bellwether_delivery_attempts_total{kind="loop_back",result="sent"}',
    'bellwether_lag_seconds_count{origin="api"}',
    'bellwether_commit_seconds_count{step="records"}',
    'bellwether_commit_seconds_count{step="judgement"}',
    'bellwether_sockets{of="feed"}',
    'bellwether_canary_latency_seconds{quantile="0.99"}',
    'bellwether_heartbeat_age_seconds{part="beat"}',
    'bellwether_heartbeat_age_seconds{part="runner"}',
}


def canary_is_back(installation: Installation) -> bool:
    """Say whether an event of the canary came all the way by now."""
    status, told = installation.answers("/metrics")
    return status == HTTPStatus.OK and "bellwether_canary_age_seconds " in told


def named(installation: Installation) -> set[str]:
    """Return what `/readyz` names as not working."""
    parts = json.loads(installation.answers("/readyz")[1])["parts"]
    return {name for name, told in parts.items() if told != "ok"}


def counted(installation: Installation) -> set[str]:
    """Return what `/metrics` tells a number of that is not nothing."""
    lines = installation.answers("/metrics")[1].splitlines()
    told = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name for name, _, number in told if float(number)}


@dataclass(frozen=True, slots=True)
class Watched:
    """An installation in which every price above 100 raises an alert."""

    client: Client

    @classmethod
    @contextmanager
    def by(cls, installation: Installation) -> Iterator[Watched]:
        """Make the dataset and the rule, and keep a connection for the block."""
        token = installation.manage("issue_token", "DEMO").strip()
        fields = {"symbol": {"type": "string"}, "price": {"type": "number"}}
        dataset = {
            "slug": "PRICES",
            "schema": {"type": "object", "properties": fields},
            "index": {"key": "symbol"},
        }
        rule = {
            "kind": "signal",
            "name": "Price is high",
            "when": {"fact": "DEMO:PRICES:*:price", "op": "gt", "value": 100},
        }
        with closing(Client(installation.port, token)) as client:
            client.post("datasets", dataset, key="dataset")
            client.post("rules", rule, key="rule")
            yield cls(client)

    def raise_alert(self, key: str) -> None:
        """Post a price that is too high."""
        event = {"symbol": key, "price": 101}
        self.client.post("datasets/PRICES/records", event, key=key)

    def alerted(self) -> set[str]:
        """Return the keys of the newest alerts."""
        page = self.client.get("alerts")
        return {alert["key"] for alert in page["data"]}

    @contextmanager
    def socket(self, since: int | None = None) -> Iterator[ClientConnection]:
        """Open a socket that follows the feed, from now on if no number is said."""
        url = f"ws://127.0.0.1:{self.client.port}/ws/v1/DEMO/feed"
        with connect(url) as socket:
            resume = {"type": "resume", "since": since, "token": self.client.token}
            socket.send(json.dumps(resume))
            assert read(socket)["type"] == "resumed"
            yield socket


def read(socket: ClientConnection, *, seconds: float = 15) -> Any:
    """Return the next frame; raise TimeoutError if none comes."""
    return json.loads(socket.recv(timeout=seconds))


def read_until(socket: ClientConnection, key: str) -> list[str]:
    """Return the keys of the alerts that come, up to this one."""
    keys: list[str] = []
    while key not in keys:
        frame = read(socket)
        if frame["type"] == "alert.changed":
            keys.append(frame["alert"]["key"])
    return keys
