"""A key's values, few enough to be drawn; what is counted is never counted on these."""

import numpy as np

from rules.columns.buffers import Floats, Longs, distinct


def thin_out(at: Longs, values: Floats, most: int) -> tuple[list[int], list[float]]:
    """Choose at most so many of a key's values, so that no peak is lost.

    Times and values are those of the runs. Of each of many stretches the least and the
    greatest stand for the rest; unknown values are left out.
    """
    known = np.flatnonzero(np.isfinite(values))
    if len(known) > most:
        edges = np.linspace(0, len(known), most // 2 + 1).astype(np.int64)[:-1]
        inside = values[known]
        low, high = (
            np.minimum.reduceat(inside, edges),
            np.maximum.reduceat(inside, edges),
        )
        stretch = np.repeat(
            np.arange(len(edges)), np.diff(np.append(edges, len(known)))
        )
        chosen = [
            _first(np.flatnonzero(inside == peak[stretch]), stretch)
            for peak in (low, high)
        ]
        known = known[distinct(np.concatenate(chosen))]
    order = np.argsort(at[known], kind="stable")
    kept = known[order]
    return at[kept].tolist(), values[kept].tolist()


def _first(places: Longs, stretch: Longs) -> Longs:
    """Keep the first place of each stretch."""
    _, first = np.unique(stretch[places], return_index=True)
    return places[first]
