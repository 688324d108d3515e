"""Values of records as table cells: exact, and told apart from what is missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from datasets.json import encode
from datasets.schemas import Field, FieldType

#: Types whose values stand at the right of their column.
NUMBERS = frozenset((FieldType.NUMBER, FieldType.INTEGER))
#: Columns of a table at most; more are said and left out.
COLUMNS_MOST = 40
_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """The head of a column; `is_number` puts it to the right."""

    name: str
    is_number: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One value as text; `text` None is a field that the record lacks."""

    column: Column
    text: str | None
    is_null: bool = False


def columns_of(fields: Sequence[Field], *, without: Sequence[str]) -> list[Column]:
    """Return the columns of declared fields, but those shown elsewhere."""
    return [
        Column(name=field.name, is_number=field.type in NUMBERS)
        for field in fields
        if field.name not in without
    ]


def cells_of(columns: Sequence[Column], body: Mapping[str, object]) -> list[Cell]:
    """Return the cells of a record in the order of the columns."""
    return [
        Cell(
            column=column,
            text=show(body[column.name]) if column.name in body else None,
            is_null=column.name in body and body[column.name] is None,
        )
        for column in columns
    ]


def show(value: object) -> str:
    """Write a value as a person reads it, every digit of a number as it was sent."""
    text = value if isinstance(value, str) else encode(value).decode()
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def is_by_day(fields: Sequence[Field], date_field: str) -> bool:
    """Say whether records are told apart by days, without a time of day."""
    return any(
        field.name == date_field and field.type is FieldType.DATE and not field.has_time
        for field in fields
    )


def show_time(at: datetime, *, by_day: bool) -> str:
    """Write an instant to the second, or closer if it says more, with its zone.

    Of records by the day, what lies at the beginning of a day is that day.
    """
    if by_day and at.time() == time.min:
        return f"{at:%Y-%m-%d}"
    fraction = f"{at:.%f}".rstrip("0") if at.microsecond else ""
    return f"{at:%Y-%m-%d %H:%M:%S}{fraction} {at:%Z}"
