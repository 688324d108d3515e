"""State rules over spans: values leave those while no event comes.

A timer sees to that, so beside the runs of a rule there are the instants at which a
value leaves. Nothing is counted there, but an alert may open or resolve.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rules.columns.buffers import Flags, Longs, distinct
from rules.columns.history.answers import Answer
from rules.columns.history.holding import NOT_YET, Await, Course
from rules.columns.history.records import LATE, Records
from rules.columns.history.together import Together
from rules.columns.history.trees import Over
from rules.columns.history.windows import LeftToEngine

_ROOM = 2**62


def with_departures(together: Together, asked: Iterable[Over]) -> Together:
    """Put the instants at which values leave some windows among the runs.

    Raises:
        LeftToEngine: times of a key fall.
    """
    found = []
    for name, length in sorted({(one.field, one.length or 0) for one in asked}):
        members = together.fields[name].known()
        found.append((members.at + length, _keys(members.starts)))
    times, keys = (np.concatenate(some) for some in zip(*found, strict=True))
    return _with_instants(together, times, keys)


def with_silences(together: Together, records: Records, length: int) -> Together:
    """Put the instants among the runs at which nothing was heard of a key for so long.

    Those before its first run matter to nobody.

    Raises:
        LeftToEngine: times of a key fall.
    """
    runs = together.runs
    heard = np.flatnonzero((records.flags & LATE) == 0)
    number = np.searchsorted(records.starts, heard, side="right")
    is_quiet = np.ones(len(heard), dtype=np.bool_)
    is_quiet[:-1] = np.diff(records.at[heard]) >= length
    is_quiet[:-1] |= number[1:] != number[:-1]
    quiet = heard[is_quiet]
    # A run of the key is at the event, or before it.
    before = np.searchsorted(runs.row, quiet, side="right") - 1
    quiet, before = quiet[before >= 0], before[before >= 0]
    number = np.searchsorted(records.starts, quiet, side="right") - 1
    is_own = runs.row[before] >= records.starts[number]
    keys = np.searchsorted(runs.starts, before[is_own], side="right") - 1
    return _with_instants(together, records.at[quiet[is_own]] + length, keys)


def _with_instants(together: Together, times: Longs, keys: Longs) -> Together:
    """Put instants of some keys among the runs.

    They come before the events of their time. What is known there is what was known at
    the run before.
    """
    runs = together.runs
    if not together.keeps_order or not len(runs):
        raise LeftToEngine("The times of a key fall, or there are none.")
    least = int(runs.at.min())
    most = int(max(runs.at.max(), times.max(initial=0)))
    room = most - least + 1
    if room * len(runs.starts) >= _ROOM:
        raise LeftToEngine("The times lie too far apart.")
    leaving = distinct(times - least + keys * room)
    own = runs.at - least + _keys(runs.starts) * room
    places = np.searchsorted(own, leaving) + np.arange(len(leaving))
    departs = np.zeros(len(runs) + len(leaving), dtype=np.bool_)
    departs[places] = True
    base = np.cumsum(~departs) - 1
    at = runs.at[base]
    at[places] = leaving % room + least
    before = np.searchsorted(leaving, np.arange(len(runs.starts)) * room)
    return Together(
        runs=replace(
            runs,
            starts=runs.starts + before,
            row=runs.row[base],
            at=at,
            value=np.zeros(len(at)),
        ),
        columns=together.columns,
        fields=together.fields,
        last={name: last[base] for name, last in together.last.items()},
        keeps_order=True,
        departs=departs,
    )


def placed(answer: Answer, departs: Flags, records: Records, span: int) -> Answer:
    """Say at which events it comes to light that something has left.

    ``span`` is the longest: what was armed before that has been fired.
    """
    leaves = departs[answer.places]
    at = answer.runs.at[answer.places]
    rows = answer.runs.row[answer.places].copy()
    stands, when = rows[leaves], at[leaves]
    rows[leaves] = fired_at(records, stands, when)
    awaits = tuple(
        Await(
            armed=armed_by(records, int(answer.runs.row[answer.places[number]]), span),
            due=int(at[number]),
            number=number,
        )
        for number in np.flatnonzero(rows == NOT_YET).tolist()
    )
    passes = answer.passes
    if passes.dtype == np.bool_:
        passes = np.flatnonzero(passes & ~departs)
    course = Course(
        places=answer.places,
        rows=rows,
        at=at,
        begins=answer.begins,
        awaits=awaits,
    )
    return replace(answer, passes=passes, course=course)


def fired_at(records: Records, stands: Longs, when: Longs) -> Longs:
    """Find the first event of the key from a time on; what came late fires nothing."""
    fires = np.flatnonzero((records.flags & LATE) == 0)
    least = int(min(records.at.min(initial=0), when.min(initial=0)))
    room = int(max(records.at.max(initial=0), when.max(initial=0))) - least + 1
    if room * len(records.starts) >= _ROOM:
        raise LeftToEngine("The times lie too far apart.")
    number = np.searchsorted(records.starts, stands, side="right") - 1
    line = records.at[fires] - least + _keys(records.starts)[fires] * room
    found = np.searchsorted(line, when - least + number * room)
    row = fires[np.minimum(found, max(len(fires) - 1, 0))]
    is_there = (found < len(fires)) & (row < records.starts[number + 1])
    return np.where(is_there, row, NOT_YET)


def armed_by(records: Records, row: int, span: int) -> Longs:
    """Name the events of a key that may have set a timer which none has fired."""
    number = int(np.searchsorted(records.starts, row, side="right")) - 1
    low, high = int(records.starts[number]), int(records.starts[number + 1])
    fires = low + np.flatnonzero((records.flags[low:high] & LATE) == 0)
    at = records.at[fires]
    armed: Longs = fires[at > at[-1] - span]
    return armed


def _keys(starts: Longs) -> Longs:
    return np.repeat(np.arange(len(starts) - 1), np.diff(starts))
