"""Apperate's body of ``POST /rules/create``, read into a native definition.

Three generations of it are alive. *Apperate rules* list four-part facts in ``index``
and speak of them as ``$index[n]``; the *legacy Rules Engine* names bare facts of one
symbol, ``ruleSet``, or of any (``ANYEVENT``). Where ``index`` is given it decides. What
is not known is passed over: a client built for the old service must find this one.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from rules.engine.conditions import MAX_CONDITIONS, MAX_FACT_LENGTH, parse_fact
from rules.engine.definition import (
    MAX_MESSAGE_LENGTH,
    MAX_OUTPUTS,
    MAX_SUBJECT_LENGTH,
    NO_PORTS,
    parse_definition,
    to_definition,
)
from rules.engine.durations import parse_duration
from rules.engine.errors import DefinitionInvalid, DurationInvalid, Problem
from rules.engine.nodes import GroupKind
from rules.engine.operands import Ports
from rules.engine.paths import FactPath
from rules.engine.places import Place
from rules.engine.values import brief

MAX_ADDRESS_LENGTH = 2_000
MAX_ID_LENGTH = 100
MAX_FACTS = 100

_ANY_SYMBOL = frozenset({"ANYEVENT", "*"})
_INDEXED = re.compile(r"\$index\[(\d{1,4})\]", re.ASCII | re.IGNORECASE)
_SECONDS = re.compile(r"\d{1,12}(\.\d{1,6})?", re.ASCII)
_TRIPLE = ("fact", "op", "value")
_PLACE_IN_TRIPLE = {name: str(place) for place, name in enumerate(_TRIPLE)}
_WITH_ADDRESS = frozenset({"email", "webhook"})

#: What an output may say besides its method and its address, as JSON Schema.
OUTPUT_FIELDS: Mapping[str, Mapping[str, object]] = {
    "subject": {
        "description": "What the message is about; {{value}} stands for the value.",
        "type": "string",
        "maxLength": MAX_SUBJECT_LENGTH,
    },
    "message": {
        "description": "What it says; {{value}} stands for the value.",
        "type": "string",
        "maxLength": MAX_MESSAGE_LENGTH,
    },
    "frequency": {
        "description": "Least seconds between two messages about one key.",
        "type": "number",
        "minimum": 0,
        "default": 0,
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class InlineOutput:
    """An output described in the rule's body: how, where, and how often at most."""

    method: str
    address: str
    subject: str
    message: str
    cool_down: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ApperateRule:
    """A rule as Apperate's clients send it.

    ``rule_id`` names an existing rule to edit. ``definition`` is native and valid, with
    its ``outputs`` still empty: they are made of ``outputs`` by whoever knows how.
    """

    rule_id: str | None
    definition: dict[str, object]
    outputs: tuple[InlineOutput, ...]


def read_apperate(
    body: object, *, workspace: str, ports: Ports = NO_PORTS
) -> ApperateRule:
    """Read a body sent to ``/v1/rules/create``; its token is left to the caller.

    Rules made this way are signals that raise on every match, and an absent
    ``frequency`` is 0.

    Raises:
        DefinitionInvalid: with every problem found, at its pointer into the body.
    """
    problems: list[Problem] = []
    root = Place(body, "", problems)
    if not isinstance(body, dict):
        root.refuse("wrong_type", "The body is one JSON object that describes a rule.")
        raise DefinitionInvalid(problems)
    reading = _Reading(root, body, workspace)
    rule_id = reading.rule_id()
    definition = reading.definition()
    outputs = reading.outputs()
    if problems:
        raise DefinitionInvalid(problems)
    try:
        specification = parse_definition(definition, workspace=workspace, ports=ports)
    except DefinitionInvalid as invalid:
        raise DefinitionInvalid(map(reading.as_sent, invalid.problems)) from None
    return ApperateRule(
        rule_id=rule_id, definition=to_definition(specification), outputs=outputs
    )


class _Reading:
    """One body being read, and where each part of the definition came from."""

    def __init__(self, root: Place, body: Mapping[str, object], workspace: str) -> None:
        self._places = {
            name: root.at(name, value)
            for name, value in body.items()
            if value is not None
        }
        self._root = root
        self._origins = {
            "/name": "/ruleName",
            "/when/all": "/conditions",
            "/when/any": "/conditions",
            "/include": "/additionalIndex",
        }
        self._index = [
            str(parse_fact(entry, workspace) or "")
            for entry in self._list("index", at_most=MAX_FACTS)
        ]
        self._symbols = self._read_symbols()

    def rule_id(self) -> str | None:
        """Read the id of the rule to edit, if there is one."""
        place = self._places.get("id")
        return None if place is None else place.text(at_most=MAX_ID_LENGTH, blank=False)

    def definition(self) -> dict[str, object]:
        """Write what was found as a native definition."""
        group = self._read_group()
        watched = set(_facts_named(group))
        unread = [fact for fact in self._index if fact not in watched]
        include = [*unread, *self._read_additional(first=len(unread))]
        for place, fact in enumerate(unread):
            self._origins[f"/include/{place}"] = f"/index/{self._index.index(fact)}"
        return {
            "kind": "signal",
            "name": self._read_name(),
            "watch": {"facts": [fact for fact in self._index if fact in watched]},
            "when": group,
            "raise": {"mode": "every_match"},
            "include": include,
            "outputs": [],
        }

    def outputs(self) -> tuple[InlineOutput, ...]:
        """Read the outputs; a rule without any tells the feed alone."""
        entries = self._list("outputs", at_most=MAX_OUTPUTS)
        read = [_read_output(entry) for entry in entries]
        return tuple(output for output in read if output is not None)

    def as_sent(self, problem: Problem) -> Problem:
        """Say a problem of the native definition where the client can see it."""
        pointer, rest = problem.pointer, ""
        while pointer and pointer not in self._origins:
            pointer, _, step = pointer.rpartition("/")
            rest = f"/{_PLACE_IN_TRIPLE.get(step, step)}{rest}"
        sent = self._origins.get(pointer, pointer) + rest
        detail = problem.detail.replace(f'"{problem.pointer}"', f'"{sent}"')
        return Problem(pointer=sent, code=problem.code, detail=detail)

    def _list(self, name: str, *, at_most: int) -> Iterator[Place]:
        if name in self._places:
            yield from self._places[name].items(at_most=at_most)

    def _read_name(self) -> object:
        if "ruleName" not in self._places:
            self._root.refuse("missing", 'A rule needs a "ruleName".')
            return ""
        return self._places["ruleName"].value

    def _read_symbols(self) -> list[str | None]:
        """Read the legacy ``ruleSet``: one symbol, several by comma, or any."""
        if "ruleSet" not in self._places or self._index:
            return []
        written = self._places["ruleSet"].text(at_most=MAX_FACT_LENGTH, blank=False)
        symbols = [symbol.strip().upper() for symbol in (written or "").split(",")]
        if _ANY_SYMBOL.intersection(symbols):
            return [None]
        return [symbol for symbol in symbols if symbol]

    def _read_group(self) -> dict[str, object]:
        """Read the conditions as one flat group of the rule's type."""
        kind = self._read_type()
        if "conditions" not in self._places:
            self._root.refuse("missing", 'A rule needs "conditions".')
            return {kind: []}
        triples = list(self._list("conditions", at_most=MAX_CONDITIONS))
        if len(self._symbols) > 1:
            return self._read_for_each_symbol(triples)
        symbol = self._symbols[0] if self._symbols else None
        conditions = []
        for place, triple in enumerate(triples):
            self._origins[f"/when/{kind}/{place}"] = triple.pointer
            conditions.append(self._read_condition(triple, symbol))
        return {kind: conditions}

    def _read_for_each_symbol(self, triples: list[Place]) -> dict[str, object]:
        """Read one condition on several symbols; any of them makes it true."""
        if len(triples) != 1:
            self._places["ruleSet"].refuse(
                "several_symbols",
                "A rule on several symbols has exactly one condition. Make one rule a"
                " symbol, or one rule on ANYEVENT, which keeps every symbol apart.",
            )
            return {GroupKind.ANY: []}
        for place in range(len(self._symbols)):
            self._origins[f"/when/any/{place}"] = triples[0].pointer
        return {
            GroupKind.ANY: [
                self._read_condition(triples[0], symbol) for symbol in self._symbols
            ]
        }

    def _read_type(self) -> GroupKind:
        place = self._places.get("type")
        if place is None:
            return GroupKind.ANY
        if isinstance(place.value, str) and place.value.lower() in list(GroupKind):
            return GroupKind(place.value.lower())
        place.refuse("unknown_choice", '"type" is "any" or "all".')
        return GroupKind.ANY

    def _read_condition(self, triple: Place, symbol: str | None) -> dict[str, object]:
        """Read ``[left, operator, right]``."""
        if not isinstance(triple.value, list) or len(triple.value) != len(_TRIPLE):
            triple.refuse(
                "wrong_type",
                'A condition is a list of three: ["$index[0]", "<=", 310].',
            )
            return {}
        left, operator, right = (
            triple.at(place, side) for place, side in enumerate(triple.value)
        )
        wanted = right.value
        if isinstance(wanted, str) and _INDEXED.fullmatch(wanted.strip()):
            wanted = {"fact": self._indexed(right, wanted)}
        fact = self._named(left, symbol)
        return {"fact": fact, "op": operator.value, "value": wanted}

    def _named(self, place: Place, symbol: str | None) -> str:
        """Find the fact that a left side names: by number, in full, or bare."""
        written = place.text(at_most=MAX_FACT_LENGTH, blank=False)
        if written is None:
            return ""
        name = written.strip()
        if _INDEXED.fullmatch(name):
            return self._indexed(place, name)
        if ":" in name:
            return name
        if self._index:
            return self._bare_in_index(place, name)
        if not self._symbols:
            place.refuse(
                "missing",
                f'"{brief(name)}" names no symbol. List the fact in "index" and write'
                ' "$index[0]", or give the symbol in "ruleSet".',
            )
        return _stock_fact(symbol, name)

    def _indexed(self, place: Place, written: str) -> str:
        match = _INDEXED.fullmatch(written.strip())
        number = int(match[1]) if match else 0
        if number < len(self._index):
            return self._index[number]
        place.refuse(
            "no_such_fact",
            f'"index" lists {len(self._index)} facts, counted from 0; there is no'
            f" number {number}.",
        )
        return ""

    def _bare_in_index(self, place: Place, name: str) -> str:
        """Find the one fact in the index that has this field."""
        meant = [fact for fact in self._index if fact.rpartition(":")[2] == name]
        if len(meant) == 1:
            return meant[0]
        place.refuse(
            "no_such_fact",
            f'"{brief(name)}" is the field of {len(meant)} facts in "index"; write'
            ' "$index[0]" for the first.',
        )
        return ""

    def _read_additional(self, *, first: int) -> list[object]:
        """Read the facts to deliver: in full, or bare under the rule's own symbols."""
        found: list[object] = []
        for entry in self._list("additionalIndex", at_most=MAX_FACTS):
            self._origins[f"/include/{first + len(found)}"] = entry.pointer
            found.append(entry.value)
        for entry in self._list("additionalKeys", at_most=MAX_FACTS):
            name = entry.text(at_most=MAX_FACT_LENGTH, blank=False)
            for fact in self._additional(name.strip()) if name else ():
                self._origins[f"/include/{first + len(found)}"] = entry.pointer
                found.append(fact)
        return found

    def _additional(self, name: str) -> list[str]:
        if ":" in name:
            return [name]
        if self._index:
            return [f"{self._index[0].rpartition(':')[0]}:{name}"]
        return [_stock_fact(symbol, name) for symbol in self._symbols]


def _stock_fact(symbol: str | None, name: str) -> str:
    """Name the fact that a legacy rule means by a bare name."""
    return str(
        FactPath.naming(workspace="CORE", dataset="STOCK", key=symbol, name=name)
    )


def _facts_named(group: Mapping[str, object]) -> Iterator[object]:
    """Walk the facts that a flat group of conditions names."""
    for conditions in group.values():
        for condition in conditions if isinstance(conditions, list) else ():
            wanted = condition.get("value")
            yield condition.get("fact")
            if isinstance(wanted, dict):
                yield wanted.get("fact")


def _read_output(entry: Place) -> InlineOutput | None:
    if not isinstance(entry.value, dict):
        entry.refuse("wrong_type", 'An output is an object, {"method": "email", ...}.')
        return None
    places = {
        name: entry.at(name, value)
        for name, value in entry.value.items()
        if value is not None
    }
    if "method" not in places:
        entry.refuse("missing", 'An output needs a "method", such as "email".')
        return None
    method = (places["method"].text(at_most=100, blank=False) or "").strip().lower()
    names = ("url", "to") if method == "webhook" else ("to", "url")
    address = _first_text(places, names, at_most=MAX_ADDRESS_LENGTH)
    if method in _WITH_ADDRESS and not address:
        wanted = " or ".join(f'"{name}"' for name in names)
        entry.refuse("missing", f"An output by {method} needs its address, {wanted}.")
    return InlineOutput(
        method=method,
        address=address,
        subject=_first_text(places, ("subject",), at_most=MAX_SUBJECT_LENGTH),
        message=_first_text(places, ("message",), at_most=MAX_MESSAGE_LENGTH),
        cool_down=_read_frequency(places.get("frequency")),
    )


def _first_text(
    places: Mapping[str, Place], names: tuple[str, ...], *, at_most: int
) -> str:
    for name in names:
        if name in places:
            return places[name].text(at_most=at_most) or ""
    return ""


def _read_frequency(place: Place | None) -> timedelta:
    """Read seconds, as a number or as its text; absent tells every pass."""
    if place is None or place.value == "":
        return timedelta()
    written = place.value
    if isinstance(written, str) and _SECONDS.fullmatch(written.strip()):
        written = Decimal(written.strip())
    try:
        return parse_duration(written)
    except DurationInvalid as error:
        place.refuse("bad_duration", f'"frequency" is a number of seconds: {error}')
        return timedelta()
