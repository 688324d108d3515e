"""Facts of one key that is named, beside those of any key: what they were at each run.

The named key runs nothing: where its fact moves, others are asked of it at their own
next event.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from rules.columns.history.records import Records
from rules.columns.history.runs import Runs, runs_of
from rules.columns.history.together import Together
from rules.columns.history.trees import Against


def with_beside(
    together: Together, records: Records, asked: Iterable[Against]
) -> Together:
    """Put with the fields of a key those of other keys, as they were in the lane.

    That is at the newest event of those keys up to a run, late ones left out.
    """
    fields, last = dict(together.fields), dict(together.last)
    places = records.places
    at = places[together.runs.row]
    beside = {one.beside: one for one in asked}
    for name, one in beside.items():
        fields[name] = _runs_under(records, one.of_key, one.wanted.fact.root)
        own = places[fields[name].row]
        last[name] = np.searchsorted(own, at, side="right") - 1
    return replace(together, fields=fields, last=last, beside=frozenset(beside))


def _runs_under(records: Records, key: str, field: str) -> Runs:
    runs = runs_of(records, field, looks_back=True)
    number = records.number_of(key)
    if number is None:
        return runs.only(np.zeros(len(runs), dtype=np.bool_))
    return runs.of_key(number)
