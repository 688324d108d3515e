"""A lane's history as columns, and what rules would have done over it.

``question_of`` says whether columns can answer for a rule; ``History`` answers, and
exactly as ``step`` would.
"""

from rules.columns.history.answers import Answer, KeyCount
from rules.columns.history.asking import question_of
from rules.columns.history.curves import choose_levels, round_step
from rules.columns.history.histories import History, Parting
from rules.columns.history.holding import Await
from rules.columns.history.joining import Logs, numbered
from rules.columns.history.looks import Looks
from rules.columns.history.moments import Moment, Seen
from rules.columns.history.near_moments import NearMoment, nearest_moment
from rules.columns.history.outlines import Outline, outline_of
from rules.columns.history.questions import Question
from rules.columns.history.records import (
    LATE,
    SILENT,
    STILL,
    Gathering,
    Records,
    merge,
)
from rules.columns.history.segments import (
    Segment,
    SegmentDamaged,
    find_segments,
    remove,
    write_segment,
)
from rules.columns.history.sources import Sources
from rules.columns.history.threads import Thread
from rules.columns.history.weave import Weave, weave_of
from rules.columns.history.windows import LeftToEngine

__all__ = [
    "LATE",
    "SILENT",
    "STILL",
    "Answer",
    "Await",
    "Gathering",
    "History",
    "KeyCount",
    "LeftToEngine",
    "Logs",
    "Looks",
    "Moment",
    "NearMoment",
    "Outline",
    "Parting",
    "Question",
    "Records",
    "Seen",
    "Segment",
    "SegmentDamaged",
    "Sources",
    "Thread",
    "Weave",
    "choose_levels",
    "find_segments",
    "merge",
    "nearest_moment",
    "numbered",
    "outline_of",
    "question_of",
    "remove",
    "round_step",
    "weave_of",
    "write_segment",
]
