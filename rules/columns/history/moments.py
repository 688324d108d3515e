"""What the engine is shown of a key's way, and what it says of that."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from rules.columns.buffers import Longs
from rules.columns.history.grounds import Behind, Fields, Ground, instant, microseconds
from rules.columns.history.spans import within
from rules.columns.history.windows import LeftToEngine
from rules.engine import (
    Event,
    Instance,
    KeyFacts,
    Position,
    Program,
    Slice,
    StepResult,
    Subject,
    Tick,
    TransitionKind,
    Value,
    step,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """An event, or a timer after the last, with all that the engine needs to judge it.

    ``first`` is the first row of its key, ``row`` that of the event or, of a timer, the
    one after the last. ``watermark`` is the key's, before it.
    """

    program: Program
    ground: Ground
    row: int
    first: int
    watermark: int
    instance: Instance
    tick: Tick | None = None

    @property
    def places(self) -> set[Position]:
        """Name the places of the events of which the values are judged."""
        own = set() if self.tick else {self.ground.position(self.row)}
        return own | {one.position for one in self._behind}

    def carried(self) -> dict[Position, dict[str, Value]]:
        """Give what those events carried of what is read, as columns have it."""
        found: dict[Position, dict[str, Value]] = {}
        for one in self._behind:
            found.setdefault(one.position, {})[one.root] = one.value(None)
        if self.tick is None:
            found[self.ground.position(self.row)] = self.ground.carried(self.row)
        return found

    @property
    def _behind(self) -> Iterator[Behind]:
        is_over = self.tick is not None
        return self.ground.behind(self.row, self.first, is_over=is_over)

    def judge(self, known: Fields | None = None) -> StepResult:
        """Let the engine judge, by what columns have or by what is ``known``.

        Raises:
            LeftToEngine: it cannot judge the rule.
        """
        named = (self.instance.rule_id, self.instance.key)
        happening: Event | Tick | None = self.tick
        if happening is None:
            happening = self.event(known)
        state = Slice(
            facts=self.facts(known),
            instances={named: self.instance},
            armed={self._subject: {named}} if self.instance.timers else {},
        )
        result = step(self.program, state, happening)
        if result.errors:
            raise LeftToEngine("; ".join(result.errors.values()))
        return result

    def event(self, known: Fields | None = None) -> Event:
        """Give the event."""
        return self.ground.event(self.row, self.instance.key, known)

    def facts(self, known: Fields | None = None) -> dict[Subject, KeyFacts]:
        """Give the facts that it finds."""
        key = self.instance.key
        return self.ground.facts(self._behind, key, self.watermark, known)

    @property
    def at(self) -> int:
        """Give its time."""
        if self.tick is not None:
            return microseconds(self.tick.at)
        return int(self.ground.at[self.row])

    @property
    def _subject(self) -> Subject:
        rule = self.program.rule(self.instance.rule_id)
        return self.program.subject_of(rule, self.instance.key)


Mark = tuple[TransitionKind, datetime, tuple[str, ...]]
"""What came about, when, and who is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the engine saw, what it said, and when the rule was true until the next.

    Where a pass like those before it is ``told``, and nothing else happens, it has not
    said so yet.
    """

    moment: Moment
    result: StepResult | None
    passed: Longs
    told: tuple[str, ...] = ()

    @property
    def marks(self) -> list[Mark]:
        """Name what has come about; how it is worded follows from what was sent."""
        if self.result is None:
            at = instant(self.moment.at)
            return [(TransitionKind.RAISED, at, self.told)]
        return [(one.kind, one.at, one.told) for one in self.result.transitions]

    def count_passed(self, earliest: int | None, latest: int | None) -> int:
        """Count the times between bounds at which it was true and nobody looked."""
        return int(np.count_nonzero(within(self.passed, earliest, latest)))
