"""Where a trial takes place: an installation, and servers of its own that can fail."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.sink import Sink, receiving
from tests.installations import Installation, full_settings
from tests.services.postgresql import Cluster, cluster
from tests.services.proxy import Proxy, proxy
from tests.services.redis import Broker, broker

SQLITE, POSTGRESQL = "sqlite", "postgresql"
#: What every installation of a trial is set to. Our receivers listen on loopback, and
#: are told all one by one, because each message is counted.
_SETTINGS = {
    "BELLWETHER_ALLOWED_NETWORKS": "127.0.0.0/8",
    "BELLWETHER_STORM_MESSAGES": "1000000",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """An installation that was not started yet, and what it needs."""

    database: str
    installation: Installation
    sink: Sink
    postgresql: Cluster | None = None
    redis: Broker | None = None
    #: How the installation reaches its Redis.
    way: Proxy | None = None


@contextmanager
def arena(
    database: str,
    base: Path,
    *,
    settings: Mapping[str, str] | None = None,
    prepared: Path | None = None,
) -> Iterator[Arena]:
    """Make an arena in an empty directory, and leave nothing of it.

    `prepared` is a data directory in which `up` ran before; without it the first start
    takes longer.
    """
    with ExitStack() as stack:
        own = {**_SETTINGS, **(settings or {})}
        pg, redis, way = None, None, None
        if database == POSTGRESQL:
            pg = stack.enter_context(cluster())
            redis = stack.enter_context(broker())
            way = stack.enter_context(proxy(redis.port))
            url = f"redis://127.0.0.1:{way.port}/0"
            own |= stack.enter_context(full_settings(pg.url, url))
        if prepared is not None:
            shutil.copytree(prepared, base / "data")
        installation = Installation(data_dir=base / "data", settings=own)
        stack.callback(installation.end)
        yield Arena(
            database=database,
            installation=installation,
            sink=stack.enter_context(receiving()),
            postgresql=pg,
            redis=redis,
            way=way,
        )
