"""Which members of a definition are known here: a rule that says more is the engine's.

A member that a definition may have some day is unknown until it is named here.
"""

from collections.abc import Set
from dataclasses import fields
from typing import Final

from rules.engine import Specification, blank_specification

_EVERYWHERE: Final = frozenset(
    {
        "kind",
        "name",
        "facts",
        "when",
        "mode",
        "announces_resolve",
        "severity",
        "include",
        "outputs",
        "hold",
        "recover",
        "no_data",
    }
)
_WHILE_OPEN: Final = frozenset({"again_if_moved", "remind_every", "ladder"})
#: What the index need not follow, as it is asked of a rule that is true or open.
INDEXED: Final = _EVERYWHERE | _WHILE_OPEN
#: What columns take into account, or need not, as it turns nothing.
ANSWERED: Final = _EVERYWHERE | {"active", "expires_at", "only_new"}
#: What the engine decides of the events that it is shown, also where those are some.
FOLLOWED: Final = ANSWERED | _WHILE_OPEN


def says_only(spec: Specification, known: Set[str]) -> bool:
    """Tell whether a rule says nothing but by the members that are known."""
    blank = blank_specification(spec.kind, name=spec.name)
    others = [one.name for one in fields(spec) if one.name not in known]
    return all(getattr(spec, name) == getattr(blank, name) for name in others)
