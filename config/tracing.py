"""Spans of an event's way, for an OpenTelemetry collector; off unless it is asked for.

The ids of a trace follow from the id of the batch that the event came in. So every
process finds them in the rows that it works on, and no message carries them: web,
drain and sender write one trace, whichever of them was killed in between.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol, cast

from django.conf import settings

Value = str | int | float | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a batch's way that has ended; the root is that of its acceptance."""

    name: str
    batch_id: int
    began: datetime
    took: timedelta
    attributes: Mapping[str, Value] = field(default_factory=dict)
    #: What happened at its end: names with what is to be said of them.
    events: Sequence[tuple[str, Mapping[str, Value]]] = ()
    error: str = ""
    is_root: bool = False


class Spans(Protocol):
    """Where spans go."""

    def record(self, span: Span) -> None:
        """Send a span on its way; never waits and never raises."""


def is_on() -> bool:
    """Say whether spans are wanted; ask before working out what one is to say."""
    return settings.BELLWETHER_TRACES != "off"


def record(span: Span) -> None:
    """Send a span to the collector, where spans are wanted."""
    if is_on():
        collector().record(span)


@lru_cache(maxsize=1)
def collector() -> Spans:
    """Return where this process sends spans; only now is the library loaded."""
    return cast("Spans", importlib.import_module("config.spans").to_collector())
