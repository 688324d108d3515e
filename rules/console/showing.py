"""What the rule form shows beside what was typed: operators, truths, phrases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from rules.console.drafts import (
    Draft,
    Row,
    definition_of,
    operator_choices,
)
from rules.console.forms import FormError, Phrase, form_errors, phrases_of, row_of
from rules.engine import FieldType, key_name, show
from rules.models import Rule
from rules.services import (
    Standing,
    output_names,
    preview_rule,
    simulation_of,
    type_of_fact,
    with_names,
)
from workspaces.access import Access

#: Keys that are named where a condition is true under many.
_KEYS_NAMED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """How a row, or the whole rule, stands now, in words.

    `mark` is true, false, unknown, or value where nothing is asked of the fact yet.
    """

    mark: str
    words: str
    at: object = None
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownRow:
    """A condition as the form draws it."""

    place: int
    row: Row
    operators: Sequence[tuple[str, str]]
    is_boolean: bool
    is_number: bool
    is_simulated: bool
    now: Now | None
    fact_errors: Sequence[str] = ()
    op_errors: Sequence[str] = ()
    value_errors: Sequence[str] = ()

    @property
    def control(self) -> str:
        """Return how the ids of its controls begin."""
        return f"c-{self.place}"

    @property
    def odd_value(self) -> str:
        """Return what was typed for another kind of fact, so that it is not lost."""
        return "" if self.row.value in {"true", "false"} else self.row.value


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFact:
    """An additional fact as the form draws it."""

    place: int
    fact: str
    errors: Sequence[str] = ()

    @property
    def control(self) -> str:
        """Return the id of its control."""
        return f"include-{self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything that the form says about a draft by itself."""

    rows: Sequence[ShownRow]
    included: Sequence[ShownFact]
    phrases: Sequence[Phrase]
    problems: Sequence[FormError]
    cautions: Sequence[FormError]
    already: Now | None
    is_simulated: bool
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)


def show_draft(
    *, access: Access, draft: Draft, now: datetime, errors: Sequence[FormError] = ()
) -> Shown:
    """Return what the form says about a draft; `errors` are those of a failed save."""
    seen = preview_rule(
        access=access,
        definition=definition_for(access, draft),
        now=now,
        addresses=[address for _, address in draft.new_outputs],
        pace=draft.pace,
    )
    names = output_names(workspace=access.workspace)
    nows: dict[int, Now] = {}
    for pointer, standing in seen.standings.items():
        place = row_of(pointer, draft)
        if place is not None:
            nows[place] = _now(standing)
    by_control: dict[str, list[str]] = {}
    for error in errors:
        by_control.setdefault(error.control, []).append(error.detail)
    is_simulated = simulation_of(workspace=access.workspace)
    rows = [
        _shown_row(
            access,
            place,
            row,
            nows.get(place),
            by_control,
            is_simulated=any(map(is_simulated, _facts_of(row))),
        )
        for place, row in enumerate(draft.rows)
    ]
    return Shown(
        rows=rows,
        included=[
            ShownFact(
                place=place, fact=fact, errors=by_control.get(f"include-{place}", ())
            )
            for place, fact in enumerate(draft.include)
        ],
        phrases=phrases_of(with_names(seen.parts, names), draft),
        problems=form_errors(seen.problems, draft),
        cautions=form_errors(seen.cautions, draft),
        already=_already(seen.whole, only_new=draft.only_new),
        is_simulated=any(row.is_simulated for row in rows)
        or any(map(is_simulated, draft.include)),
        errors=by_control,
    )


def facts_of(rule: Rule) -> list[str]:
    """Return the facts that a saved rule watches and includes."""
    definition = rule.latest.definition if rule.latest else {}
    return [
        *definition.get("watch", {}).get("facts", ()),
        *definition.get("include", ()),
    ]


def definition_for(access: Access, draft: Draft) -> dict[str, object]:
    """Return the draft's definition; a blank name is taken from its first condition."""
    first = draft.rows[draft.said_rows[0]]
    return definition_of(
        draft,
        type_of=lambda text: type_of_fact(workspace=access.workspace, text=text),
        name=_name_for(first),
    )


def _name_for(row: Row) -> str:
    key, _, name = ":".join(row.fact.split(":")[2:]).rpartition(":")
    if key in {"*", "ANYEVENT"}:
        key = ""
    return f"{key_name(key)} {name} alert".strip() if name else "Rule"


def _shown_row(
    access: Access,
    place: int,
    row: Row,
    now: Now | None,
    errors: Mapping[str, Sequence[str]],
    *,
    is_simulated: bool,
) -> ShownRow:
    wanted = type_of_fact(workspace=access.workspace, text=row.fact)
    return ShownRow(
        place=place,
        row=row,
        operators=operator_choices(wanted),
        is_boolean=wanted is FieldType.BOOLEAN and row.against != "fact",
        is_number=wanted is FieldType.NUMBER,
        is_simulated=is_simulated,
        now=now,
        fact_errors=errors.get(f"c-{place}-fact", ()),
        op_errors=errors.get(f"c-{place}-op", ()),
        value_errors=errors.get(f"c-{place}-value", ()),
    )


def _facts_of(row: Row) -> tuple[str, ...]:
    """Return the facts of a condition as they were typed."""
    return (row.fact, row.value) if row.against == "fact" else (row.fact,)


def _now(standing: Standing) -> Now:
    if standing.is_any_key:
        return _now_of_many(standing)
    example = "" if standing.value is None else show(standing.value).strip('"')
    if not standing.is_judged:
        words = f"Now {show(standing.value)}"
        return Now(mark="value", words=words, at=standing.at, example=example)
    mark = {True: "true", False: "false", None: "unknown"}[standing.truth]
    return Now(mark=mark, words=standing.reason, at=standing.at, example=example)


def _now_of_many(standing: Standing) -> Now:
    if not standing.keys:
        return Now(mark="unknown", words="no key has sent anything yet")
    keys = f"{standing.keys:,} key{'s' if standing.keys > 1 else ''}"
    if not standing.is_judged:
        return Now(mark="value", words=f"{keys}, each on its own")
    if not standing.holding:
        return Now(mark="false", words=f"for each of {keys}")
    return Now(
        mark="true",
        words=f"for {len(standing.holding):,} of {keys}: {_named(standing)}",
    )


def _named(standing: Standing) -> str:
    named = ", ".join(standing.holding[:_KEYS_NAMED])
    more = len(standing.holding) - _KEYS_NAMED
    return f"{named} and {more:,} more" if more > 0 else named


def _already(whole: Standing | None, *, only_new: bool) -> Now | None:
    """Return what becomes of it that a rule is true before it is turned on."""
    if whole is None:
        return None
    if not whole.is_any_key:
        then = "the fact's next event raises an alert" + _UNLESS
        if only_new:
            then = "it is not told until it was false once."
        words = f"This is already true now: {then}"
        return Now(mark="true", words=words) if whole.truth else None
    if not whole.holding:
        return None
    count = f"{len(whole.holding):,} of {whole.keys:,} keys"
    then = "the next event of each raises an alert" + _UNLESS
    if only_new:
        then = "none of them is told of until it was false of it once."
    words = f"This is already true now for {count} ({_named(whole)}): {then}"
    return Now(mark="true", words=words)


_UNLESS = ", unless you choose “Only new ones”."
