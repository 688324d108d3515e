"""An instance: one rule for one key, and what it must remember between events."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Self

from rules.engine.buckets import Buckets
from rules.engine.events import Position
from rules.engine.kept import Kept

_NOTHING: Mapping[str, object] = MappingProxyType({})
_NEVER: Mapping[str, datetime] = MappingProxyType({})


class InstanceState(StrEnum):
    """Where a state rule stands for one key; a signal rule stays inactive."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"
    RECOVERING = "recovering"


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """What one rule remembers of one key; plain values, kept by whoever calls.

    ``version`` is the one under which it last changed, or, while it is open, the one it
    was opened under. ``told`` keeps the event time at which each output was last told,
    for its cool-down. ``memory`` is the engine's own, and ``nodes`` what conditions
    remember from run to run, by their ``memory_id``. ``timers`` are due, by what they
    are for, at an event time.
    """

    rule_id: int
    key: str
    version: int
    state: InstanceState = InstanceState.INACTIVE
    since: datetime | None = None
    opening: Position | None = None
    told: Mapping[str, datetime] = field(default_factory=lambda: _NEVER)
    memory: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    nodes: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    timers: Mapping[str, datetime] = field(default_factory=lambda: _NEVER)

    @property
    def is_open(self) -> bool:
        """Tell whether an alert of this instance is open."""
        return self.state in (InstanceState.FIRING, InstanceState.RECOVERING)

    @property
    def wakes_at(self) -> datetime | None:
        """Give the instant of the earliest timer; ``None`` if none is armed."""
        return min(self.timers.values(), default=None)

    def arm(self, kind: str, at: datetime) -> "Instance":
        """Set a timer, in place of another of the kind."""
        return replace(self, timers={**self.timers, kind: at})

    def disarm(self, kind: str) -> "Instance":
        """Take a timer away, if it is set."""
        if kind not in self.timers:
            return self
        left = {one: at for one, at in self.timers.items() if one != kind}
        return replace(self, timers=left)

    @property
    def is_blank(self) -> bool:
        """Tell whether there is nothing to remember but cool-downs."""
        return self.state is InstanceState.INACTIVE and not (
            self.memory or self.nodes or self.timers
        )

    def to_json(self) -> dict[str, object]:
        """Write the instance as plain JSON values."""
        return {
            "rule_id": self.rule_id,
            "key": self.key,
            "version": self.version,
            "state": str(self.state),
            "since": self.since and self.since.isoformat(),
            "opening": self.opening and self.opening.to_json(),
            "told": {output: at.isoformat() for output, at in self.told.items()},
            "memory": dict(self.memory),
            "nodes": {name: _plain(node) for name, node in self.nodes.items()},
            "timers": {kind: at.isoformat() for kind, at in self.timers.items()},
        }

    @classmethod
    def from_json(cls, written: Mapping[str, object]) -> Self:
        """Read what ``to_json`` wrote, also before conditions remembered anything."""
        match written:
            case {
                "rule_id": int(rule_id),
                "key": str(key),
                "version": int(version),
                "state": str(state),
                "since": since,
                "opening": opening,
                "told": dict(told),
                "memory": dict(memory),
            }:
                return cls(
                    rule_id=rule_id,
                    key=key,
                    version=version,
                    state=InstanceState(state),
                    since=datetime.fromisoformat(str(since)) if since else None,
                    opening=Position(*opening) if isinstance(opening, list) else None,
                    told=_instants(told),
                    memory=memory,
                    nodes=_part(written, "nodes"),
                    timers=_instants(_part(written, "timers")),
                )
        raise ValueError(f"This is not what Instance.to_json writes: {written!r}")


def _plain(remembered: object) -> object:
    return (
        remembered.to_json() if isinstance(remembered, Kept | Buckets) else remembered
    )


def _instants(written: Mapping[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in written.items()}


def _part(
    written: Mapping[str, object], name: str
) -> dict[str, Any]:  # Any: parsed JSON
    part = written.get(name, {})
    if not isinstance(part, dict):
        raise TypeError(f'The "{name}" of an instance are an object, not {part!r}.')
    return part
