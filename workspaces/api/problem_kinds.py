"""Every code that a problem may have, with its sentence and how to mend it."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from workspaces.api.problems import MENDS, STATUS
from workspaces.refusals import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemKind:
    """A code, the status and title it comes with, what it says, and the mend."""

    code: str
    status: int
    title: str
    sentence: str
    mend: str


def problem_kinds() -> list[ProblemKind]:
    """Return the kinds of problems by status and code.

    They are read off the refusals themselves, so none can be forgotten.
    """
    kinds = {}
    for refusal in _refusals(Refusal):
        family = next((one for one in refusal.__mro__ if one in STATUS), None)
        if family is None or "code" not in vars(refusal):
            continue
        status, title = STATUS[family]
        kinds[refusal.code] = ProblemKind(
            code=refusal.code,
            status=status,
            title=title,
            sentence=_first_paragraph(refusal),
            mend=MENDS[family],
        )
    return sorted(kinds.values(), key=lambda one: (one.status, one.code))


def _refusals(kind: type[Refusal]) -> Iterator[type[Refusal]]:
    for below in kind.__subclasses__():
        yield below
        yield from _refusals(below)


def _first_paragraph(refusal: type[Refusal]) -> str:
    said = inspect.getdoc(refusal) or ""
    return " ".join(said.partition("\n\n")[0].replace("`", "").split())
