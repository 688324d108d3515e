"""Rules that may change while their truth stays as it is.

Nothing flips while a rule stays true, and yet its next pass may be told, once its
cool-down is over; or it has been true, or not, for as long as it has to be. So such a
rule is asked at every run, but for the event times between which nothing comes of that:
meanwhile it waits, for an event from after them or from before.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from rules.columns.truth import TRUE

Quiet = tuple[datetime, datetime]
"""The event times between which, both excluded, nothing comes of a rule's runs."""

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_NEVER = (_LAST, _FIRST)


@dataclass(slots=True)
class _OfKey:
    """Such rules of one key: those to ask, and those that wait to be asked.

    ``truths`` is what each of them was at its last run.
    """

    truths: dict[int, int] = field(default_factory=dict)
    asked: dict[int, Quiet] = field(default_factory=dict)
    waiting: dict[int, Quiet] = field(default_factory=dict)
    after: list[tuple[datetime, int]] = field(default_factory=list)
    before: list[tuple[timedelta, int]] = field(default_factory=list)

    def wait(self, rule: int) -> None:
        """Have a rule wait that is asked."""
        quiet = self.waiting[rule] = self.asked.pop(rule)
        heappush(self.after, (quiet[1], rule))
        heappush(self.before, (_LAST - quiet[0], rule))

    def wake(self, at: datetime) -> None:
        """Ask the rules that an event of this time may tell again."""
        while self.after and self.after[0][0] <= at:
            until, rule = heappop(self.after)
            if self.waiting.get(rule, _NEVER)[1] == until:
                self.asked[rule] = self.waiting.pop(rule)
        # An event may come a little before those that were judged already.
        while self.before and _LAST - self.before[0][0] >= at:
            since, rule = heappop(self.before)
            if self.waiting.get(rule, _NEVER)[0] == _LAST - since:
                self.asked[rule] = self.waiting.pop(rule)


class Repeats:
    """Rules whose truth may stay, by the key whose events may change them.

    Events come in stretches: what is woken by one of them stays so, to be asked outside
    of its quiet times, until the stretch is over and ``settle`` is called.
    """

    def __init__(self) -> None:
        self._keys: dict[str, _OfKey] = {}
        self._touched: set[str] = set()

    def __len__(self) -> int:
        """Count the rules, each under each of its keys."""
        return sum(len(one.asked) + len(one.waiting) for one in self._keys.values())

    def begin(self, key: str, rule: int, truth: int = TRUE) -> None:
        """Ask a rule from now on, which ran and may change while its truth stays."""
        known = self._touch(key)
        known.truths[rule] = truth
        if rule not in known.asked:
            known.asked[rule] = known.waiting.pop(rule, _NEVER)

    def ask(self, key: str, rule: int) -> None:
        """Ask a rule at its next run, whatever time that is."""
        known = self._touch(key)
        known.waiting.pop(rule, None)
        known.asked[rule] = _NEVER

    def truth_of(self, rule: int, key: str) -> int:
        """Give what a rule that is asked was at its last run."""
        known = self._keys.get(key)
        return known.truths.get(rule, TRUE) if known else TRUE

    def drop(self, rule: int, key: str | None) -> None:
        """Ask a rule no more, under a key or under all."""
        for one in list(self._keys) if key is None else [key]:
            if one in self._keys:
                known = self._touch(one)
                known.asked.pop(rule, None)
                known.waiting.pop(rule, None)
                known.truths.pop(rule, None)

    def keep_quiet(self, key: str, rule: int, quiet: Quiet | None) -> None:
        """Note when nothing comes of a rule that is asked; none means no such time."""
        known = self._keys.get(key)
        if known is not None and rule in known.asked:
            known.asked[rule] = quiet or _NEVER

    def wake(self, key: str, at: datetime) -> None:
        """Ask the rules of a key that an event of this time may change."""
        if key in self._keys:
            self._touch(key).wake(at)

    def wake_all(self, key: str, rules: Iterable[int]) -> None:
        """Ask some rules of a key, if they wait."""
        if key in self._keys:
            known = self._touch(key)
            for rule in known.waiting.keys() & set(rules):
                known.asked[rule] = known.waiting.pop(rule)

    def asked(self, key: str) -> Collection[int]:
        """Name the rules of a key that may have to be asked in this stretch."""
        known = self._keys.get(key)
        return known.asked if known else ()

    def asked_at(self, key: str, at: datetime) -> Iterator[int]:
        """Name the rules of a key to ask at a time."""
        known = self._keys.get(key)
        for rule, (before, after) in known.asked.items() if known else ():
            if not before < at < after:
                yield rule

    def settle(self) -> None:
        """Let the rules wait that are quiet."""
        for key in self._touched:
            known = self._keys[key]
            for rule, quiet in list(known.asked.items()):
                if quiet != _NEVER:
                    known.wait(rule)
            if not known.asked and not known.waiting:
                del self._keys[key]
        self._touched.clear()

    def _touch(self, key: str) -> _OfKey:
        self._touched.add(key)
        known = self._keys.get(key)
        if known is None:
            known = self._keys[key] = _OfKey()
        return known
