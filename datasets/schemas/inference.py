"""A schema guessed from rows, for a person to correct.

A column's type is the narrowest that all its values share: integers and decimals
make a number, dates and other texts a text. What is mixed otherwise is `any` in JSON
and text in a CSV file. A whole number with leading zeros (007) is a text. Values that
are missing, null or, in a CSV file, empty or a word for nothing do not count.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from decimal import Decimal
from itertools import islice
from typing import Final

from datasets.json import encode
from datasets.schemas.cells import is_nothing, read_boolean, read_number
from datasets.schemas.model import Field, FieldType, Index, Schema, build_schema
from datasets.schemas.names import FIELDS_LIMIT
from datasets.times import TimeInvalid, read_event_time

SAMPLE_ROWS: Final = 1_000
_EXAMPLES: Final = 5
_EXAMPLE_LENGTH: Final = 60
_DISTINCT_LIMIT: Final = SAMPLE_ROWS
_KEY_LENGTH: Final = 64
#: In fewer rows than this nothing has had time to repeat.
_FEW_ROWS: Final = 3

_KEY_NAMES: Final = ("symbol", "ticker", "key")
_KEY_ENDING: Final = re.compile(
    r"(?:_(?:id|key|code|symbol)|_(?:ID|KEY|CODE|SYMBOL)|[a-z](?:Id|ID|Key|Code|Symbol))\Z"
)
_ID_NAMES: Final = ("id", "code", "name")
_DATE_NAMES: Final = re.compile(
    r"date|time|timestamp|datetime|day|month|when|ts|.*(?:_at|_time|_date|At|Time|Date"
    r"|Update|Updated)|updated?|created",
)
_LEADING_ZERO: Final = re.compile(r"\s*[+-]?0\d")
_CALENDAR_DAY: Final = re.compile(r"(?:19|20)\d{6}\Z", re.ASCII)
#: Milliseconds or seconds since 1970, from 1990 to 2100.
_EPOCHS: Final = (range(631_152_000, 4_102_444_800), 10**3)


@dataclass(frozen=True, slots=True, kw_only=True)
class InferredField:
    """What was seen of one column."""

    name: str
    type: FieldType
    #: Whether some row lacked a value.
    nullable: bool
    #: Whether dates were seen with a time of day.
    has_time: bool
    #: The first few different values, as a person reads them.
    examples: tuple[str, ...]
    #: How many different values were seen in the sample.
    distinct: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InferredSchema:
    """What was seen of a sample of rows, and what would make good index columns."""

    fields: tuple[InferredField, ...]
    rows: int
    #: Blank where no column would do: then every event has the one key "_".
    key: str
    #: Blank where no column would do: then the time of receipt is the event's.
    date: str

    def to_schema(self, index: Index | None = None) -> Schema:
        """Return a lenient schema: all but key and subkey may be null or missing.

        Raises:
            SchemaInvalid: for names that no field can bear, and for too many fields.
        """
        chosen = index or Index(key=self.key, date=self.date)
        firm = {chosen.key, chosen.subkey}
        return build_schema(
            Field(
                name=seen.name,
                type=seen.type,
                nullable=seen.name not in firm or seen.type is FieldType.ANY,
                required=seen.name in firm,
                has_time=seen.has_time,
            )
            for seen in self.fields
        )


def infer_schema(
    rows: Iterable[Mapping[str, object]],
    *,
    text_cells: bool,
    limit: int = SAMPLE_ROWS,
) -> InferredSchema:
    """Return what the first rows look like.

    Args:
        rows: events as JSON objects, or rows of a CSV file.
        text_cells: whether all values are text that may spell something else.
        limit: how many rows to look at.
    """
    columns: dict[str, _Column] = {}
    count = 0
    for row in islice(rows, limit):
        count += 1
        for name, value in row.items():
            column = columns.get(name)
            if column is None and len(columns) <= FIELDS_LIMIT:
                column = columns[name] = _Column(name=name, text_cells=text_cells)
            if column is not None:
                column.see(value)
    return InferredSchema(
        fields=tuple(column.infer(count) for column in columns.values()),
        rows=count,
        key=_suggest_key(columns.values(), count),
        date=_suggest_date(columns.values()),
    )


@dataclass(slots=True, kw_only=True)
class _Column:
    """What has been seen of one column so far."""

    name: str
    text_cells: bool
    filled: int = 0
    has_time: bool = False
    longest: int = 0
    are_calendar_days: bool = True
    are_epochs: bool = True
    kinds: set[FieldType] = field(default_factory=set)
    #: Different values as a person reads them, in the order of appearance.
    distinct: dict[str, None] = field(default_factory=dict)

    def see(self, value: object) -> None:
        """Count one value in."""
        is_cell = self.text_cells and isinstance(value, str)
        if value is None or (is_cell and is_nothing(str(value))):
            return
        self.filled += 1
        shown = value if isinstance(value, str) else encode(value).decode()
        self.longest = max(self.longest, len(shown))
        if len(self.distinct) < _DISTINCT_LIMIT:
            self.distinct[shown[: _EXAMPLE_LENGTH + 1]] = None
        kind = _kind_of_cell(shown) if is_cell else _kind_of_value(value)
        self.kinds.add(kind)
        self.has_time |= kind is FieldType.DATE and ":" in shown
        self.are_calendar_days &= bool(_CALENDAR_DAY.match(shown))
        self.are_epochs &= kind is FieldType.INTEGER and _is_epoch(int(shown))

    @property
    def type(self) -> FieldType:
        """The narrowest type of all values seen."""
        kinds = self.kinds
        if len(kinds) == 1:
            (kind,) = kinds
            return FieldType.DATE if self.is_day_in_digits else kind
        if kinds == {FieldType.INTEGER, FieldType.NUMBER}:
            return FieldType.NUMBER
        if self.text_cells or kinds == {FieldType.DATE, FieldType.STRING}:
            return FieldType.STRING
        return FieldType.ANY

    @property
    def is_day_in_digits(self) -> bool:
        """Whether this is a CSV column of days written as 20040819."""
        return self.text_cells and self.are_calendar_days and self.sounds_like_a_date

    @property
    def sounds_like_a_date(self) -> bool:
        """Whether its name promises a time."""
        name = self.name
        return bool(_DATE_NAMES.fullmatch(name) or _DATE_NAMES.fullmatch(name.lower()))

    def infer(self, rows: int) -> InferredField:
        """Return what was seen, out of so many rows."""
        examples = (
            text if len(text) <= _EXAMPLE_LENGTH else text[:_EXAMPLE_LENGTH] + "…"
            for text in islice(self.distinct, _EXAMPLES)
        )
        return InferredField(
            name=self.name,
            type=self.type,
            nullable=self.filled < rows,
            has_time=self.has_time and self.type is FieldType.DATE,
            examples=tuple(examples),
            distinct=len(self.distinct),
        )


def _kind_of_value(value: object) -> FieldType:
    match value:
        case bool():
            return FieldType.BOOLEAN
        case int():
            return FieldType.INTEGER
        case Decimal():
            return FieldType.NUMBER
        case str():
            return FieldType.DATE if _is_date(value) else FieldType.STRING
        case list():
            return FieldType.ARRAY
        case _:
            return FieldType.OBJECT


def _kind_of_cell(cell: str) -> FieldType:
    if read_boolean(cell) is not None:
        return FieldType.BOOLEAN
    number = read_number(cell)
    if number is not None and not _LEADING_ZERO.match(cell):
        return FieldType.INTEGER if isinstance(number, int) else FieldType.NUMBER
    return FieldType.DATE if _is_date(cell) else FieldType.STRING


def _is_date(text: str) -> bool:
    """Say whether a text is a time, and more than digits that might be anything."""
    if text.strip().replace(".", "").lstrip("+-").isdigit():
        return False
    try:
        read_event_time(text, UTC)
    except TimeInvalid:
        return False
    return True


def _is_epoch(number: int) -> bool:
    seconds, thousand = _EPOCHS
    return number in seconds or number // thousand in seconds


def _suggest_key(columns: Iterable[_Column], rows: int) -> str:
    """Return the name of the column that most likely names the subject of an event.

    1. A column called symbol, ticker or key.
    2. One called ... id, ... key or ... code whose values repeat, or of which too few
       were seen to tell.
    3. One called id, code or name whose values repeat.
    4. The first text column whose values repeat.
    """
    fit = [
        column
        for column in columns
        if column.filled == rows
        and column.longest <= _KEY_LENGTH
        and column.type in (FieldType.STRING, FieldType.INTEGER)
    ]
    repeated = [column for column in fit if 2 * len(column.distinct) <= rows]
    choices = (
        *(column for column in fit if column.name.lower() in _KEY_NAMES),
        *(
            column
            for column in (fit if rows < _FEW_ROWS else repeated)
            if _KEY_ENDING.search(column.name)
        ),
        *(column for column in repeated if column.name.lower() in _ID_NAMES),
        *(column for column in repeated if column.type is FieldType.STRING),
    )
    return choices[0].name if choices else ""


def _suggest_date(columns: Iterable[_Column]) -> str:
    """Return the name of the column that most likely tells when an event happened.

    Dates whose name says so come first, then other dates, then numbers that count from
    1970 under a name that says so.
    """
    dates = [column for column in columns if column.type is FieldType.DATE]
    named = [column for column in dates if column.sounds_like_a_date]
    epochs = [
        column
        for column in columns
        if column.type is FieldType.INTEGER
        and column.are_epochs
        and column.sounds_like_a_date
    ]
    return next((column.name for column in (*named, *dates, *epochs)), "")
