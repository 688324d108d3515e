"""What the engine says at every run, to compare the index with."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from rules.columns import FALSE, TRUE, UNKNOWN
from rules.engine import (
    Counts,
    Event,
    KeyFacts,
    Position,
    Program,
    Slice,
    Specification,
    Subject,
    Value,
    step,
)
from tests.rules.columns.histories import Happening

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Oracle:
    """The engine, asked about every rule on every event."""

    program: Program = field(default_factory=Program)
    facts: dict[Subject, KeyFacts] = field(default_factory=dict)
    counts: dict[int, Counts] = field(default_factory=dict)
    told: dict[tuple[int, str], int] = field(default_factory=dict)
    place: int = 0

    def put(self, rule_id: int, specification: Specification) -> None:
        self.program.put(rule_id, 1, specification)
        self._forget(rule_id)

    def remove(self, rule_id: int) -> None:
        self.program.remove(rule_id)
        self._forget(rule_id)

    def judge(self, happening: Happening) -> dict[int, tuple[str, int]]:
        """Judge an event; give the key and the truth of every rule that ran."""
        self.place += 1
        event = Event(
            series=happening.series,
            key=happening.key,
            fields=happening.fields,
            at=START + timedelta(seconds=self.place),
            position=Position(1, self.place),
            raises=happening.raises,
        )
        result = step(self.program, Slice(facts=self.facts), event)
        assert not result.errors
        assert not result.late
        self.facts |= result.facts
        keys = {
            rule.rule_id: rule.key_of(event) for rule in self.program.rules_on(event)
        }
        ran = {}
        for rule_id, counts in result.counts.items():
            self.counts[rule_id] = self.counts.get(rule_id, Counts()) + counts
            ran[rule_id] = (keys[rule_id], _truth(counts))
        return ran

    def flips(
        self, events: list[Happening], ids: set[int]
    ) -> list[tuple[int, int, int]]:
        """Say at which runs the truth of some rules was not that of the run before."""
        flips = []
        for place, happening in enumerate(events):
            for rule_id, (key, truth) in sorted(self.judge(happening).items()):
                if rule_id in ids and self.told.get((rule_id, key), UNKNOWN) != truth:
                    flips.append((place, rule_id, truth))
                    self.told[rule_id, key] = truth
        return flips

    def _forget(self, rule_id: int) -> None:
        self.counts[rule_id] = Counts()
        for one in [one for one in self.told if one[0] == rule_id]:
            del self.told[one]


def as_sent(fields: Mapping[str, Value], *, floats: bool) -> Mapping[str, object]:
    """Write decimals as floats where a parser may: they are its shortest decimal."""
    if not floats:
        return fields
    return {
        name: float(value)
        if isinstance(value, Decimal)
        and len(value.as_tuple().digits) <= 15
        and abs(value.adjusted()) < 300
        else value
        for name, value in fields.items()
    }


def _truth(counts: Counts) -> int:
    if counts.passed:
        return TRUE
    return UNKNOWN if counts.unknown else FALSE
