"""The table of operators: a new one is an entry in a file here, its tests, its docs."""

from collections.abc import Mapping
from difflib import get_close_matches

from rules.engine.errors import UnknownOperator
from rules.engine.operators.anomalies import ANOMALIES
from rules.engine.operators.base import Operand, Operator, Option, Sides, Since
from rules.engine.operators.collections import COLLECTIONS
from rules.engine.operators.comparisons import COMPARISONS
from rules.engine.operators.moves import MOVES
from rules.engine.operators.presence import PRESENCE
from rules.engine.operators.texts import TEXTS
from rules.engine.operators.times import TIMES, WEEKDAYS
from rules.engine.values import brief

__all__ = [
    "OPERATORS",
    "WEEKDAYS",
    "Operand",
    "Operator",
    "Option",
    "Sides",
    "Since",
    "find_operator",
]

OPERATORS: Mapping[str, Operator] = {
    entry.id: entry
    for table in (COMPARISONS, MOVES, ANOMALIES, TEXTS, TIMES, COLLECTIONS, PRESENCE)
    for entry in table
}

_BY_NAME = {
    name: entry for entry in OPERATORS.values() for name in (entry.id, *entry.aliases)
}


def find_operator(name: str) -> Operator:
    """Find an operator by its id or one of its symbols, such as ``<=`` or ``<>``.

    Raises:
        UnknownOperator: there is none; the message lists those there are.
    """
    try:
        return _BY_NAME[name.strip()]
    except KeyError:
        raise UnknownOperator(
            f'"{brief(name)}" is not an operator; use one of {_SYMBOLS}, or a word such'
            f" as {', '.join(_near(name))}."
        ) from None


_SYMBOLS = ", ".join(
    f"{entry.id} ({entry.symbol})" for entry in OPERATORS.values() if entry.symbol
)
_WORDS = [entry.id for entry in OPERATORS.values() if not entry.symbol]


def _near(name: str) -> list[str]:
    """Name the words most like what was written, or some that are wanted often."""
    near = get_close_matches(name.strip().lower()[:40], _WORDS, n=3, cutoff=0.5)
    return near or ["between", "in", "contains", "changed"]
