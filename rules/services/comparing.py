"""What an edit of a rule would have added and removed, alert by alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

from datasets.models import Lane
from datasets.services import Period, read_period, read_zone
from rules.models import Rule
from rules.services.backtesting import look_at_past, read_draft
from rules.services.backtests import Backtest, Hit
from rules.services.pasts import Moment
from workspaces.access import Access

#: How far back an edit is compared unless a period is asked for.
COMPARED: Final = timedelta(days=30)
#: Alerts that are told of one by one, the newest.
SHOWN: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a rule would do as it stands, and as it would stand.

    `added` and `removed` count alerts that only the one has, and `kept` those that
    begin at the same moment under both; the newest of the first two are told of.
    `is_cut` says that older events were left out because they are judged one by one.
    """

    before: Backtest
    after: Backtest
    added: int
    removed: int
    kept: int
    added_hits: tuple[Hit, ...]
    removed_hits: tuple[Hit, ...]
    is_cut: bool


def compare_edit(
    *,
    access: Access,
    rule: Rule,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    since: str = "",
    until: str = "",
    addresses: Mapping[str, str] = MappingProxyType({}),
) -> Comparison:
    """Say what an edit would have added and removed; store nothing.

    `since` and `until` are as in a back-test; both blank are the last 30 days. The two
    are compared over the stretch that both were looked at.

    Raises:
        RuleInvalid: with one error per wrong place of the definition.
        PeriodInvalid: naming since or until.
    """
    spec, lanes = read_draft(access, definition, addresses)
    period = _period(lanes[0], since, until, now)
    known_as = rule.latest.definition if rule.latest else {}
    standing, its_lanes = read_draft(access, known_as, {})
    after = look_at_past(spec, lanes, period, now)
    before = look_at_past(standing, its_lanes, period, now)
    starts = max(after.starts, before.starts)
    fresh, known = _since(after.begun(), starts), _since(before.begun(), starts)
    if lanes != its_lanes:
        # Positions in other logs have nothing to do with each other.
        added, removed = fresh, known
    else:
        added, removed = fresh - known, known - fresh
    return Comparison(
        before=before.backtest,
        after=after.backtest,
        added=len(added),
        removed=len(removed),
        kept=len(fresh) - len(added),
        added_hits=tuple(after.tell(sorted(added)[-SHOWN:])),
        removed_hits=tuple(before.tell(sorted(removed)[-SHOWN:])),
        is_cut=after.backtest.is_cut or before.backtest.is_cut,
    )


def _period(lane: Lane, since: str, until: str, now: datetime) -> Period:
    if not since and not until:
        return Period(earliest=now - COMPARED)
    return read_period(
        zone=read_zone(lane.dataset.zone),
        since=since,
        until=until,
        since_name="since",
        until_name="until",
    )


def _since(moments: set[Moment], starts: tuple[int, int]) -> set[Moment]:
    return {one for one in moments if one[:2] >= starts}
