"""What the form says of the past: how often a draft would have raised an alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from rules.console.drafts import Draft
from rules.console.showing import definition_for
from rules.engine import key_name, show
from rules.models import BacktestRun, Rule
from rules.services import (
    Backtest,
    Comparison,
    Hit,
    backtest_from_json,
    comparison_from_json,
    start_backtest,
    start_comparison,
)
from workspaces.access import Access
from workspaces.refusals import Invalid

#: Transitions that the form shows, the newest.
_HITS_SHOWN = 20
_UNITS = (
    ("day", timedelta(days=1)),
    ("hour", timedelta(hours=1)),
    ("minute", timedelta(minutes=1)),
    ("second", timedelta(seconds=1)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownHit:
    """A transition as the form draws it."""

    hit: Hit
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookedBack:
    """The answer in words; without `found` the draft is not whole yet.

    A `run` goes on in the background, or ended there; then `found` is so far.
    """

    found: Backtest | None = None
    run: BacktestRun | None = None
    is_dropped: bool = False
    alerts: str = ""
    span: str = ""
    told: str = ""
    hits: Sequence[ShownHit] = ()
    compared: str = ""

    @property
    def has_more(self) -> bool:
        """Say whether more came about than is shown one by one."""
        if self.found is None:
            return False
        return len(self.found.hits) > len(self.hits)


def look_back(
    *, access: Access, draft: Draft, rule: Rule | None, now: datetime
) -> LookedBack:
    """Say what a draft would have done over the stored history, and a rule has not."""
    compared = None
    try:
        definition = definition_for(access, draft)
        addresses = {address: draft.pace for _, address in draft.new_outputs}
        if rule is not None:
            compared = start_comparison(
                access=access,
                rule=rule,
                definition=definition,
                addresses=addresses,
                now=now,
            )
        if isinstance(compared, BacktestRun):
            # It finds what a back-test would as well.
            return show_run(compared)
        found = start_backtest(
            access=access, definition=definition, addresses=addresses, now=now
        )
    except Invalid:
        # The sentence above says what the draft still needs.
        return LookedBack()
    said = "" if compared is None else _difference(compared)
    if isinstance(found, BacktestRun):
        return replace(show_run(found), compared=said)
    return replace(_shown(found), compared=said)


def show_run(run: BacktestRun) -> LookedBack:
    """Say what a back-test in the background found so far."""
    if run.found is None:
        return LookedBack(run=run)
    said = ""
    if run.compared is not None:
        compared = comparison_from_json(run.compared)
        said = _difference(compared, is_whole=not run.is_moving)
    looked = _shown(backtest_from_json(run.found))
    return replace(looked, run=run, compared=said)


def _shown(found: Backtest) -> LookedBack:
    newest = list(reversed(found.hits))[:_HITS_SHOWN]
    return LookedBack(
        found=found,
        alerts=_count(found.alerts, "alert"),
        span=_span(found),
        told=_told(found),
        hits=[ShownHit(hit=hit, value=_value(hit)) for hit in newest],
    )


def _difference(compared: Comparison, *, is_whole: bool = True) -> str:
    """Say what saving would have changed over the last 30 days, or does so far."""
    added = _count(compared.added, "alert")
    removed = _count(compared.removed, "alert")
    days = "Over the last 30 days"
    if not is_whole:
        days = "Of the last 30 days, as far as they are judged,"
    if not compared.added and not compared.removed:
        return f"{days} it would have raised the same alerts as it stands."
    return (
        f"{days} what you changed adds {added} and removes {removed};"
        f" {compared.kept:,} stay."
    )


def answer_of(found: Backtest) -> str:
    """Say in a sentence what a draft would have done."""
    span = _span(found)
    if not span:
        return "There are no events to look back on yet."
    alerts = _count(found.alerts, "alert")
    said = f"Would have raised {alerts} in the last {span} of data"
    if found.alerts:
        return f"{said}; {_told(found)}."
    if found.closest is None:
        return f"{said}."
    near, by = show(found.closest.value), show(found.closest.margin)
    key = key_name(found.closest.key) or "It"
    return f"{said}. {key} came closest: {near}, missed by {by}."


def _told(found: Backtest) -> str:
    if not found.told_by_output:
        return "the live feed alone would have told you"
    times = {0: "never", 1: "once", 2: "twice"}.get(found.told)
    return f"you would have been told {times or f'{found.told:,} times'}"


def _span(found: Backtest) -> str:
    """Say how much time the data cover, in the largest unit of which it has two."""
    if found.earliest is None or found.latest is None:
        return ""
    length = found.latest - found.earliest
    for word, unit in _UNITS:
        if length >= 2 * unit or word == "second":
            return _count(max(round(length / unit), 1), word)
    return ""


def _value(hit: Hit) -> str:
    return "" if hit.value is None else show(hit.value)


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
