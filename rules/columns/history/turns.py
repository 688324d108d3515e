"""Where anything turns that a rule asks: the runs that the engine must see."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rules.columns.buffers import Floats, Longs
from rules.columns.history.grounds import Ground
from rules.columns.history.lapses import Lapses, lapses_of
from rules.columns.history.outlines import Outline
from rules.columns.history.resting import awake_at
from rules.columns.history.runs import first_of_keys
from rules.columns.history.together import Together


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The runs of a rule under some keys, and those at which something turns.

    Both are rows of the ``ground``, rising. ``leading`` is the leading fact at each
    run, as a double. ``recalls`` say of what is counted how the engine keeps it after
    a run, by its place; where there are none the engine sees every event. Between the
    runs what is asked ``lapses`` as well, unless the engine itself is to see to that.
    """

    ground: Ground
    runs: Longs
    turning: Longs
    leading: Floats
    recalls: Mapping[str, Callable[[int], object]]
    lapses: Lapses | None


def turns_of(outline: Outline, ground: Ground, together: Together) -> Turns:
    """Find where the truth of anything asked is not that of the run before.

    The first run of a key is one of those, as is one at which the rule has begun to
    rest or to watch. Values leave windows between the runs, which may turn it as well.

    Raises:
        LeftToEngine: columns cannot tell.
    """
    runs = together.runs
    said = [flags for tree in outline.asked for flags in together.judge(tree)]
    turned = np.zeros(len(runs), dtype=np.bool_)
    for flags in (*said, awake_at(outline.watch, runs.at)):
        turned[1:] |= flags[1:] != flags[:-1]
    turned[first_of_keys(runs.starts)] = True
    departs = together.departs
    if departs is None:
        departs = np.zeros(len(runs), dtype=np.bool_)
    places = np.flatnonzero(~departs)
    leading = outline.sources.name(outline.spec.leading_fact)
    return Turns(
        ground=ground,
        runs=runs.row[places],
        turning=runs.row[turned & ~departs],
        leading=together.values_of(leading)[places],
        recalls={
            one.name: _kept_after(together.recall(one), places)
            for one in outline.question.remembering
        },
        lapses=lapses_of(ground.records, together, turned, span=outline.span),
    )


def all_events(ground: Ground) -> Turns:
    """Let the engine see every event."""
    rows = np.arange(len(ground.at))
    return Turns(
        ground=ground,
        runs=rows,
        turning=rows,
        leading=np.zeros(len(rows)),
        recalls={},
        lapses=None,
    )


def _kept_after(
    recall: Callable[[int, bool], object], places: Longs
) -> Callable[[int], object]:
    with_own = True
    return lambda place: recall(int(places[place]), with_own)
