"""Reading what an author sent, piece by piece, and noting each problem where it stands.

Every reader answers the value, or ``None`` after it has noted a problem, so that one
pass over a definition finds everything that is wrong with it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

from rules.engine.durations import parse_duration
from rules.engine.errors import DurationInvalid, Problem
from rules.engine.values import Scalar, brief

MAX_DIGITS = 34
MAX_EXPONENT = 300

Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Place:
    """A value in what the author sent, its JSON Pointer, and the list of problems."""

    value: object
    pointer: str
    problems: list[Problem]

    def refuse(self, code: str, detail: str) -> None:
        """Note a problem of this place."""
        problem = Problem(pointer=self.pointer, code=code, detail=detail)
        self.problems.append(problem)

    def at(self, step: str | int, value: object) -> "Place":
        """Go one step down."""
        escaped = str(step).replace("~", "~0").replace("/", "~1")
        return Place(value, f"{self.pointer}/{escaped}", self.problems)

    def at_value(self, value: object) -> "Place":
        """Stand at the same place with a value that was read out of it."""
        return Place(value, self.pointer, self.problems)

    def members(
        self, known: Collection[str], planned: Collection[str] = ()
    ) -> dict[str, "Place"] | None:
        """Read an object; every member must be known, and no other is passed over."""
        if not isinstance(self.value, Mapping):
            self.refuse("wrong_type", f"{self._name()} is an object, {{...}}.")
            return None
        found = {}
        for name, value in self.value.items():
            place = self.at(name, value)
            if name in known:
                found[name] = place
            elif name in planned:
                place.refuse(
                    "not_offered", f'"{name}" is not offered yet; leave it out.'
                )
            else:
                listed = ", ".join(sorted(known))
                place.refuse(
                    "unknown_member",
                    f'"{brief(name)}" is not a member of {self._name()};'
                    f" known are {listed}.",
                )
        return found

    def items(self, *, at_most: int | None = None) -> Iterator["Place"]:
        """Read a list; a list longer than allowed is noted and not read at all."""
        if not isinstance(self.value, list):
            self.refuse("wrong_type", f"{self._name()} is a list, [...].")
        elif at_most is not None and len(self.value) > at_most:
            self.refuse(
                "too_many",
                f"{self._name()} has {len(self.value)} entries; at most {at_most} are"
                " allowed.",
            )
        else:
            for place, value in enumerate(self.value):
                yield self.at(place, value)

    def text(self, *, at_most: int, blank: bool = True) -> str | None:
        """Read a text that every database can keep."""
        if not isinstance(self.value, str):
            self.refuse("wrong_type", f"{self._name()} is a text, in quotes.")
        elif not blank and not self.value.strip():
            self.refuse("blank", f"{self._name()} is empty; write something.")
        elif len(self.value) > at_most:
            self.refuse(
                "too_long",
                f"{self._name()} has {len(self.value)} characters; at most {at_most}"
                " are allowed.",
            )
        elif not _is_storable(self.value):
            self.refuse(
                "bad_text",
                f"{self._name()} holds a NUL or half of a surrogate pair; remove it.",
            )
        else:
            return self.value
        return None

    def flag(self) -> bool | None:
        """Read true or false."""
        if isinstance(self.value, bool):
            return self.value
        self.refuse("wrong_type", f"{self._name()} is true or false.")
        return None

    def choice(
        self, choices: type[Choice], planned: Collection[str] = ()
    ) -> Choice | None:
        """Read one of a closed set of words."""
        listed = ", ".join(choices)
        if isinstance(self.value, str) and self.value in planned:
            self.refuse(
                "not_offered",
                f'"{self.value}" is not offered yet; use one of {listed}.',
            )
        elif isinstance(self.value, str) and self.value in list(choices):
            return choices(self.value)
        else:
            self.refuse(
                "unknown_choice",
                f'{self._name()} is "{brief(self.value)}"; use one of {listed}.',
            )
        return None

    def duration(self) -> timedelta | None:
        """Read a length of time."""
        try:
            return parse_duration(self.value)
        except DurationInvalid as error:
            self.refuse("bad_duration", f"{self._name()}: {error}")
            return None

    def constant(self, *, at_most: int) -> Scalar | None:
        """Read a value to compare with: a number, a text or a boolean."""
        match self.value:
            case bool():
                return self.value
            case str():
                return self.text(at_most=at_most)
            case int() | Decimal() | float():
                return self._number()
            case None:
                self.refuse(
                    "null_constant",
                    "Nothing can be compared with null; give a number, a text, true or"
                    " false.",
                )
            case _:
                self.refuse(
                    "wrong_type", f"{self._name()} is a number, a text, true or false."
                )
        return None

    def _number(self) -> int | Decimal | None:
        written = self.value
        number = written if isinstance(written, int) else Decimal(str(written))
        as_decimal = Decimal(number)
        if not as_decimal.is_finite():
            self.refuse(
                "wrong_type", f"{self._name()} is {brief(written)}; give a number."
            )
            return None
        digits = len(as_decimal.as_tuple().digits)
        if digits > MAX_DIGITS or abs(as_decimal.adjusted()) > MAX_EXPONENT:
            self.refuse(
                "number_out_of_range",
                f"{self._name()} has more than {MAX_DIGITS} digits, or an exponent"
                f" beyond {MAX_EXPONENT}.",
            )
            return None
        return number

    def _name(self) -> str:
        return f'"{self.pointer}"' if self.pointer else "The definition"


def _is_storable(text: str) -> bool:
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
