"""Keys that fall silent, and are heard of again."""

import numpy as np

from rules.columns.buffers import Longs
from rules.columns.history.answers import Answer
from rules.columns.history.departures import armed_by
from rules.columns.history.holding import NOT_YET, Await, Course
from rules.columns.history.questions import Question
from rules.columns.history.records import Records
from rules.columns.history.runs import in_order
from rules.columns.history.telling import tell_at
from rules.columns.history.together import Together
from rules.columns.history.windows import LeftToEngine
from rules.engine import RuleKind


def answer_silence(question: Question, together: Together, records: Records) -> Answer:
    """Answer for a rule that is true once nothing was heard of a key for so long.

    ``together`` are all events that are seen. Each ends a silence, and its time is that
    from which the next is counted. What was silent for long enough is found by a timer
    that the next event fires before it is heard, or by none yet.

    Raises:
        LeftToEngine: times of a key fall.
    """
    runs = together.runs
    if not together.keeps_order:
        raise LeftToEngine("The times of a key fall.")
    quiet = _followed_by_silence(runs.at, runs.starts, question.silence)
    last = runs.starts[1:][runs.starts[:-1] < runs.starts[1:]] - 1
    is_last = np.isin(quiet, last)
    heard = quiet[~is_last] + 1
    fired = np.full(len(quiet), NOT_YET, dtype=np.int64)
    fired[~is_last] = runs.row[heard]
    is_state = question.kind is RuleKind.STATE
    ends = heard if is_state else heard[:0]
    places = np.concatenate([quiet, ends])
    begins = np.arange(len(places)) < len(quiet)
    # An event is heard of after the timer that it has fired, and before the next.
    order = np.argsort(2 * places + begins, kind="stable")
    places, begins = places[order], begins[order]
    at = np.concatenate([runs.at[quiet] + question.silence, runs.at[ends]])[order]
    rows = np.concatenate([fired, runs.row[ends]])[order]
    return Answer(
        runs=runs,
        passes=heard,
        places=places,
        begins=begins,
        told=_told(question, runs.starts, places, at, begins),
        outputs=len(question.outputs),
        together=together,
        course=Course(
            places=places,
            rows=rows,
            at=at,
            begins=begins,
            awaits=_awaits(question, records, rows, runs.row[places], at),
        ),
        ticks_run=True,
    )


def _followed_by_silence(at: Longs, starts: Longs, length: int) -> Longs:
    """Name the runs after which nothing came for so long, the last of keys as well."""
    is_quiet = np.ones(len(at), dtype=np.bool_)
    is_quiet[:-1] = at[1:] - at[:-1] >= length
    is_quiet[starts[1:][starts[:-1] < starts[1:]] - 1] = True
    return np.flatnonzero(is_quiet)


def _told(
    question: Question, starts: Longs, places: Longs, at: Longs, begins: np.ndarray
) -> Longs:
    told = np.zeros(len(places), dtype=np.int64)
    bounds = np.searchsorted(places[begins], starts)
    begun = at[begins]
    told[begins], _ = tell_at(question, begun, bounds, in_order(begun, bounds))
    if question.announces:
        ended = np.flatnonzero(~begins)
        told[ended] = told[ended - 1]
    return told


def _awaits(
    question: Question, records: Records, rows: Longs, stands: Longs, at: Longs
) -> tuple[Await, ...]:
    return tuple(
        Await(
            armed=armed_by(records, int(stands[number]), question.silence),
            due=int(at[number]),
            number=number,
        )
        for number in np.flatnonzero(rows == NOT_YET).tolist()
    )
