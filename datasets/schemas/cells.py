"""Cells of a CSV file, which are all text, as values of a schema's types.

* In a text column a cell is what it is; an empty one is the empty string.
* Elsewhere an empty cell, and one of the usual words for nothing (NaN, null, None, N/A,
  NA), is null, or left out where the schema forbids null.
* A cell that does not fit the type of its column stays text, so that the checker says
  what is wrong with it.
"""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Final

from datasets.json import DIGITS_LIMIT, EXPONENT_LIMIT, JsonInvalid, decode
from datasets.schemas.model import FieldType, Schema

_INTEGER: Final = re.compile(r"\s*[+-]?\d+\s*\Z", re.ASCII)
_NUMBER: Final = re.compile(
    r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?\s*\Z", re.ASCII
)
_NOTHING: Final = frozenset(("", "nan", "null", "none", "n/a", "na", "#n/a"))
_BOOLEANS: Final = {"true": True, "false": False}
#: Longer texts than this hold no number that we keep.
_NUMBER_LENGTH: Final = EXPONENT_LIMIT + DIGITS_LIMIT + 8


class CellReader:
    """Turns rows of text cells into events of one schema."""

    def __init__(self, schema: Schema) -> None:
        self._converters = {
            field.name: (_CONVERTERS[field.type], field.nullable)
            for field in schema.fields
            if field.type in _CONVERTERS
        }

    def read(self, row: Mapping[str, str]) -> dict[str, object]:
        """Return the event of a row; undeclared columns stay text."""
        event: dict[str, object] = {}
        for name, cell in row.items():
            found = self._converters.get(name)
            if found is None:
                event[name] = cell
                continue
            convert, nullable = found
            if not is_nothing(cell):
                event[name] = convert(cell)
            elif nullable:
                event[name] = None
        return event


def is_nothing(cell: str) -> bool:
    """Say whether a cell outside of a text column stands for no value."""
    return len(cell) < 8 and cell.strip().lower() in _NOTHING


def read_number(cell: str) -> int | Decimal | None:
    """Return the number a cell spells exactly, or None if it is none that we keep."""
    if len(cell) > _NUMBER_LENGTH or not _NUMBER.match(cell):
        return None
    number = Decimal(cell.strip())
    digits = number.as_tuple().digits
    if len(digits) > DIGITS_LIMIT or abs(number.adjusted()) > EXPONENT_LIMIT:
        return None
    return int(number) if _INTEGER.match(cell) else number


def read_boolean(cell: str) -> bool | None:
    """Return the truth a cell spells, or None."""
    return _BOOLEANS.get(cell.strip().lower())


def _to_number(cell: str) -> object:
    number = read_number(cell)
    return cell if number is None else number


def _to_boolean(cell: str) -> object:
    truth = read_boolean(cell)
    return cell if truth is None else truth


def _to_json(cell: str) -> object:
    try:
        return decode(cell.encode())
    except (JsonInvalid, UnicodeEncodeError):
        return cell


def _to_date(cell: str) -> object:
    return cell.strip()


_CONVERTERS: Final[Mapping[FieldType, Callable[[str], object]]] = {
    FieldType.INTEGER: _to_number,
    FieldType.NUMBER: _to_number,
    FieldType.BOOLEAN: _to_boolean,
    FieldType.DATE: _to_date,
    FieldType.OBJECT: _to_json,
    FieldType.ARRAY: _to_json,
}
