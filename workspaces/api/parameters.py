"""What stands after the question mark, read as what it means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeVar

from django.http import HttpRequest, QueryDict

from workspaces.refusals import FieldError, Invalid, Unreadable

_TRUE = frozenset(("true", "1", "yes", "on"))
_FALSE = frozenset(("false", "0", "no", "off"))
_SHOWN = 60

Chosen = TypeVar("Chosen")


class ParameterInvalid(Invalid):
    """A query parameter cannot be understood; the text names it and what it may be."""

    code = "parameter_invalid"

    def __init__(self, name: str, detail: str) -> None:
        text = f"{name}: {detail}"
        error = FieldError(pointer=f"/{name}", code=self.code, detail=text)
        super().__init__(text, errors=[error])


def refuse_nul(request: HttpRequest) -> None:
    """Refuse the character NUL in an address, which PostgreSQL cannot even compare."""
    if "\0" in request.path or "\0" in "".join(
        name + value for name, values in request.GET.lists() for value in values
    ):
        raise Unreadable("The address holds the character NUL (%00); take it out.")


class Parameters:
    """The query of a request. An empty value is the same as none.

    Values come in any letter case, booleans also as 1 and 0.
    """

    def __init__(
        self, query: QueryDict, *, known: Collection[str] | None = None
    ) -> None:
        """Take the query; with `known`, refuse what is named otherwise."""
        self._query = query
        for name in query if known is not None else ():
            if name not in (known or ()):
                raise ParameterInvalid(
                    name[:_SHOWN],
                    "There is no such parameter here; there are "
                    f"{', '.join(sorted(known or ()))}.",
                )

    def text(self, name: str, default: str = "") -> str:
        """Return the parameter as it was sent."""
        return self._query.get(name) or default

    def flag(self, name: str, *, default: bool) -> bool:
        """Return whether the parameter says true."""
        said = self.text(name).strip().lower()
        if said in _TRUE:
            return True
        if said in _FALSE:
            return False
        if said:
            raise ParameterInvalid(name, "Send true or false.")
        return default

    def number(self, name: str, *, least: int, most: int) -> int | None:
        """Return a whole number between two bounds, or None if none was sent."""
        said = self.text(name).strip()
        if not said:
            return None
        if not (said.isascii() and said.isdigit() and len(said) < 20):
            raise ParameterInvalid(
                name, f"Send a whole number from {least} to {most:,}."
            )
        number = int(said)
        if not least <= number <= most:
            raise ParameterInvalid(name, f"Send a number from {least} to {most:,}.")
        return number

    def words(self, name: str) -> list[str]:
        """Return the parts of a list with commas."""
        parts = (part.strip() for part in self.text(name).split(","))
        return [part for part in parts if part]

    def choice(
        self, name: str, choices: Mapping[str, Chosen], default: Chosen
    ) -> Chosen:
        """Return what a word stands for."""
        said = self.text(name).strip().lower()
        if not said:
            return default
        if said not in choices:
            raise ParameterInvalid(name, f"Send one of {', '.join(choices)}.")
        return choices[said]
