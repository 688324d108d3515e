"""What two rules would have done, compared alert by alert."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from rules.services.backtests import Backtest, Hit
from rules.services.gathering import microseconds_of
from rules.services.pasts import AFTER_ALL, KnownPast, Moment
from rules.services.walks import Walk

#: Alerts that are told of one by one, the newest.
SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a rule would do as it stands, and as it would stand.

    `added` and `removed` count alerts that only the one has, and `kept` those that
    begin at the same moment under both; the newest of the first two are told of.
    """

    before: Backtest
    after: Backtest
    added: int
    removed: int
    kept: int
    added_hits: tuple[Hit, ...]
    removed_hits: tuple[Hit, ...]


def compare_pasts(before: KnownPast, after: KnownPast) -> Comparison:
    """Compare what was found of two rules of one lane.

    Of events that came between the two looks neither is told.
    """
    last = min(before.last_seq, after.last_seq)
    known, fresh = (_until(last, one.begun()) for one in (before, after))
    added, removed = fresh - known, known - fresh
    return Comparison(
        before=before.backtest,
        after=after.backtest,
        added=added.total(),
        removed=removed.total(),
        kept=(fresh & known).total(),
        added_hits=tuple(after.tell(_newest(added))),
        removed_hits=tuple(before.tell(_newest(removed))),
    )


def _until(last: int, begun: Counter[Moment]) -> Counter[Moment]:
    return Counter(
        {one: n for one, n in begun.items() if one.seq <= last or one.seq == AFTER_ALL}
    )


def _newest(moments: Counter[Moment]) -> Mapping[Moment, int]:
    return Counter(sorted(moments.elements())[-SHOWN:])


_Place = tuple[tuple[int, int], int, int, str]
"""The batch by lane and position, the event's order in it, the time, and the key."""


@dataclass(slots=True)
class _Side:
    """What only one of two rules has so far; `waiting` the other may have as well."""

    waiting: dict[_Place, list[Hit]] = field(default_factory=dict)
    count: int = 0
    newest: deque[Hit] = field(default_factory=lambda: deque(maxlen=SHOWN))


class Difference:
    """What of two rules that are judged side by side only one raised.

    However many alerts they raise, it keeps those alone of which it cannot be said yet
    whether the other raises them as well.
    """

    def __init__(self) -> None:
        self.removed, self.added = _Side(), _Side()
        self.kept = 0

    def note(self, walk: Walk, hit: Hit, *, is_edited: bool) -> None:
        """Take in an alert of the rule as edited, or as it stands, on a walk."""
        own, other = self.removed, self.added
        if is_edited:
            own, other = other, own
        # What the sweep would have found has no place in a log yet.
        order = hit.position.ord if walk.where[1] else 0
        place = walk.where, order, microseconds_of(hit.at), hit.key
        same = other.waiting.get(place)
        if same:
            same.pop()
            self.kept += 1
        else:
            own.waiting.setdefault(place, []).append(hit)

    def settle(self) -> None:
        """Note that no rule raises any more alerts where both are."""
        for side in (self.removed, self.added):
            for hits in side.waiting.values():
                side.count += len(hits)
                side.newest.extend(hits)
            side.waiting.clear()

    def result(self, before: Backtest, after: Backtest) -> Comparison:
        """Tell what is settled."""
        return Comparison(
            before=before,
            after=after,
            added=self.added.count,
            removed=self.removed.count,
            kept=self.kept,
            added_hits=tuple(self.added.newest),
            removed_hits=tuple(self.removed.newest),
        )
