"""What a back-test tells: the same, whether columns answered or the engine judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from rules.engine import Position, TransitionKind, Value

#: Of the transitions so many are told of one by one, the newest; all are counted.
HITS_SHOWN: Final = 200
#: Keys that are named with how many alerts they had.
KEYS_SHOWN: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A transition that would have come about, and the value of the leading fact."""

    kind: TransitionKind
    key: str
    at: datetime
    position: Position
    value: Value
    reason: str
    told: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Closest:
    """The value that came nearest to making a rule true, and by what it missed.

    Of a rule that waits for a move they are moves, in percent where it says so.
    """

    key: str
    at: datetime
    value: Decimal
    margin: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CurvePoint:
    """How many alerts a level would have raised; a week has none of less than a day."""

    value: Decimal
    alerts: int
    per_week: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Backtest:
    """What a draft would have done.

    `hits` are the newest transitions, in the order in which they came; `alerts` counts
    those that begin one, `told` those of which at least one output is told after its
    cool-down, `told_by_output` the tellings of each. Days are the dataset's, `per_key`
    begins with the key of most alerts. `events` were judged, with times from `earliest`
    to `latest`; `is_cut` says that the dataset keeps older ones. `error` is the last
    sentence of a rule that could not judge `errors` of them. `closest` is how near a
    rule came that was never true, where columns answered or said what may matter, and
    `curve`, if asked for, what other levels would have raised, where they answered.
    """

    hits: tuple[Hit, ...]
    alerts: int
    told: int
    told_by_output: Mapping[str, int]
    passes: int
    per_day: Mapping[date, int]
    per_key: Sequence[tuple[str, int]]
    keys: int
    events: int
    earliest: datetime | None
    latest: datetime | None
    is_cut: bool
    errors: int = 0
    error: str = ""
    closest: Closest | None = None
    curve: Sequence[CurvePoint] | None = None
