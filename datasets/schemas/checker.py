"""One raw event in; a prepared record, or everything that is wrong with it, out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Final

from datasets.json import encode
from datasets.schemas.model import (
    Field,
    FieldProblem,
    FieldType,
    Index,
    Schema,
    child_pointer,
)
from datasets.schemas.names import (
    FIELDS_LIMIT,
    INDEX_BYTES_LIMIT,
    check_field_name,
)
from datasets.times import TimeInvalid, read_event_time

#: The key of every event of a dataset without a key column.
SOLE_KEY: Final = "_"
EVENT_BYTES_LIMIT: Final = 65_536
EARLY_AFTER: Final = timedelta(minutes=5)
PROBLEMS_LIMIT: Final = 20

_CLASSES: Final[Mapping[FieldType, frozenset[type]]] = {
    FieldType.STRING: frozenset((str,)),
    FieldType.INTEGER: frozenset((int,)),
    FieldType.NUMBER: frozenset((int, Decimal)),
    FieldType.BOOLEAN: frozenset((bool,)),
    FieldType.OBJECT: frozenset((dict,)),
    FieldType.ARRAY: frozenset((list,)),
    FieldType.DATE: frozenset(),  # each is read
    FieldType.ANY: frozenset((str, int, Decimal, bool, dict, list, type(None))),
}
_NULL: Final[frozenset[type]] = frozenset((type(None),))
_NOTHING: Final[frozenset[type]] = frozenset()
_WANTED: Final = {
    FieldType.STRING: "text",
    FieldType.INTEGER: "a whole number",
    FieldType.NUMBER: "a number",
    FieldType.BOOLEAN: "true or false",
    FieldType.OBJECT: "an object",
    FieldType.ARRAY: "an array",
}
_KINDS: Final = {
    str: "text",
    int: "a whole number",
    Decimal: "a decimal number",
    bool: "true or false",
    dict: "an object",
    list: "an array",
    type(None): "null",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """An event that passed: what is stored of it, and where it stands.

    `date` is the instant its date column names, `event_time` the one it is judged at.
    They differ when the date lies more than `EARLY_AFTER` ahead of the receipt: then
    the event is `early` and judged at its receipt. Without a date both are the receipt.
    `text` is `body` as exact JSON.
    """

    key: str
    subkey: str
    event_time: datetime
    date: datetime
    body: dict[str, object]
    text: bytes
    early: bool


class Checker:
    """A schema made ready to look at many events.

    Fields that the schema does not declare are kept, unless it is closed; their names
    must be fit for a fact path. The key is stored, also in the body, in capitals when
    `upper_keys`. The date column may be missing or null.
    """

    def __init__(
        self,
        *,
        schema: Schema,
        index: Index,
        zone: tzinfo,
        upper_keys: bool = False,
    ) -> None:
        self._index = index
        self._zone = zone
        self._upper_keys = upper_keys
        self._is_open = schema.is_open
        self._fields = {field.name: field for field in schema.fields}
        self._classes = {
            field.name: _CLASSES[field.type] | (_NULL if field.nullable else _NOTHING)
            for field in schema.fields
        }
        if index.date:  # it is read for each event, and may be null
            self._classes[index.date] = _CLASSES[FieldType.ANY]
        self._required = tuple(
            field.name
            for field in schema.fields
            if field.required
            and field.name not in (index.key, index.subkey, index.date)
        )

    def check(
        self, event: object, *, received_at: datetime
    ) -> Prepared | list[FieldProblem]:
        """Return the event prepared for storing, or all that is wrong with it.

        1. It is an object of at most `FIELDS_LIMIT` fields.
        2. Each field has its type, and none that is required is missing.
        3. Key, subkey and date are read.
        4. Written as JSON it has at most `EVENT_BYTES_LIMIT` bytes.
        """
        if not isinstance(event, dict):
            kind = _KINDS.get(type(event), "something else")
            return [
                FieldProblem("", "event_type", f"An event is an object, not {kind}.")
            ]
        if not 0 < len(event) <= FIELDS_LIMIT:
            return [_wrong_size(event)]
        problems: list[FieldProblem] = []
        self._check_fields(event, problems)
        key = self._read_key(event, problems)
        subkey = self._read_index(event, self._index.subkey, problems)
        date = self._read_date(event, received_at, problems)
        if problems:
            return problems[:PROBLEMS_LIMIT]
        if self._upper_keys and isinstance(event.get(self._index.key), str):
            event = {**event, self._index.key: key}
        text = encode(event)
        if len(text) > EVENT_BYTES_LIMIT:
            return [_too_large(text)]
        early = date - received_at > EARLY_AFTER
        return Prepared(
            key=key,
            subkey=subkey,
            event_time=received_at if early else date,
            date=date,
            body=event,
            text=text,
            early=early,
        )

    def _check_fields(
        self, event: dict[str, object], problems: list[FieldProblem]
    ) -> None:
        classes = self._classes
        for name, value in event.items():
            allowed = classes.get(name)
            if allowed is None:
                self._check_undeclared(name, problems)
            elif type(value) not in allowed:
                self._check_value(self._fields[name], value, problems)
        problems.extend(
            FieldProblem(
                child_pointer("", name),
                "missing",
                f"{name} is missing; the schema requires it.",
            )
            for name in self._required
            if name not in event
        )

    def _check_undeclared(self, name: str, problems: list[FieldProblem]) -> None:
        pointer = child_pointer("", name)
        reason = check_field_name(name)
        if reason:
            problems.append(FieldProblem(pointer, "name", reason))
        elif not self._is_open:
            problems.append(
                FieldProblem(
                    pointer,
                    "unknown_field",
                    f"{name} is not declared, and the schema allows no other fields; "
                    "declare it or leave it out.",
                )
            )

    def _check_value(
        self, field: Field, value: object, problems: list[FieldProblem]
    ) -> None:
        """Look closer at a value whose class alone does not pass."""
        if _is_whole(field, value):
            return
        pointer = child_pointer("", field.name)
        if value is None:
            detail = f"{field.name} is null, which the schema does not allow."
            problems.append(FieldProblem(pointer, "null", detail))
        elif field.type is FieldType.DATE:
            self._read_time(field.name, value, problems)
        else:
            detail = (
                f"{field.name} must be {_WANTED[field.type]}, not "
                f"{_KINDS.get(type(value), 'something else')}{_hint(field, value)}."
            )
            problems.append(FieldProblem(pointer, "type", detail))

    def _read_key(self, event: dict[str, object], problems: list[FieldProblem]) -> str:
        if not self._index.key:
            return SOLE_KEY
        value = event.get(self._index.key)
        if self._upper_keys and isinstance(value, str):
            event = {self._index.key: value.upper()}
        return self._read_index(event, self._index.key, problems)

    def _read_index(
        self, event: Mapping[str, object], name: str, problems: list[FieldProblem]
    ) -> str:
        """Return the key or subkey as text; a column that is not there has none."""
        if not name:
            return ""
        value = event.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool):
            text = str(value)
            if 0 < len(text.encode()) <= INDEX_BYTES_LIMIT:
                return text
        pointer = child_pointer("", name)
        if not any(problem.pointer == pointer for problem in problems):
            problems.append(_index_problem(name, value, pointer))
        return ""

    def _read_date(
        self,
        event: dict[str, object],
        received_at: datetime,
        problems: list[FieldProblem],
    ) -> datetime:
        value = event.get(self._index.date) if self._index.date else None
        if value is None:
            return received_at
        return self._read_time(self._index.date, value, problems) or received_at

    def _read_time(
        self, name: str, value: object, problems: list[FieldProblem]
    ) -> datetime | None:
        try:
            return read_event_time(value, self._zone)
        except TimeInvalid as invalid:
            problems.append(
                FieldProblem(
                    child_pointer("", name), invalid.code, f"{name}: {invalid.detail}"
                )
            )
            return None


def _is_whole(field: Field, value: object) -> bool:
    """Say whether a decimal is an integer as JSON Schema counts them: 1.0 is one."""
    return (
        field.type is FieldType.INTEGER
        and isinstance(value, Decimal)
        and value == value.to_integral_value()
    )


def _hint(field: Field, value: object) -> str:
    is_number = field.type in (FieldType.INTEGER, FieldType.NUMBER)
    if is_number and isinstance(value, str) and value.strip():
        return (
            f"; send {value.strip()[:40]} without quotes" if _is_numeric(value) else ""
        )
    if field.type is FieldType.STRING and type(value) in (int, Decimal):
        return "; send it in quotes"
    return ""


def _is_numeric(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


def _index_problem(name: str, value: object, pointer: str) -> FieldProblem:
    if value is None or value == "":
        code, what = "missing", "is missing or empty; every event needs it"
    elif isinstance(value, str | int) and not isinstance(value, bool):
        code = "too_long"
        what = f"is too long; at most {INDEX_BYTES_LIMIT} bytes tell records apart"
    else:
        code = "type"
        kind = _KINDS.get(type(value), "something else")
        what = f"must be text or a whole number to tell records apart, not {kind}"
    return FieldProblem(pointer, code, f"{name} {what}.")


def _wrong_size(event: dict[str, object]) -> FieldProblem:
    if not event:
        return FieldProblem("", "event_empty", "The event is empty; send its fields.")
    return FieldProblem(
        "",
        "too_many_fields",
        f"The event has {len(event)} fields; at most {FIELDS_LIMIT} are allowed.",
    )


def _too_large(text: bytes) -> FieldProblem:
    return FieldProblem(
        "",
        "event_too_large",
        f"The event has {len(text)} bytes; at most {EVENT_BYTES_LIMIT} are allowed.",
    )
