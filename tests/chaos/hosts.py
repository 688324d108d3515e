"""Two hosts of one installation, each with a network and a name of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path

from tests.chaos.sink import Sink, receiving
from tests.installations import Installation, full_settings, installed, until
from tests.services.network import Host, network
from tests.services.postgresql import cluster
from tests.services.process import free_port
from tests.services.redis import broker

#: Each can do everything; a slot of lanes has one home.
PARTS = tuple(f"web,drain.{slot},calls,upkeep,beat,runner" for slot in range(2))
_SETTINGS = {
    "BELLWETHER_SECRET_KEY": "one-and-the-same-on-both-hosts-0123456789",
    "BELLWETHER_SEALING_KEYS": "b25lLWFuZC10aGUtc2FtZS1vbi1ib3RoLWhvc3RzLTE",
    "BELLWETHER_METRICS_TOKEN": "whoever-knows-this-may-read-the-metrics",
    "BELLWETHER_STORM_MESSAGES": "1000000",
}
_ACCEPTED = 'bellwether_events_accepted_total{origin="api"} '
_JUDGED = 'bellwether_events_judged_total{origin="api"} '
_START_SECONDS = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A host, and what of the installation runs there."""

    host: Host
    installation: Installation

    @property
    def accepted(self) -> float:
        """How many events this host has stored, by its own count."""
        return self._counted(_ACCEPTED)

    @property
    def judged(self) -> float:
        """How many events this host has judged, by its own count."""
        return self._counted(_JUDGED)

    def _counted(self, name: str) -> float:
        token = _SETTINGS["BELLWETHER_METRICS_TOKEN"]
        lines = self.installation.answers("/metrics", token=token)[1].splitlines()
        found = [line.removeprefix(name) for line in lines if line.startswith(name)]
        return sum(map(float, found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Two hosts that work, and the receiver that both can call."""

    both: Sequence[Place]
    port: int
    sink: Sink


@contextmanager
def two_hosts(base: Path, *, prepared: Path) -> Iterator[Places]:
    """Start an installation on two hosts, and leave nothing of it.

    PostgreSQL, Redis and the receiver are on a third, where the caller finds itself.

    Raises:
        NoNamespaces: if this machine makes no hosts.
    """
    with ExitStack() as stack:
        lan = stack.enter_context(network(2))
        listens = f"listen_addresses=127.0.0.1,{lan.address}"
        pg = stack.enter_context(cluster(listens, trusts=lan.block))
        redis = stack.enter_context(broker(lan.address))
        addresses = full_settings(
            pg.url.replace("127.0.0.1", lan.address),
            f"redis://{lan.address}:{redis.port}/0",
        )
        settings = {
            **_SETTINGS,
            **stack.enter_context(addresses),
            "BELLWETHER_ALLOWED_NETWORKS": lan.block,
        }
        port = free_port()
        both = []
        for host, parts in zip(lan.hosts, PARTS, strict=True):
            one = installed(base / host.name, prepared=prepared, settings=settings)
            installation = stack.enter_context(one)
            installation.host, installation.port = host.address, port
            installation.inside = host.inside
            installation.options = ("--parts", parts)
            both.append(Place(host=host, installation=installation))
        _start(both)
        sink = stack.enter_context(receiving(lan.address))
        yield Places(both=both, port=port, sink=sink)


def _start(places: Sequence[Place]) -> None:
    places[0].installation.manage("prepare")
    for place in places:
        place.installation.begin()
    for place in places:
        until(
            partial(_serves, place.installation),
            seconds=_START_SECONDS,
            what=f"the start of {place.host.name} ({place.installation.said})",
        )


def _serves(installation: Installation) -> bool:
    return installation.answers("/healthz")[0] == HTTPStatus.OK
