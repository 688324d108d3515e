"""Who is told of what came about, once each has a cool-down of its own."""

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.history.cooling import told_apart
from rules.columns.history.questions import Question


def tell_at(
    question: Question, at: Longs, bounds: Longs, ordered: Flags
) -> tuple[Longs, Flags]:
    """Say which outputs are told at some times, and at which anybody is, or the feed.

    Those of a key lie between two ``bounds``; ``ordered`` says which keys' never fall.
    """
    told = np.zeros(len(at), dtype=np.int64)
    for cool_down in {*question.cool_downs}:
        bits = sum(
            1 << n for n, one in enumerate(question.cool_downs) if one == cool_down
        )
        told[told_apart(at, bounds, ordered, cool_down)] |= bits
    noticed = told != 0
    if question.feed_cool_down not in question.cool_downs:
        noticed[told_apart(at, bounds, ordered, question.feed_cool_down)] = True
    return told, noticed
