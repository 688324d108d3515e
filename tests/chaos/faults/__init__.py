"""Everything that a trial can do to an installation, by the names of `--faults`."""

from __future__ import annotations

from collections.abc import Mapping

from tests.chaos.faults.base import Fault
from tests.chaos.faults.calm import Calm
from tests.chaos.faults.clocks import WrongClock
from tests.chaos.faults.disk import FullDisk
from tests.chaos.faults.outside import CutSockets, SlowReceivers, Storm
from tests.chaos.faults.overload import Flood
from tests.chaos.faults.poison import Deadly, Endless, Poison
from tests.chaos.faults.processes import (
    PARTS,
    Kill,
    KillUp,
    Restart,
    Standstill,
)
from tests.chaos.faults.servers import (
    DeafenRedis,
    FlushRedis,
    KillRedis,
    OpenWriter,
    StopPostgreSQL,
)

__all__ = [
    "EVERY_FAULT",
    "FAULTS",
    "PARTS",
    "Calm",
    "CutSockets",
    "Deadly",
    "DeafenRedis",
    "Endless",
    "Fault",
    "Flood",
    "FlushRedis",
    "FullDisk",
    "Kill",
    "KillRedis",
    "KillUp",
    "OpenWriter",
    "Poison",
    "Restart",
    "SlowReceivers",
    "Standstill",
    "StopPostgreSQL",
    "Storm",
    "WrongClock",
]

_ALL: tuple[type[Fault], ...] = (
    Kill,
    KillUp,
    StopPostgreSQL,
    OpenWriter,
    FlushRedis,
    KillRedis,
    DeafenRedis,
    Standstill,
    Restart,
    Flood,
    Poison,
    Deadly,
    Endless,
    SlowReceivers,
    Storm,
    CutSockets,
    FullDisk,
    WrongClock,
)
#: What strikes unless the command line chooses.
EVERY_FAULT = tuple(kind.name for kind in _ALL)
FAULTS: Mapping[str, type[Fault]] = {kind.name: kind for kind in _ALL} | {
    Calm.name: Calm
}
