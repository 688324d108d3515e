"""Reading the right side of a condition, each operator's in its own way."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, time, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rules.engine.operands import (
    Amount,
    Constant,
    Constants,
    Direction,
    Hours,
    OtherFact,
    Pattern,
    Ports,
    Scores,
    Span,
    Wanted,
)
from rules.engine.operators import WEEKDAYS, Operand, Operator, Option, Since
from rules.engine.paths import FactPath
from rules.engine.places import Place
from rules.engine.values import FieldType, Number, Scalar, is_number, show, type_of

MAX_CONSTANT_LENGTH = 10_000
MAX_CONSTANTS = 1_000
MAX_PATTERN_LENGTH = 1_000
MAX_COUNT = 1_000_000
MAX_SCORES = 1_000
MAX_NAME_LENGTH = 1_000

_LEFT: Final = "value"


class _Refused(Enum):
    """Says that a problem was noted, where ``None`` says that nothing is wanted."""

    REFUSED = "refused"


REFUSED: Final = _Refused.REFUSED
Read = Wanted | _Refused


class OperandReader:
    """Reads what one condition says beside its fact and its operator.

    ``resolve`` finds the fact that a place names, or notes that there is none.
    """

    def __init__(
        self,
        operator: Operator,
        ports: Ports,
        resolve: Callable[[Place], FactPath | None],
    ) -> None:
        self._operator = operator
        self._ports = ports
        self._resolve = resolve
        self.ignore_case = False
        self.zone = ""
        self.since: Since | None = None
        self._direction = Direction.EITHER
        self._by: Amount | None = None

    def read(self, condition: Place, members: Mapping[str, Place]) -> Read:
        """Read options and right side, and refuse what the operator has no use for."""
        name = "by" if self._operator.operand is Operand.AMOUNT else _LEFT
        self._refuse_useless(members, name)
        self._read_options(members)
        if self._operator.operand is Operand.NOTHING:
            return None
        if name not in members:
            condition.refuse(
                "missing", f'A condition with "{self._operator.id}" needs "{name}".'
            )
            return REFUSED
        read = _READERS[self._operator.operand](self, members[name])
        return REFUSED if read is None else read

    def _refuse_useless(self, members: Mapping[str, Place], wanted: str) -> None:
        useful = {"fact", "op", "over", "within", *self._operator.options}
        if self._operator.operand is not Operand.NOTHING:
            useful.add(wanted)
        for name in members.keys() - useful:
            members[name].refuse(
                "useless_member",
                f'"{self._operator.id}" has no use for "{name}"; leave it out.',
            )

    def _read_options(self, members: Mapping[str, Place]) -> None:
        if Option.IGNORE_CASE in members:
            self.ignore_case = members[Option.IGNORE_CASE].flag() is True
        if Option.ZONE in members:
            self.zone = read_zone(members[Option.ZONE]) or ""
        if Option.SINCE in members:
            self.since = members[Option.SINCE].choice(Since)
        if Option.DIRECTION in members:
            self._direction = (
                members[Option.DIRECTION].choice(Direction) or Direction.EITHER
            )
        if Option.BY in self._operator.options and Option.BY in members:
            self._by = read_amount(members[Option.BY])

    def value(self, place: Place) -> Constant | None:
        """Read one constant of a type that the operator can be asked of."""
        value = place.constant(at_most=MAX_CONSTANT_LENGTH)
        if value is None or not self._fits(place, value):
            return None
        return Constant(value)

    def value_or_fact(self, place: Place) -> Constant | OtherFact | None:
        """Read a constant, or ``{"fact": 1, "times": 1.05, "plus": 2}``."""
        if not isinstance(place.value, Mapping):
            return self.value(place)
        members = place.members(("fact", "times", "plus"))
        if members is None:
            return None
        if "fact" not in members:
            place.refuse("missing", 'To compare with another fact, write {"fact": 1}.')
            return None
        fact = self._resolve(members["fact"])
        times = _read_number(members.get("times"), otherwise=1)
        plus = _read_number(members.get("plus"), otherwise=0)
        if fact is None or times is None or plus is None:
            return None
        return OtherFact(fact=fact, times=times, plus=plus)

    def range(self, place: Place) -> Constants | None:
        """Read two ends, the lower one first: numbers, or times as texts."""
        values = self._values(place, exactly=2)
        if values is None:
            return None
        lowest, highest = values
        if isinstance(lowest, str) and isinstance(highest, str):
            return Constants(values) if self._are_times(place, values) else None
        if not (is_number(lowest) and is_number(highest)):
            place.refuse(
                "wrong_type", "A range lies between two numbers, or between two times."
            )
            return None
        if lowest > highest:
            place.refuse(
                "empty_range",
                f"Nothing lies between {show(lowest)} and {show(highest)}; write the"
                " lower end first.",
            )
            return None
        return Constants(values)

    def values(self, place: Place) -> Constants | None:
        """Read one or more constants, all of one type that fits."""
        values = self._values(place)
        if values is None:
            return None
        if len({type_of(value) for value in values}) > 1:
            place.refuse(
                "mixed_types",
                "The values are of several types, and types do not convert; write them"
                " all alike.",
            )
            return None
        return Constants(values)

    def pattern(self, place: Place) -> Pattern | None:
        """Read a pattern and compile it."""
        text = place.text(at_most=MAX_PATTERN_LENGTH, blank=False)
        if text is None:
            return None
        try:
            compiled = self._ports.compile_pattern(text, ignore_case=self.ignore_case)
        except ValueError as error:
            place.refuse("bad_pattern", f"This pattern cannot be used: {error}.")
            return None
        return Pattern(text=text, compiled=compiled)

    def span(self, place: Place) -> Span | None:
        """Read a length of time above 0."""
        length = place.duration()
        if length is None:
            return None
        if length <= timedelta():
            place.refuse("bad_duration", "This length of time must be above 0.")
            return None
        return Span(length)

    def count(self, place: Place) -> Constant | None:
        """Read a whole number from 1 on."""
        value = place.value
        if isinstance(value, int) and value is not True and 1 <= value <= MAX_COUNT:
            return Constant(value)
        place.refuse("bad_count", f"Give a whole number from 1 to {MAX_COUNT}.")
        return None

    def scores(self, place: Place) -> Scores | None:
        """Read how many scores off is unusual; on which side, and how far at least."""
        number = _number_at(place)
        if number is None:
            return None
        if not 0 < number <= MAX_SCORES:
            place.refuse(
                "bad_scores",
                "Say how many robust deviations off is unusual: a number above 0 and at"
                f" most {MAX_SCORES}, as 3.5.",
            )
            return None
        return Scores(number=number, direction=self._direction, by=self._by)

    def name(self, place: Place) -> Constant | None:
        """Read the name of a member."""
        name = place.text(at_most=MAX_NAME_LENGTH, blank=False)
        return None if name is None else Constant(name)

    def time(self, place: Place) -> Constant | OtherFact | None:
        """Read a time, or a fact that holds one."""
        if isinstance(place.value, Mapping):
            return self.value_or_fact(place)
        value = place.constant(at_most=MAX_CONSTANT_LENGTH)
        if value is None or not self._are_times(place, [value]):
            return None
        return Constant(value)

    def days(self, place: Place) -> Constants | None:
        """Read days of the week: ``["mon", "fri"]``."""
        values = self._values(place)
        if values is None:
            return None
        named = [day for day in WEEKDAYS if day in values]
        if len(named) != len(values):
            place.refuse(
                "unknown_choice", f"Days are {', '.join(WEEKDAYS)}, each once at most."
            )
            return None
        return Constants(tuple(named))

    def hours(self, place: Place) -> Hours | None:
        """Read a part of the day: ``["09:30", "16:00"]``."""
        values = self._values(place, exactly=2)
        if values is None:
            return None
        start, end = (read_time_of_day(value) for value in values)
        if start is None or end is None or start == end:
            place.refuse(
                "bad_time_of_day",
                'Write two times of day, such as ["09:30", "16:00"]; the second is no'
                " longer part of it.",
            )
            return None
        return Hours(start=start, end=end)

    def _values(
        self, place: Place, *, exactly: int | None = None
    ) -> tuple[Scalar, ...] | None:
        if isinstance(place.value, list) and len(place.value) != (
            exactly or max(1, len(place.value))
        ):
            place.refuse(
                "wrong_number",
                f"Write {exactly or 'one or more'} values here; these are"
                f" {len(place.value)}.",
            )
            return None
        read = [
            one.constant(at_most=MAX_CONSTANT_LENGTH)
            for one in place.items(at_most=MAX_CONSTANTS)
        ]
        values = tuple(value for value in read if value is not None)
        return values if values and len(values) == len(read) else None

    def _fits(self, place: Place, value: Scalar) -> bool:
        types = self._operator.types
        is_item = FieldType.ARRAY in types
        if is_item or type_of(value) in types:
            return True
        compared = " or ".join(sorted(f"a {name}" for name in types))
        place.refuse(
            "operator_not_for_type",
            f'"{self._operator.label}" compares with {compared}; {show(value)} is'
            f" a {type_of(value)}.",
        )
        return False

    def _are_times(self, place: Place, values: Sequence[Scalar]) -> bool:
        zone = ZoneInfo(self.zone) if self.zone else UTC
        for value in values:
            if self._ports.read_time(value, zone) is None:
                place.refuse(
                    "bad_time",
                    f"{show(value)} is no time; write it like 2026-01-31 or"
                    " 2026-01-31T14:30:00Z.",
                )
                return False
        return True


_READERS: Mapping[Operand, Callable[[OperandReader, Place], Wanted]] = {
    Operand.VALUE: OperandReader.value,
    Operand.VALUE_OR_FACT: OperandReader.value_or_fact,
    Operand.RANGE: OperandReader.range,
    Operand.VALUES: OperandReader.values,
    Operand.PATTERN: OperandReader.pattern,
    Operand.AMOUNT: lambda _, place: read_amount(place),
    Operand.SPAN: OperandReader.span,
    Operand.COUNT: OperandReader.count,
    Operand.NAME: OperandReader.name,
    Operand.TIME: OperandReader.time,
    Operand.DAYS: OperandReader.days,
    Operand.HOURS: OperandReader.hours,
    Operand.SCORES: OperandReader.scores,
}


def read_amount(place: Place) -> Amount | None:
    """Read how far: ``5``, or ``"5%"``."""
    written = place.value
    is_percent = isinstance(written, str)
    if isinstance(written, str):
        written = _read_percent(written)
    number = None if written is None else _number_at(place.at_value(written))
    if number is None or number <= 0:
        place.refuse(
            "bad_amount", 'Say how far as a number above 0, or as a share: 5, or "5%".'
        )
        return None
    return Amount(number=number, is_percent=is_percent)


def read_zone(place: Place) -> str | None:
    """Read the name of a time zone."""
    name = place.text(at_most=64, blank=False)
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        place.refuse(
            "unknown_zone",
            f"{show(name)} is no time zone; write one like America/New_York or UTC.",
        )
        return None
    return name


def read_time_of_day(written: object) -> time | None:
    """Read ``09:30``; ``None`` for anything else."""
    if not isinstance(written, str) or len(written) != len("09:30"):
        return None
    try:
        return time.fromisoformat(written)
    except ValueError:
        return None


def _read_percent(written: str) -> Decimal | None:
    share = written.strip()
    if not share.endswith("%"):
        return None
    try:
        return Decimal(share.removesuffix("%").strip())
    except InvalidOperation:
        return None


def _read_number(place: Place | None, *, otherwise: Number) -> Number | None:
    return otherwise if place is None else _number_at(place)


def _number_at(place: Place) -> Number | None:
    value = place.constant(at_most=MAX_CONSTANT_LENGTH)
    if value is None:
        return None
    if not is_number(value):
        place.refuse("wrong_type", "This is a number.")
        return None
    return value
