"""Columns select, the engine decides: where rules can change, found with numpy.

``Index`` holds the rules of a lane and is told its events; it answers at which of their
runs rules changed their truth, at a cost that follows the changes. ``ChoosingProgram``
is the program of a lane that runs by it.
"""

from rules.columns.choosing import ChoosingProgram
from rules.columns.cooling import Repeats
from rules.columns.events import Events, Flips
from rules.columns.index import Index
from rules.columns.predicates import OPERATORS, Predicate, Predicates, rules_in
from rules.columns.settling import Settled
from rules.columns.trees import Place, crossing
from rules.columns.truth import CROSSED, FALSE, TRUE, UNKNOWN

__all__ = [
    "CROSSED",
    "FALSE",
    "OPERATORS",
    "TRUE",
    "UNKNOWN",
    "ChoosingProgram",
    "Events",
    "Flips",
    "Index",
    "Place",
    "Predicate",
    "Predicates",
    "Repeats",
    "Settled",
    "crossing",
    "rules_in",
]
