"""A slow and obvious judge of events, to hold the engine against.

It shares no code with the engine. It reads definitions as they are written, keeps the
whole history and asks it anew for every fact, compares numbers as fractions, and knows
no index and no state but what was told, what is open and what a crossing must remember.
"""

from tests.rules.engine.reference.episodes import Told
from tests.rules.engine.reference.evaluator import ReferenceEvaluator
from tests.rules.engine.reference.reading import Definition

__all__ = ["Definition", "ReferenceEvaluator", "Told"]
