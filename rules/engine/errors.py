"""What the engine says when it is given something it cannot use."""

from collections.abc import Iterable
from dataclasses import dataclass


class EngineError(Exception):
    """The root of every error that the engine raises on purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a definition: where, which, and how to mend it.

    ``pointer`` is a JSON Pointer (RFC 6901) into what the author sent.
    """

    pointer: str
    code: str
    detail: str


class DefinitionInvalid(EngineError):
    """A definition cannot become a rule; carries every problem found, not the first."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.detail for problem in self.problems))


class FactPathInvalid(EngineError):
    """A text is no fact path; the message names the part that is wrong."""


class DurationInvalid(EngineError):
    """A text or number is no length of time; the message shows the form wanted."""


class UnknownOperator(EngineError):
    """No operator has this id or symbol; the message lists those that exist."""


class RuleNotInProgram(EngineError):
    """A rule was to be taken out of a program that does not hold it."""


class UnsupportedValue(EngineError):
    """A value is of a Python type that no event may carry, such as a float."""
