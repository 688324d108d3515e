"""What a draft would be, before it is saved: its words, its problems, its truth now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from datasets.models import Fact, Lane
from datasets.services import lanes_of
from rules.engine import (
    MAX_CONDITIONS,
    ConditionVerdict,
    DurationInvalid,
    FactPath,
    FactPathInvalid,
    GroupVerdict,
    KeyFacts,
    OutputUse,
    Specification,
    Subject,
    Value,
    Verdict,
    conditions_of,
    judge_facts,
    parse_duration,
    render_parts,
    seen_at,
    subject_of,
    value_at,
)
from rules.services.cautions import cautions_of
from rules.services.definitions import RuleInvalid, foreign_lanes, read_definition
from rules.services.facts import (
    all_traits,
    dataset_of,
    facts_of_lanes,
    series_of,
    traits_of,
)
from workspaces.access import Access
from workspaces.refusals import FieldError

#: Keys whose facts a preview of an any-key rule looks at.
KEYS_LOOKED_AT = 1000
#: Keys of which a draft is true now that are told of one by one.
MATCHES_SHOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a condition, or a whole rule, stands by the last known facts.

    Of any key: `holding` are those of `keys` under which it is true. Of one key:
    `truth`, `reason`, the value on its left side, and when that was. `is_judged` is
    false where only the fact is known yet.
    """

    is_any_key: bool = False
    is_judged: bool = True
    truth: bool | None = None
    reason: str = ""
    value: Value = None
    at: datetime | None = None
    keys: int = 0
    holding: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A key of which a draft is true now, and the values of the facts it reads."""

    key: str
    values: Mapping[str, Value]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matches:
    """Of how many keys a draft is true now, and the first of those by name.

    `keys` were looked at; `is_cut` says that there are more.
    """

    keys: int
    matching: int
    first: tuple[Match, ...]
    is_cut: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a draft would be: its sentence in parts, or the problems in its way.

    `parts` are phrases with the pointers they speak of; `standings` tell by pointer
    how each condition stands, also beside problems elsewhere. `cautions` are not in the
    way of saving.
    """

    parts: tuple[tuple[str, str], ...] = ()
    problems: tuple[FieldError, ...] = ()
    cautions: tuple[FieldError, ...] = ()
    whole: Standing | None = None
    matches: Matches | None = None
    standings: Mapping[str, Standing] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """Return the draft in one sentence; blank while something is wrong."""
        return "".join(text for text, _ in self.parts)


def preview_rule(
    *,
    access: Access,
    definition: Mapping[str, Any],  # Any: the engine judges it
    now: datetime,
    addresses: Sequence[str] = (),
    pace: str = "1h",
) -> Preview:
    """Say what a draft would be; store nothing.

    `addresses` are outputs that saving would make, each told at most once a `pace`.

    1. A whole definition is read back and judged over the facts as they are, by the
       evaluator that judges events.
    2. In one with problems each condition is judged alone, as far as it goes.
    """
    try:
        spec, lane = read_definition(access=access, definition=definition)
        spec = with_outputs(spec, addresses, pace)
    except RuleInvalid as error:
        alone = _each_alone(access, definition, now)
        return Preview(problems=tuple(error.errors), standings=alone)
    lanes = [lane, *foreign_lanes(access=access, spec=spec, home=lane)]
    look = _Look(spec, lanes, now)
    return Preview(
        parts=render_parts(spec),
        cautions=tuple(cautions_of(spec, lane, now=now)),
        whole=look.whole(),
        matches=look.matches(),
        standings=dict(look.conditions()),
    )


def with_outputs(
    spec: Specification, addresses: Sequence[str], pace: str
) -> Specification:
    """Return what the rule will say once its new outputs are made."""
    if not addresses:
        return spec
    try:
        cool_down = parse_duration(pace)
    except DurationInvalid as error:
        wrong = FieldError(pointer="/outputs", code="bad_duration", detail=str(error))
        raise RuleInvalid(wrong.detail, errors=[wrong]) from error
    added = tuple(OutputUse(output=one, cool_down=cool_down) for one in addresses)
    return replace(spec, outputs=spec.outputs + added)


class _Look:
    """One look at the facts that a specification reads."""

    def __init__(
        self, spec: Specification, lanes: Sequence[Lane], now: datetime
    ) -> None:
        self.spec = spec
        self.series = all_traits(lane.dataset for lane in lanes)
        self.keys, self.facts = _read_facts(lanes, spec.facts)
        if not spec.any_key:
            self.keys = [subject_of(spec.leading_fact, "", self.series)[1]]
        self.verdicts = {
            key: judge_facts(spec, self.facts, key=key, at=now, series=self.series)
            for key in self.keys
        }

    def whole(self) -> Standing:
        """Return how the rule stands."""
        return self._standing(self.verdicts, is_any_key=self.spec.any_key)

    def matches(self) -> Matches:
        """Return under how many keys the rule is true, and under which."""
        holding = [key for key, one in self.verdicts.items() if one.truth]
        return Matches(
            keys=len(self.keys),
            matching=len(holding),
            first=tuple(map(self._match, holding[:MATCHES_SHOWN])),
            is_cut=self.spec.any_key and len(self.keys) >= KEYS_LOOKED_AT,
        )

    def _match(self, key: str) -> Match:
        return Match(
            key=key,
            values={
                path.under(key): self._value(path, key) for path in self.spec.facts
            },
            reason=self.verdicts[key].reason,
        )

    def _value(self, path: FactPath, key: str) -> Value:
        known = self.facts.get(subject_of(path, key, self.series))
        found = known.values.get(path.root) if known else None
        return value_at(found.value, path.steps) if found else None

    def conditions(self) -> Iterator[tuple[str, Standing]]:
        """Return how each condition stands, by its pointer."""
        leaves = {key: list(_leaves(one)) for key, one in self.verdicts.items()}
        for place, (pointer, condition) in enumerate(conditions_of(self.spec.when)):
            mine = {key: found[place] for key, found in leaves.items()}
            is_any_key = any(fact.any_key for fact in condition.facts)
            yield pointer, self._standing(mine, is_any_key=is_any_key)

    def _standing(
        self, verdicts: Mapping[str, Verdict], *, is_any_key: bool
    ) -> Standing:
        if is_any_key or not verdicts:
            holding = [key for key, one in verdicts.items() if one.truth]
            return Standing(is_any_key=True, keys=len(verdicts), holding=tuple(holding))
        key, verdict = next(iter(verdicts.items()))
        if isinstance(verdict, GroupVerdict):
            return Standing(truth=verdict.truth, reason=verdict.reason)
        return Standing(
            truth=verdict.truth,
            reason=verdict.reason,
            value=verdict.found,
            at=seen_at(verdict.condition, self.facts, key=key, series=self.series),
        )


def _leaves(verdict: Verdict) -> Iterator[ConditionVerdict]:
    """Return the conditions' verdicts in reading order."""
    if isinstance(verdict, ConditionVerdict):
        yield verdict
        return
    for member in verdict.members:
        yield from _leaves(member)


def _read_facts(
    lanes: Sequence[Lane], facts: Sequence[FactPath]
) -> tuple[list[str], dict[Subject, KeyFacts]]:
    """Return the keys that `*` stands for, and the facts of all that is read.

    Each dataset's are those of its own lane, as a rule begins with that is turned on.
    """
    traits = all_traits(lane.dataset for lane in lanes)
    anywhere = {fact.series for fact in facts if fact.any_key}
    keys: set[str] = set()
    for lane in lanes:
        if series_of(lane.dataset) in anywhere:
            known = Fact.objects.own().filter(lane=lane).order_by("key")
            keys.update(known.values_list("key", flat=True)[:KEYS_LOOKED_AT])
    looked_at = sorted(keys)[:KEYS_LOOKED_AT]
    subjects = {
        subject_of(fact, key, traits)
        for fact in facts
        for key in (looked_at if fact.any_key else ("",))
    }
    return looked_at, facts_of_lanes(lanes, subjects)


def _each_alone(
    access: Access, definition: Mapping[str, Any], now: datetime
) -> dict[str, Standing]:
    """Return how the conditions of a flat group stand, of those that can be judged."""
    found: dict[str, Standing] = {}
    for pointer, member in _members_of(definition.get("when")):
        standing = _alone(access, member, now)
        if standing is not None:
            found[pointer] = standing
    return found


def _members_of(when: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Walk the members of a group in which anything may stand where it should not."""
    group = when if isinstance(when, Mapping) else {}
    for match in ("all", "any"):
        members = group.get(match)
        for place, member in enumerate(members if isinstance(members, list) else ()):
            if isinstance(member, Mapping) and place < MAX_CONDITIONS:
                yield f"/when/{match}/{place}", member


def _alone(
    access: Access, condition: Mapping[str, Any], now: datetime
) -> Standing | None:
    alone = {"name": "Alone", "kind": "signal", "when": condition}
    try:
        spec, lane = read_definition(access=access, definition=alone)
    except RuleInvalid:
        return _value_alone(access, str(condition.get("fact", "")))
    lanes = [lane, *foreign_lanes(access=access, spec=spec, home=lane)]
    return next(standing for _, standing in _Look(spec, lanes, now).conditions())


def _value_alone(access: Access, text: str) -> Standing | None:
    """Return what is known of a fact that nothing valid is asked of yet."""
    try:
        fact = FactPath.parse(text, access.workspace.slug)
    except FactPathInvalid:
        return None
    dataset = dataset_of(fact, own=access.workspace)
    if dataset is None:
        return None
    keys, facts = _read_facts(lanes_of(dataset), [fact])
    if fact.any_key:
        return Standing(is_judged=False, is_any_key=True, keys=len(keys))
    known = facts.get(subject_of(fact, "", traits_of(dataset)))
    found = known.values.get(fact.root) if known else None
    if found is None:
        return None
    value = value_at(found.value, fact.steps)
    return Standing(is_judged=False, value=value, at=found.at)
