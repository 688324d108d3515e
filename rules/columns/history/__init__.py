"""A lane's history as columns, and what rules would have done over it.

``question_of`` says whether columns can answer for a rule; ``History`` answers, and
exactly as ``step`` would.
"""

from rules.columns.history.answers import Answer, History
from rules.columns.history.questions import Question, question_of
from rules.columns.history.records import (
    LATE,
    SILENT,
    STILL,
    Gathering,
    Records,
    merge,
)

__all__ = [
    "LATE",
    "SILENT",
    "STILL",
    "Answer",
    "Gathering",
    "History",
    "Question",
    "Records",
    "merge",
    "question_of",
]
