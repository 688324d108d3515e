"""A past of which columns answer for most keys, and the engine judges the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from rules.columns.history import KeyCount
from rules.engine import Position
from rules.services.awaiting import Look
from rules.services.backtests import HITS_SHOWN, KEYS_SHOWN, Backtest, Hit
from rules.services.pasts import JudgedPast, Moment, SurveyedPast, moment_of


class DividedPast:
    """What came about under all keys, put together in the order of the lane.

    No key of such a rule matters to another, so each is judged as if it were alone.
    Only timers that the sweep finds after the last event stand one behind the other:
    `woken` are those that the engine found; what it judged keeps its alerts.
    """

    def __init__(
        self,
        surveyed: SurveyedPast,
        judged: JudgedPast,
        woken: Sequence[Look],
    ) -> None:
        self._surveyed = surveyed
        self._alerts = judged.alerts
        survey = surveyed.survey
        ours = survey.awaiting.woken(survey.answer)
        self._next_seq = survey.lane.next_seq
        self._looks = {False: ours, True: woken}
        self._order = {look: n for n, look in enumerate(sorted([*ours, *woken]))}
        self._apart = frozenset(survey.apart)
        self.backtest = self._put_together(surveyed.backtest, judged.backtest)

    @property
    def last_seq(self) -> int:
        """Give the position of the newest event that columns looked at."""
        return self._surveyed.last_seq

    def begun(self) -> Counter[Moment]:
        """Count the alerts by the moments at which they begin."""
        return self._surveyed.begun() + Counter(map(self._moment, self._alerts))

    def tell(self, moments: Mapping[Moment, int]) -> Sequence[Hit]:
        """Tell of so many alerts of some moments, in the order of the lane."""
        ours = {one: n for one, n in moments.items() if one.key not in self._apart}
        told, left = [*self._surveyed.tell(ours)], Counter(moments)
        for hit in self._alerts:
            moment = self._moment(hit)
            if left[moment] > 0:
                left[moment] -= 1
                told.append(hit)
        return self._in_order(told)

    def _moment(self, hit: Hit) -> Moment:
        return moment_of(hit, self._next_seq)

    def _put_together(self, ours: Backtest, theirs: Backtest) -> Backtest:
        """Add up what both found; events were counted of all keys."""
        keys = self._keys()
        return replace(
            ours,
            hits=tuple(self._in_order([*ours.hits, *theirs.hits])[-HITS_SHOWN:]),
            alerts=ours.alerts + theirs.alerts,
            told=ours.told + theirs.told,
            told_by_output={
                name: count + theirs.told_by_output[name]
                for name, count in ours.told_by_output.items()
            },
            passes=ours.passes + theirs.passes,
            per_day=dict(
                sorted((Counter(ours.per_day) + Counter(theirs.per_day)).items())
            ),
            per_key=[(one.key, one.count) for one in keys[:KEYS_SHOWN]],
            keys=len(keys),
            errors=theirs.errors,
            error=theirs.error,
            closest=None,
        )

    def _in_order(self, hits: Sequence[Hit]) -> list[Hit]:
        placed = [replace(one, position=self._place(one)) for one in hits]
        return sorted(placed, key=attrgetter("position"))

    def _place(self, hit: Hit) -> Position:
        seq = self._seq_of(hit.position.seq, hit.key)
        return Position(seq=seq, ord=hit.position.ord)

    def _seq_of(self, seq: int, key: str) -> int:
        """Find the place among all timers of one that has one among its own."""
        if seq < self._next_seq:
            return seq
        look = self._looks[key in self._apart][seq - self._next_seq]
        return self._next_seq + self._order[look]

    def _keys(self) -> list[KeyCount]:
        ours = self._surveyed.survey.keys_counted(self._surveyed.period)
        first: dict[str, Position] = {}
        for hit in self._alerts:
            first.setdefault(hit.key, hit.position)
        counts = Counter(hit.key for hit in self._alerts)
        theirs = [
            KeyCount(key, count, first[key].seq, first[key].ord)
            for key, count in counts.items()
        ]
        placed = [
            replace(one, seq=self._seq_of(one.seq, one.key)) for one in (*ours, *theirs)
        ]
        return sorted(placed, key=lambda one: (-one.count, one.seq, one.ord))
