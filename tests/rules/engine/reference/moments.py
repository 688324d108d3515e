"""What is known at one event: all that came before, and what its windows hold."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.rules.engine.reference import spells
from tests.rules.engine.reference.comparing import is_number
from tests.rules.engine.reference.reading import (
    Definition,
    Fields,
    Subject,
    every,
    fact_of,
)
from tests.rules.engine.reference.tumbling import Row
from tests.rules.engine.reference.windows import Timed, counted


def tumbles(node: Definition) -> bool:
    """Tell whether a condition asks about windows that follow one another."""
    return bool(node.get("over", {}).get("window") == "tumbling")


def called(node: Definition) -> str:
    """Name the windows of a condition; those who ask about the same share them."""
    return f"{node['fact']} {node['over']}"


def bare(node: Definition) -> Definition:
    """Leave out what a condition asks over time."""
    return {name: node[name] for name in node if name not in spells.MODIFIERS}


class Found:
    """One rule at one event: the history as it is, the event's fields last in it."""

    def __init__(
        self,
        definition: Definition,
        key: str,
        history: Mapping[Subject, list[Fields]],
        subject: Subject,
        at: datetime,
    ) -> None:
        self.definition = definition
        self.key = key
        self.history = history
        self.subject = subject
        self.at = at
        self.sides: dict[str, int] = {}
        self.watermarks: Mapping[Subject, datetime] = {}
        self.wakes: list[datetime] = []
        self.seen: dict[str, list[spells.Seen]] = {}
        self.came: dict[str, int | None] = {}
        self.steps: dict[str, str] = {}
        self.bases: dict[str, Any] = {}
        self.courses: dict[str, list[spells.Course]] = {}
        self.noted: set[str] = set()
        self.is_event = True
        self.times: Mapping[Subject, list[datetime]] = {}
        self.began: Mapping[Subject, int] = {}
        self.clock = at
        self.keeps = True
        self.unusual: dict[str, str] = {}
        self.tumbled: dict[str, Timed] = {}
        self.lateness = timedelta()
        self.looked = at
        self.rests = False
        self.has_closed = False

    def row(self, node: Definition) -> Row:
        """Lay what came for the windows of a condition into them, each value once."""
        known = self.tumbled.setdefault(called(node), [])
        row, came = self.row_of(list(known), node), self.brought(node)
        if not came or row.start_of(self.at) < row.end or called(node) in self.noted:
            return row
        row.values.extend(came)
        if self.keeps:
            self.noted.add(called(node))
            known.extend(came)
        return row

    def row_of(self, values: Timed, node: Definition) -> Row:
        """Lay values into windows, as they are by now."""
        now = max(self.at, self.looked)
        return Row(
            values, node["over"], every(node["over"]["length"]), self.lateness, now
        )

    def brought(self, node: Definition) -> Timed:
        """Give the value that the event brings, if it counts."""
        fact = fact_of(node["fact"], self.definition)
        if self.of(fact) != self.subject or fact[2] not in self.events(fact)[-1]:
            return []
        value = self.events(fact)[-1][fact[2]]
        return counted([(self.at, value)], node["over"]["take"])

    def await_closing(self, node: Definition) -> None:
        """Ask to be judged as windows close, of which something stays."""
        row = self.row_of(self.tumbled[called(node)], node)
        self.wakes += row.closings(surely=self.rests)

    def wanted(self, node: Definition) -> Any:
        """Give the right side; another fact by its newest value."""
        wanted = node.get("value")
        if not isinstance(wanted, dict):
            return wanted
        value = self.newest(fact_of(wanted["fact"], self.definition))
        if wanted.get("times", 1) == 1 and wanted.get("plus", 0) == 0:
            return value
        if not is_number(value):
            return None
        return Fraction(value) * Fraction(wanted.get("times", 1)) + Fraction(
            wanted.get("plus", 0)
        )

    def of(self, fact: tuple[str, str, str]) -> Subject:
        """Name the subject of a fact, the star standing for the rule's key."""
        return fact[0], self.key if fact[1] == "*" else fact[1]

    def events(self, fact: tuple[str, str, str]) -> list[Fields]:
        """Give the events of a fact's subject, oldest first."""
        return self.history[self.of(fact)]

    def newest(self, fact: tuple[str, str, str]) -> Any:
        """Give what the last event to carry the fact's field said of it."""
        for fields in reversed(self.events(fact)):
            if fact[2] in fields:
                return fields[fact[2]]
        return None

    def values(
        self, fact: tuple[str, str, str], *, before: bool = False
    ) -> list[object]:
        """Give what the events that carry the fact's field said of it."""
        events = self.events(fact)
        if before and self.of(fact) == self.subject:
            events = events[:-1]
        return [fields[fact[2]] for fields in events if fact[2] in fields]
