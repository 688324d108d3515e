"""Rules that tell only of what becomes so after they began."""

from datetime import datetime

from tests.rules.engine.reference.episodes import Named
from tests.rules.engine.reference.ladders import Ladders
from tests.rules.engine.reference.reading import Definition, Subject, subject_of
from tests.rules.engine.reference.truth import MOVES, Moment

#: No event's subject: what is judged by a timer carries nothing.
NOBODY = ("", "")


def tells_only_new(definition: Definition) -> bool:
    """Tell whether a rule holds back what was so before it."""
    return definition.get("raise", {}).get("only_new") is True


class Values(Moment):
    """What a rule asks of values alone, at one event."""

    def lasting(self, name: str, node: Definition, truth: str) -> str:
        """Take once for often, and now for long."""
        return truth

    def in_sequence(self, node: Definition) -> str:
        """Nothing is known of the time before."""
        return "unknown"

    def ask(self, node: Definition) -> str:
        """Judge a condition that asks of values."""
        op = node["op"]
        over_time = "over" in node or "within" in node or op in MOVES
        if over_time or op in ("silent", "is_absent"):
            return "unknown"
        return super().ask(node)


class Newness(Ladders):
    """Notes which keys have been so since before a rule began."""

    def __init__(self) -> None:
        super().__init__()
        self.old: dict[Named, bool] = {}

    def _note_newness(
        self, named: Named, subject: Subject, at: datetime, truth: str
    ) -> None:
        definition = self.rules[named[0]].definition
        self.is_old = False
        if not tells_only_new(definition):
            self.old.pop(named, None)
            return
        if named not in self.old:
            begun = named in self.open or named in self.since
            self.old[named] = not begun and self._was_so(named, subject, at)
        values = Values(definition, named[1], self.history, subject, at)
        now = values.truth(definition["when"])
        if "false" in (now, truth if now == "unknown" else now):
            self.old[named] = False
        self.is_old = self.old[named]

    def _was_so(self, named: Named, subject: Subject, at: datetime) -> bool:
        """Ask of the facts as they were before the event, when they came to be so."""
        definition, history = self.rules[named[0]].definition, self.history.copy()
        times = self.times[subject_of(definition, named[1])]
        if subject != NOBODY:
            history[subject] = history[subject][:-1]
            times = self.times[subject][:-1]
        then = max(times, default=at)
        before = Values(definition, named[1], history, subject, then)
        return before.truth(definition["when"]) == "true"
