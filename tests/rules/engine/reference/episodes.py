"""What is known of each rule and key: who was told, what is open, what is due."""

from collections import Counter, defaultdict
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.rules.engine.reference.reading import (
    Definition,
    Fields,
    Subject,
    every,
    subject_of,
)
from tests.rules.engine.reference.spells import Course, Seen
from tests.rules.engine.reference.windows import Timed

Named = tuple[int, str]
Place = tuple[int, int]


class Told(NamedTuple):
    """One transition, in the fewest words that tell two apart."""

    rule_id: int
    version: int
    key: str
    kind: str
    seq: int
    ord: int
    opening: tuple[int, int]
    told: tuple[str, ...]
    severity: str = ""


class Timer(NamedTuple):
    """What is due for one rule and key."""

    rule_id: int
    key: str
    kind: str


class Rule(NamedTuple):
    """A version of a rule, as its author wrote it."""

    version: int
    definition: Definition


class Episodes:
    """Keeps what happened, and decides what follows from a truth."""

    #: Whether what is judged has been so since before its rule, to which that counts.
    is_old = False

    def __init__(self) -> None:
        self.rules: dict[int, Rule] = {}
        self.counts: dict[int, Counter[str]] = {}
        self.history: defaultdict[Subject, list[Fields]] = defaultdict(list)
        self.times: defaultdict[Subject, list[datetime]] = defaultdict(list)
        #: How much history there was, by subject, when a rule was turned on.
        self.began: dict[int, dict[Subject, int]] = {}
        #: The newest time of an event at which a rule looked at its windows.
        self.clocks: dict[Named, datetime] = {}
        self.watermarks: dict[Subject, datetime] = {}
        self.tellings: list[tuple[int, str, str, datetime]] = []
        self.open: dict[tuple[int, str], Told] = {}
        self.last_truth: dict[tuple[int, str], object] = {}
        self.sides: dict[Named, dict[str, int]] = {}
        self.seen: dict[Named, dict[str, list[Seen]]] = {}
        self.bases: dict[Named, dict[str, object]] = {}
        self.unusual: dict[Named, dict[str, str]] = {}
        self.tumbled: dict[Named, dict[str, Timed]] = {}
        self.looked: dict[Named, datetime] = {}
        self.closes = False
        self.courses: dict[Named, dict[str, list[Course]]] = {}
        self.alerted: dict[Named, object] = {}
        self.since: dict[Named, datetime] = {}
        self.silent: set[Named] = set()
        self.finished: set[int] = set()
        self.told_at: dict[Named, object] = {}
        self.severities: dict[Named, list[str]] = {}
        self.timers: dict[Timer, datetime] = {}

    def _state(
        self, here: Told, truth: str, recovered: str, at: datetime, *, counts: bool
    ) -> list[Told]:
        named = here.rule_id, here.key
        definition = self.rules[here.rule_id].definition
        if named in self.open:
            hold = every(definition.get("recover", {}).get("hold", 0))
            if not self._holds(named, recovered, hold, at, "recover"):
                return []
            return [self._end(named, here, "resolved")]
        waits = definition.get("raise", {}).get("mode") == "on_window_close"
        if waits and not self.closes and named not in self.since:
            return []
        if self.is_old:
            return []
        hold = every(definition.get("hold", 0))
        if not self._holds(named, truth, hold, at, "hold"):
            return []
        told = self._tell(self.rules[here.rule_id], *named, at)
        if counts:
            self.counts[here.rule_id]["sent"] += bool(told)
        self.open[named] = here._replace(kind="opened", told=told)
        return [self.open[named]]

    def _holds(
        self, named: Named, truth: str, hold: timedelta, at: datetime, timer: str
    ) -> bool:
        """Tell whether something true has been so for long enough; remember since."""
        if truth == "true":
            if not hold:
                return True
            if named not in self.since:
                self.since[named] = at
                self._set(named, timer, at + hold)
            elif at - self.since[named] >= hold:
                self._forget_since(named)
                return True
        elif truth == "false":
            self._forget_since(named)
        return False

    def _forget_since(self, named: Named) -> None:
        self.since.pop(named, None)
        self._set(named, "hold", None)
        self._set(named, "recover", None)

    def _rest(self, named: Named) -> None:
        """Outside of its active hours a rule waits for nothing."""
        for called in [one for one in self.seen.get(named, ()) if one[:4] == "held"]:
            del self.seen[named][called]
        self._forget_since(named)

    def _end(self, named: Named, here: Told, kind: str) -> Told:
        opened = self.open.pop(named)
        self._forget_since(named)
        self._set(named, "no_data", None)
        self._set(named, "remind", None)
        self.told_at.pop(named, None)
        self.severities.pop(named, None)
        self.silent.discard(named)
        definition = self.rules[named[0]].definition
        announced = definition.get("raise", {}).get("resolved", True)
        return here._replace(
            kind=kind,
            version=opened.version,
            opening=opened.opening,
            told=opened.told if announced else (),
        )

    def _watch_silence(self, named: Named, at: datetime) -> None:
        no_data = self.rules[named[0]].definition.get("no_data")
        if not no_data or no_data.get("then") == "keep" or named not in self.open:
            return
        self.silent.discard(named)
        if Timer(*named, "no_data") not in self.timers:
            self._set(named, "no_data", at + every(no_data["after"]))

    def _note_silence(self, named: Named, at: datetime, place: Place) -> list[Told]:
        rule = self.rules[named[0]]
        no_data = rule.definition["no_data"]
        seen = self.watermarks.get(subject_of(rule.definition, named[1]))
        if named not in self.open or seen is None:
            return []
        if seen + every(no_data["after"]) > at:
            self._set(named, "no_data", seen + every(no_data["after"]))
            return []
        opened = self.open[named]
        here = Told(named[0], rule.version, named[1], "", *place, place, ())
        if no_data.get("then", "alert") == "resolve":
            return [self._end(named, here, "resolved")]
        self.silent.add(named)
        silent = opened._replace(kind="no_data", severity="")
        return [silent._replace(seq=place[0], ord=place[1])]

    def _wake(self, named: Named, kind: str, wakes: list[datetime]) -> None:
        """Set a timer of conditions; one that is set already is left to come first."""
        armed = self.timers.get(Timer(*named, kind))
        if not wakes:
            self._set(named, kind, None)
        elif armed is None or min(wakes) < armed:
            self._set(named, kind, min(wakes))

    def _set(self, named: Named, kind: str, at: datetime | None) -> None:
        if at is None:
            self.timers.pop(Timer(*named, kind), None)
        else:
            self.timers[Timer(*named, kind)] = at

    def _tell(
        self, rule: Rule, rule_id: int, key: str, at: datetime, *, all_: bool = False
    ) -> tuple[str, ...]:
        """Tell those whose cool-down is over, or all."""
        told = []
        for output in rule.definition.get("outputs", []):
            least = timedelta() if all_ else every(output.get("at_most_every"))
            if self._tell_one(rule_id, key, output["output"], least, at):
                told.append(output["output"])
        return tuple(told)

    def _tell_one(
        self, rule_id: int, key: str, output: str, least: timedelta, at: datetime
    ) -> bool:
        last = next(
            (
                told_at
                for *named, told_at in reversed(self.tellings)
                if named == [rule_id, key, output]
            ),
            None,
        )
        if last is not None and max(at - last, last - at) < least:
            return False
        self.tellings.append((rule_id, key, output, at))
        return True
