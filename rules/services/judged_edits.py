"""A rule as it stands and as edited, judged by the engine side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from datasets.models import Lane
from datasets.services import Period, Stretch
from rules.engine import Specification
from rules.services.backtests import Backtest, Hit
from rules.services.benches import Bench, Tally
from rules.services.comparisons import Comparison, Difference
from rules.services.homes import is_spread
from rules.services.judged_pasts import pausing
from rules.services.walks import Walk, newest_of_logs, whole_logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A rule that is not stored, and the lanes that decide of it, home first."""

    spec: Specification
    lanes: Sequence[Lane]

    @property
    def home(self) -> tuple[int, bool]:
        """Name the lane that judges it, and tell whether others do as well."""
        home = self.lanes[0]
        return home.pk, is_spread(self.spec, home)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditFound:
    """What an edited rule would have done, and how that differs."""

    backtest: Backtest
    compared: Comparison


class EditJudging:
    """An edit on its way through the logs that it and the rule as it stands read.

    1. Where one lane judges both, they go through the logs together: what comes about
       at one event is compared at once. Else one goes after the other.
    2. All that is stored is judged, so that both are what they would be live; or the
       newest `most_events`, if they are given.
    3. `period` chooses what is told of the edit, `compared` what is compared.
    """

    def __init__(
        self,
        edited: Draft,
        standing: Draft,
        *,
        period: Period,
        compared: Period,
        most_events: int | None = None,
    ) -> None:
        home = edited.lanes[0]
        self._found = Tally(edited.spec, home, period)
        self._after = Tally(edited.spec, home, compared)
        self._before = Tally(standing.spec, standing.lanes[0], compared)
        own = Bench(edited.spec, edited.lanes, [self._found, self._after])
        other = Bench(standing.spec, standing.lanes, [self._before])
        self._difference = Difference()
        self._is_side_by_side = edited.home == standing.home
        if self._is_side_by_side:
            both = [Draft(spec=edited.spec, lanes=_together(edited, standing))]
            self._benches = [[own, other]]
        else:
            both = [edited, standing]
            self._benches = [[own], [other]]
        self._walks = [
            _walk(draft, benches, most_events)
            for draft, benches in zip(both, self._benches, strict=True)
        ]
        self._after.on_alert = self._noting(self._walks[0], is_edited=True)
        self._before.on_alert = self._noting(self._walks[-1], is_edited=False)

    @property
    def read(self) -> int:
        """Count the events that are behind."""
        return sum(one.read for one in self._walks)

    @property
    def total(self) -> int:
        """Count the events that lie on the way."""
        return sum(one.total for one in self._walks)

    @property
    def is_cut(self) -> bool:
        """Say whether older events are stored than are on the way."""
        return any(one.is_cut for one in self._walks)

    def steps(self) -> Iterator[None]:
        """Go on, and pause now and then."""
        for walk, benches in zip(self._walks, self._benches, strict=True):
            for _ in pausing(walk, benches):
                self._settle()
                yield
            self._settle()

    def so_far(self) -> EditFound:
        """Tell what came about up to here."""
        found, after, before = (
            one.result(is_cut=self.is_cut)
            for one in (self._found, self._after, self._before)
        )
        return EditFound(
            backtest=found, compared=self._difference.result(before, after)
        )

    def end(self, now: datetime) -> EditFound:
        """Let time go on to `now`, once all is behind, and tell what came about."""
        for walk, benches in zip(self._walks, self._benches, strict=True):
            walk.wake(benches, now)
        self._difference.settle()
        return self.so_far()

    def _settle(self) -> None:
        if self._is_side_by_side:
            self._difference.settle()

    def _noting(self, walk: Walk, *, is_edited: bool) -> Callable[[Hit], None]:
        def note(hit: Hit) -> None:
            self._difference.note(walk, hit, is_edited=is_edited)

        return note


def _together(edited: Draft, standing: Draft) -> Sequence[Lane]:
    """Put the lanes of both together, home first."""
    home = edited.lanes[0]
    lanes = {lane.pk: lane for lane in (*standing.lanes, *edited.lanes)}
    del lanes[home.pk]
    return [home, *(lanes[pk] for pk in sorted(lanes))]


def _walk(draft: Draft, benches: Sequence[Bench], most_events: int | None) -> Walk:
    keys: set[str] | None = set()
    for bench in benches:
        keys = None if keys is None or bench.keys is None else keys | {*bench.keys}
    stretches: dict[int, Stretch] = (
        whole_logs(draft.lanes)
        if most_events is None
        else newest_of_logs(draft.lanes, keys, most_events)
    )
    return Walk(draft.lanes, stretches, keys=keys, is_spread=draft.home[1])
