"""Making a rule test of what happened: events from the log, and what came of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from datasets.services import JudgedRecord
from rules.engine import TransitionKind, Value, render_duration
from rules.models import Version
from rules.services.case_files import CaseFileInvalid, Expected
from rules.services.case_running import CaseResult, run_rule_tests
from rules.services.questions import Question
from rules.yaml_writing import write_yaml
from workspaces.refusals import Clash

#: Events that a test may need at most; how many are tried, the fewest first.
MOST_EVENTS: Final = 500
_TRIED: Final = (1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, MOST_EVENTS)
_NAME_LENGTH: Final = 200
#: What no event caused, so no test could show.
_BY_HAND: Final = frozenset((TransitionKind.CLOSED.value,))


class CaseNotRebuilt(Clash):
    """The log does not hold what made a rule do what it did."""

    code = "case_not_rebuilt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A transition of one instance, at its place in the lane's order."""

    kind: str
    at: datetime
    seq: int
    ord: int


def write_rule_test(
    *, version: Version, key: str, name: str, happened: Sequence[Happened]
) -> str:
    """Write a file of one test in which a version does what it did to a key.

    1. The events of the facts that it reads come from the log, up to the last
       transition, with the fields that it reads.
    2. The test takes as few of the newest of them as do; it was run, and passes.

    Raises:
        CaseNotRebuilt: if the events that are kept do not lead to it.
    """
    shown = [one for one in happened if one.kind not in _BY_HAND]
    if not shown:
        raise CaseNotRebuilt("No event caused this, so no test can show it.")
    draft = _Draft(Question(version.rule, version), key, name, shown)
    fallback = None
    for events in draft.choices():
        text = draft.write(events, [])
        result = _run(text)
        if result.has_passed:
            return text
        if fallback is None and not (result.missing or result.errors):
            fallback = draft.write(events, result.unexpected)
    if fallback is None or not _run(fallback).has_passed:
        raise CaseNotRebuilt(
            "The events that are still kept do not lead to this alone: what the rule "
            "remembered, or some of them, came before."
        )
    return fallback


def _run(text: str) -> CaseResult:
    try:
        (result,) = run_rule_tests(text=text.encode())
    except CaseFileInvalid as error:
        raise CaseNotRebuilt(f"No test can be made of this rule: {error}") from error
    return result


class _Draft:
    """A test of one instance, with some of the events that led to what happened."""

    def __init__(
        self, question: Question, key: str, name: str, shown: Sequence[Happened]
    ) -> None:
        self._question = question
        self._question.ask_of(key)
        self._key = key
        self._name = name
        self._shown = shown
        self._events = self._all_events()

    def choices(self) -> Iterator[Sequence[JudgedRecord]]:
        """Give more and more of the newest events, also with what came before them."""
        tried = 0
        for number in _TRIED:
            if tried >= len(self._events):
                return
            tried = min(number, len(self._events))
            newest = self._events[-tried:]
            yield newest
            settled = self._settled(self._events[:-tried])
            if settled:
                yield [*settled, *newest]

    def write(self, events: Sequence[JudgedRecord], also: Sequence[Expected]) -> str:
        """Write the file; `also` came beside what is to be shown."""
        start = min(one.event_time for one in events)
        shown = [
            {"at": _apart(one.at, start), "key": self._key, "kind": one.kind}
            for one in self._shown
        ]
        last = max(one.at for one in self._shown)
        return write_yaml(
            {
                "workspace": self._question.version.rule.workspace.slug,
                "definition": self._question.version.definition,
                "lateness": f"{self._question.lane.dataset.lateness_seconds}s",
                "cases": [
                    {
                        "name": self._name[:_NAME_LENGTH],
                        "start": start.isoformat(),
                        "events": [self._event(one, start) for one in events],
                        "until": _apart(max(last, start), start),
                        "expect": [*shown, *map(_expected, also)],
                    }
                ],
            }
        )

    def _event(self, record: JudgedRecord, start: datetime) -> Mapping[str, object]:
        fields = {
            name: value
            for name, value in record.fields.items()
            if name in self._question.fields_read
        }
        dataset = self._question.datasets.series_of(record.dataset_id)
        return {
            "at": _apart(record.event_time, start),
            **({"dataset": dataset} if self._question.reads_several else {}),
            "key": record.key,
            "fields": fields,
        }

    def _all_events(self) -> Sequence[JudgedRecord]:
        """Return what moved the facts that are read, up to the last transition."""
        last = max(self._shown, key=lambda one: (one.seq, one.ord, one.at))
        pasts = self._question.pasts(self._key, before=replace(last, ord=last.ord + 1))
        records = [record for past in pasts.values() for record in past.records]
        # A timer fired before the event at whose place it stands.
        known = [_as_event(one) for one in records if one.event_time <= last.at]
        return sorted(known, key=lambda one: (one.seq, one.ord))

    def _settled(self, earlier: Sequence[JudgedRecord]) -> Sequence[JudgedRecord]:
        """Return the newest of earlier events that gave each fact its value."""
        needed: dict[tuple[int, str, str], JudgedRecord] = {}
        for record in earlier:
            values: Mapping[str, Value] = record.fields
            for name in self._question.fields_read & values.keys():
                if values[name] is not None:
                    needed[record.dataset_id, record.key, name] = record
        chosen = {(one.seq, one.ord): one for one in needed.values()}
        return [chosen[place] for place in sorted(chosen)]


def _as_event(record: JudgedRecord) -> JudgedRecord:
    """Return a record as an event; facts that stood elsewhere are their values."""
    if not record.stands:
        return record
    values = {name: value for name, (value, *_) in record.fields.items()}
    return replace(record, fields=values)


def _apart(at: datetime, start: datetime) -> str:
    return render_duration(max(at - start, timedelta()))


def _expected(one: Expected) -> Mapping[str, object]:
    return {"at": render_duration(one.at), "key": one.key, "kind": one.kind}
