"""Files of rule tests: a rule, and what it is to say of which events, case by case.

docs/rule-tests.md describes the format.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from datasets.services import TimeInvalid, read_event_time
from rules.engine import (
    DefinitionInvalid,
    Place,
    Problem,
    Specification,
    TransitionKind,
    render_duration,
)
from rules.models import Rule
from rules.services.parsing import parse_rule
from rules.yaml import Written, YamlInvalid, read_yaml

#: When the events of a case begin, unless it says so itself.
BEGINNING: Final = datetime(2026, 1, 5, 14, 30, tzinfo=UTC)
_NAME_LENGTH: Final = 200
_KEY_LENGTH: Final = 1500
_EVENTS: Final = 10_000
_CASES: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with a file, where, and how to mend it."""

    line: int
    detail: str


class CaseFileInvalid(ValueError):
    """A file is none of rule tests; `mistakes` name each place."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        super().__init__(" ".join(one.detail for one in mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Expected:
    """A transition, wanted or come; `at` counts from the case's beginning."""

    at: timedelta
    key: str
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} of {self.key} at {render_duration(self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """An event of a case; it is received at its time, or at once if that is past."""

    series: str
    at: timedelta
    key: str
    fields: Mapping[str, Any]  # Any: JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Events in, transitions out; timers that are due by `until` fire."""

    name: str
    line: int
    start: datetime
    events: list[CaseEvent]
    until: timedelta
    expected: list[Expected]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """A rule and its cases; `lateness` None means the usual one."""

    specification: Specification
    lateness: timedelta | None
    cases: list[Case]


def read_case_file(text: bytes) -> CaseFile:
    """Read a file of rule tests; a rule named by its slug is read as last saved.

    Raises:
        CaseFileInvalid: with every mistake that was found, each at its line.
    """
    try:
        written = read_yaml(text)
    except YamlInvalid as error:
        raise CaseFileInvalid([Mistake(line=error.line, detail=error.detail)]) from None
    problems: list[Problem] = []
    file = _read_file(Place(written.value, "", problems), written)
    if problems or file is None:
        raise CaseFileInvalid(
            [
                Mistake(line=written.line_of(one.pointer), detail=one.detail)
                for one in problems
            ]
        )
    return file


def _read_file(root: Place, written: Written) -> CaseFile | None:
    known = ("workspace", "rule", "definition", "lateness", "cases")
    members = root.members(known)
    if members is None or not _has(root, members, "workspace", "cases"):
        return None
    specification = _read_rule(root, members)
    lateness = members["lateness"].duration() if "lateness" in members else None
    series = _Series(specification, members["workspace"].value)
    cases = [
        case
        for place in members["cases"].items(at_most=_CASES)
        if (case := _read_case(place, written, series))
    ]
    if not cases:
        members["cases"].refuse("blank", 'There are no "cases"; write at least one.')
    if specification is None:
        return None
    return CaseFile(specification=specification, lateness=lateness, cases=cases)


def _read_rule(root: Place, members: Mapping[str, Place]) -> Specification | None:
    workspace = members["workspace"].text(at_most=_NAME_LENGTH, blank=False)
    if ("rule" in members) == ("definition" in members):
        root.refuse("one_rule", 'Write a "rule" by its slug, or its "definition".')
        return None
    if workspace is None:
        return None
    place = members.get("definition")
    definition = place.value if place else None
    if place is None:
        place = members["rule"]
        definition = _saved(place, workspace)
    elif not isinstance(definition, Mapping):
        place.refuse("wrong_type", 'The "definition" is an object.')
    if not isinstance(definition, Mapping):
        return None
    return _parsed(place, definition, workspace)


def _saved(place: Place, workspace: str) -> object:
    """Return the definition of a rule as it was last saved."""
    slug = place.text(at_most=_NAME_LENGTH, blank=False)
    rules = Rule.objects.alive().filter(workspace__slug__iexact=workspace, slug=slug)
    rule = rules.select_related("latest").first()
    if slug is not None and (rule is None or rule.latest is None):
        place.refuse("unknown_rule", f"There is no rule {slug} in {workspace}.")
    return rule.latest.definition if rule and rule.latest else None


def _parsed(
    place: Place, definition: Mapping[str, object], workspace: str
) -> Specification | None:
    """Read a definition; what is wrong with it is noted at its lines."""
    try:
        specification = parse_rule(definition, workspace=workspace)
    except DefinitionInvalid as error:
        for one in error.problems:
            pointer = f"{place.pointer}{one.pointer}"
            Place(None, pointer, place.problems).refuse(one.code, one.detail)
        return None
    return specification


class _Series:
    """The datasets that the rule of a file reads, to one of which each event belongs.

    Of a rule that cannot be read nothing is known, and nothing is refused.
    """

    def __init__(self, specification: Specification | None, workspace: object) -> None:
        facts = specification.facts + specification.include if specification else ()
        self._known = list(dict.fromkeys(fact.series for fact in facts))
        self._workspace = workspace

    def of(self, root: Place, written: Place | None) -> str | None:
        """Name the dataset of an event; one that is not written is the only one."""
        names = ", ".join(self._known)
        if written is None:
            if len(self._known) > 1:
                root.refuse(
                    "missing",
                    f'"dataset" is missing here: the rule reads several, {names}.',
                )
            return self._known[0] if len(self._known) == 1 else None
        text = written.text(at_most=_NAME_LENGTH, blank=False)
        if text is None:
            return None
        series = text.upper() if ":" in text else f"{self._workspace}:{text}".upper()
        if self._known and series not in self._known:
            written.refuse(
                "unknown_dataset", f"The rule reads nothing of {text}, but of {names}."
            )
            return None
        return series


def _read_case(root: Place, written: Written, series: _Series) -> Case | None:
    members = root.members(("name", "start", "events", "until", "expect"))
    if members is None or not _has(root, members, "name", "events", "expect"):
        return None
    name = members["name"].text(at_most=_NAME_LENGTH, blank=False)
    start = _read_start(members["start"]) if "start" in members else BEGINNING
    events = [
        event
        for place in members["events"].items(at_most=_EVENTS)
        if (event := _read_event(place, series))
    ]
    expected = [
        one
        for place in members["expect"].items(at_most=_EVENTS)
        if (one := _read_expected(place))
    ]
    last = max((event.at for event in events), default=timedelta(0))
    until = members["until"].duration() if "until" in members else last
    if name is None or start is None or until is None:
        return None
    return Case(
        name=name,
        line=written.line_of(root.pointer),
        start=start,
        events=events,
        until=until,
        expected=expected,
    )


def _read_start(place: Place) -> datetime | None:
    try:
        return read_event_time(place.value, UTC)
    except TimeInvalid as error:
        place.refuse("bad_time", f'"start": {error}')
        return None


def _read_event(root: Place, series: _Series) -> CaseEvent | None:
    members = root.members(("at", "dataset", "key", "fields"))
    if members is None or not _has(root, members, "at", "key", "fields"):
        return None
    at = members["at"].duration()
    key = members["key"].text(at_most=_KEY_LENGTH, blank=False)
    fields = members["fields"].value
    if not isinstance(fields, Mapping):
        members["fields"].refuse("wrong_type", '"fields" is an object, {name: value}.')
        return None
    named = series.of(root, members.get("dataset"))
    if at is None or key is None or named is None:
        return None
    return CaseEvent(series=named, at=at, key=key, fields=fields)


def _read_expected(root: Place) -> Expected | None:
    members = root.members(("at", "key", "kind"))
    if members is None or not _has(root, members, "at", "key", "kind"):
        return None
    at = members["at"].duration()
    key = members["key"].text(at_most=_KEY_LENGTH, blank=False)
    kind = members["kind"].choice(TransitionKind)
    if at is None or key is None or kind is None:
        return None
    return Expected(at=at, key=key, kind=kind.value)


def _has(root: Place, members: Mapping[str, Place], *wanted: str) -> bool:
    """Note what is missing of an object."""
    missing = [name for name in wanted if name not in members]
    for name in missing:
        root.refuse("missing", f'"{name}" is missing here.')
    return not missing
