"""The rule form as plain fields, and the definition they make.

The posted form is the whole state: rows are `c-0-fact`, `c-0-op`, `c-0-value`, and a
structural button says what to add or remove. So the page works without script, and an
address may fill it in with the same names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import QueryDict

from rules.engine import OPERATORS, FieldType, Operand

#: Conditions, and additional facts, that a form shows at most; more come by the API.
ROWS_MOST = 20
TypeOfFact = Callable[[str], FieldType | None]

#: How often people want to hear: choice -> (kind of rule, mode, words).
TELLINGS: Mapping[str, tuple[str, str, str]] = {
    "every_match": ("signal", "every_match", "on every match"),
    "on_enter": ("signal", "on_enter", "when it starts"),
    "start_and_end": ("state", "on_enter", "when it starts and when it ends"),
}
#: What one field of a form can hold; richer operands come by the API.
_OFFERED = frozenset({Operand.VALUE, Operand.VALUE_OR_FACT})
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One condition as typed; `against` says whether the right side is a fact."""

    fact: str = ""
    op: str = "lte"
    value: str = ""
    against: str = "value"

    @property
    def is_blank(self) -> bool:
        """Say whether nothing was typed into the row."""
        return not self.fact and not self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Everything the form holds."""

    rows: tuple[Row, ...] = (Row(),)
    match: str = "all"
    name: str = ""
    severity: str = "warning"
    telling: str = "every_match"
    #: Whether what is true already when the rule begins is held back.
    only_new: bool = False
    include: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    new_email: str = ""
    new_webhook: str = ""
    every: str = "60"
    unit: str = "m"
    #: Texts of outputs that came by the API; the form keeps and does not show them.
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_untouched(self) -> bool:
        """Say whether nothing was asked of any fact yet."""
        return all(row.is_blank for row in self.rows)

    @property
    def said_rows(self) -> tuple[int, ...]:
        """Return the places of the rows that count; blank ones say nothing."""
        said = [place for place, row in enumerate(self.rows) if not row.is_blank]
        return tuple(said) or (0,)

    @property
    def said_include(self) -> tuple[int, ...]:
        """Return the places of the additional facts that are not blank."""
        return tuple(place for place, fact in enumerate(self.include) if fact)

    @property
    def new_outputs(self) -> tuple[tuple[str, str], ...]:
        """Return kind and address of each output to be made."""
        typed = (("email", self.new_email), ("webhook", self.new_webhook))
        return tuple((kind, address) for kind, address in typed if address)

    @property
    def pace(self) -> str:
        """Return the cool-down as definitions write it."""
        return f"{self.every}{self.unit}"


#: Members of a definition for which the form has a control. What the language learns
#: later is no less a rule's for that: the form keeps off it.
_SHOWN = frozenset(
    {
        *("kind", "name", "watch", "when"),
        *("raise", "severity", "include", "outputs"),
    }
)


class TooRich(ValueError):
    """The definition has more than this form can show."""


def read_draft(data: QueryDict) -> Draft:
    """Return the draft that a form posted."""
    count = min(_number(data.get("rows"), default=1), ROWS_MOST)
    rows = tuple(
        Row(
            fact=str(data.get(f"c-{place}-fact", "")).strip(),
            op=str(data.get(f"c-{place}-op", "lte")),
            value=str(data.get(f"c-{place}-value", "")).strip(),
            against=str(data.get(f"c-{place}-against", "value")),
        )
        for place in range(count)
    )
    plain = {
        name: str(data.get(name, default)).strip()
        for name, default in (
            ("match", "all"),
            ("name", ""),
            ("severity", "warning"),
            ("telling", "every_match"),
            ("new_email", ""),
            ("new_webhook", ""),
            ("every", "60"),
            ("unit", "m"),
        )
    }
    include = tuple(fact.strip() for fact in data.getlist("include")[:ROWS_MOST])
    lists = Draft(
        rows=rows or (Row(),),
        include=include,
        outputs=tuple(data.getlist("outputs")),
        only_new="only_new" in data,
    )
    return replace(lists, **plain)  # type: ignore[arg-type] # these fields are texts


def rearranged(draft: Draft, action: str) -> tuple[Draft, str]:
    """Return the draft after a structural button, and the control to go on with."""
    verb, _, number = action.partition(":")
    place = _number(number, default=ROWS_MOST)
    rows, include = list(draft.rows), list(draft.include)
    focus = ""
    if verb == "add-condition" and len(rows) < ROWS_MOST:
        rows.append(Row(fact=rows[-1].fact))
        focus = f"c-{len(rows) - 1}-fact"
    elif verb == "remove-condition" and place < len(rows):
        del rows[place]
        focus = f"c-{place}-fact" if place < len(rows) else "add-condition"
    elif verb == "add-fact" and len(include) < ROWS_MOST:
        include.append("")
        focus = f"include-{len(include) - 1}"
    elif verb == "remove-fact" and place < len(include):
        del include[place]
        focus = f"include-{place}" if place < len(include) else "add-fact"
    changed = replace(draft, rows=tuple(rows) or (Row(),), include=tuple(include))
    return changed, focus


def definition_of(
    draft: Draft, *, type_of: TypeOfFact, name: str = ""
) -> dict[str, object]:
    """Return the native definition that a draft means; the engine judges it.

    `name` stands in for a name that was left blank. Outputs that are still to be made
    are not among those of the definition.
    """
    kind, mode, _ = TELLINGS.get(draft.telling, TELLINGS["every_match"])
    rows = [draft.rows[place] for place in draft.said_rows]
    match = draft.match if draft.match in {"all", "any"} else "all"
    return {
        "kind": kind,
        "name": draft.name or name,
        "watch": {"facts": list(dict.fromkeys(_facts_of(rows)))},
        "when": {match: [_condition(row, type_of) for row in rows]},
        "raise": {"mode": mode, "only_new": draft.only_new},
        "severity": draft.severity,
        "include": [fact for fact in draft.include if fact],
        "outputs": [
            {
                "output": slug,
                "at_most_every": draft.pace,
                **draft.texts.get(slug, {}),
            }
            for slug in draft.outputs
        ],
    }


def draft_of(definition: Mapping[str, Any]) -> Draft:  # Any: a stored definition
    """Return the form of a stored definition.

    Raises:
        TooRich: if it nests groups, negates, or tells its outputs unequally often.
    """
    if definition.keys() - _SHOWN or _telling(definition) is None:
        raise TooRich("It says more of when it raises and ends than this form can.")
    match, members = _flat_group(definition["when"])
    facts = definition["watch"]["facts"]
    uses = definition.get("outputs", [])
    paces = {use["at_most_every"] for use in uses}
    if len(paces) > 1:
        raise TooRich("Its outputs have different cool-downs.")
    pace = paces.pop() if paces else "60m"
    return Draft(
        rows=tuple(_row(member, facts) for member in members),
        match=match,
        name=definition["name"],
        severity=definition.get("severity", "warning"),
        telling=_telling(definition) or "every_match",
        only_new=definition.get("raise", {}).get("only_new", False),
        include=tuple(definition.get("include", ())),
        outputs=tuple(use["output"] for use in uses),
        every=pace[:-1],
        unit=pace[-1],
        texts={
            use["output"]: {
                name: use[name] for name in ("subject", "message") if use.get(name)
            }
            for use in uses
        },
    )


def _facts_of(rows: Sequence[Row]) -> list[str]:
    facts = []
    for row in rows:
        facts.append(row.fact)
        if row.against == "fact":
            facts.append(row.value)
    return facts


def _condition(row: Row, type_of: TypeOfFact) -> dict[str, object]:
    value: object = {"fact": row.value}
    if row.against != "fact":
        value = typed_value(row.value, type_of(row.fact))
    return {"fact": row.fact, "op": row.op, "value": value}


def typed_value(text: str, wanted: FieldType | None) -> object:
    """Read what was typed as what its fact holds; unknown facts take what fits."""
    if wanted in {FieldType.TEXT, FieldType.DATE}:
        return text
    if text.lower() in {"true", "false"} and wanted is not FieldType.NUMBER:
        return text.lower() == "true"
    try:
        number = Decimal(text.replace(",", "").replace(" ", ""))
    except InvalidOperation:
        return text
    return number if number.is_finite() else text


def _flat_group(when: Mapping[str, Any]) -> tuple[str, list[Mapping[str, Any]]]:
    if "fact" in when:
        return "all", [when]
    for match in ("all", "any"):
        members = when.get(match)
        if members and all("fact" in member for member in members):
            if len(when) > 1:
                raise TooRich("It asks how long, or how often, a group is true.")
            return match, members
    raise TooRich("It nests groups of conditions.")


def _row(condition: Mapping[str, Any], facts: Sequence[str]) -> Row:
    if set(condition) != {"fact", "op", "value"}:
        raise TooRich("It asks more of a fact than this form can show.")
    value = condition["value"]
    is_fact = isinstance(value, dict)
    if isinstance(value, list) or (is_fact and set(value) != {"fact"}):
        raise TooRich("It compares with more than this form can show.")
    return Row(
        fact=_path(condition["fact"], facts),
        op=condition["op"],
        value=_path(value["fact"], facts) if is_fact else _typed(value),
        against="fact" if is_fact else "value",
    )


def _path(named: object, facts: Sequence[str]) -> str:
    return facts[named] if isinstance(named, int) else str(named)


def _typed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _telling(definition: Mapping[str, Any]) -> str | None:
    raising = definition.get("raise", {})
    mode = raising.get("mode")
    shown = {"mode", "resolved", "only_new"}
    if raising.keys() - shown or raising.get("resolved") is False:
        return None
    for choice, (kind, its_mode, _) in TELLINGS.items():
        if (kind, its_mode) == (definition["kind"], mode or its_mode):
            return choice
    return None


def _number(text: object, *, default: int) -> int:
    digits = str(text or "")
    return int(digits) if digits.isdecimal() and len(digits) < 4 else default


def operator_choices(wanted: FieldType | None) -> list[tuple[str, str]]:
    """Return the operators for a fact of this type: id and words."""
    return [
        (one.id, one.label_for(wanted))
        for one in OPERATORS.values()
        if one.operand in _OFFERED
        and (wanted in {None, FieldType.ANY} or wanted in one.types)
    ]
