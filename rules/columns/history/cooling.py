"""Which passes are told, once those that fall into a cool-down are left out."""

from bisect import bisect_left

import numpy as np

from rules.columns.buffers import Flags, Longs

#: From so many keys and passes on, all keys go on together instead of one by one.
_KEYS_TOGETHER, _PASSES_TOGETHER = 32, 20_000
_ROOM = 2**62


def told_apart(at: Longs, bounds: Longs, in_order: Flags, cool_down: int) -> Longs:
    """Give the places of the passes that are told, of all in ``at``.

    The passes of a key lie between two ``bounds``. One is told if it is the first of
    its key or lies ``cool_down`` or more from the last that was told, in either
    direction.
    """
    if not cool_down or not len(at):
        return np.arange(len(at))
    keys = np.flatnonzero(bounds[:-1] < bounds[1:])
    lows, highs = bounds[keys], bounds[keys + 1]
    if not in_order[keys].all():
        return _one_by_one(at, lows, highs, in_order[keys], cool_down)
    return _in_order(at, lows, highs, cool_down)


def _in_order(at: Longs, lows: Longs, highs: Longs, cool_down: int) -> Longs:
    """Part the passes of each key where one comes long enough after the one before.

    That one is told whatever was told before it, so what lies between two such can be
    told apart for itself; one that is alone needs no more.
    """
    begins = np.empty(len(at), dtype=np.bool_)
    np.greater_equal(at[1:] - at[:-1], cool_down, out=begins[1:])
    begins[lows] = True
    heads = np.flatnonzero(begins)
    ends = np.append(heads[1:], len(at))
    several = ends - heads > 1
    alone, heads, ends = heads[~several], heads[several], ends[several]
    if not len(heads):
        return alone
    if len(lows) >= _KEYS_TOGETHER and len(at) >= _PASSES_TOGETHER:
        first = int(at.min())
        span = int(at.max()) - first + cool_down + 1
        if span * len(lows) < _ROOM:
            offsets = np.arange(len(lows), dtype=np.int64) * span
            line = at - first + np.repeat(offsets, highs - lows)
            return _sorted(alone, _together(line, heads, ends, cool_down))
    ordered = np.ones(len(heads), dtype=np.bool_)
    return _sorted(alone, _one_by_one(at, heads, ends, ordered, cool_down))


def _sorted(alone: Longs, others: Longs) -> Longs:
    return np.sort(np.concatenate([alone, others])) if len(alone) else others


def _one_by_one(
    at: Longs, lows: Longs, highs: Longs, in_order: Flags, cool_down: int
) -> Longs:
    told: list[int] = []
    view = np.ascontiguousarray(at).data
    bounds = zip(lows.tolist(), highs.tolist(), in_order.tolist(), strict=True)
    for low, high, is_ordered in bounds:
        place = low
        if not is_ordered:
            told += _in_any_order(view, low, high, cool_down)
            continue
        while place < high:
            told.append(place)
            place = bisect_left(view, view[place] + cool_down, place + 1, high)
    return np.array(told, dtype=np.int64)


def _together(line: Longs, lows: Longs, highs: Longs, cool_down: int) -> Longs:
    """Go from telling to telling in all stretches at once, over one line of time.

    Each key has a part of the line of its own, longer than all times and the
    cool-down, so one search finds the next telling of every stretch.
    """
    place, told = lows, []
    while len(place):
        told.append(place)
        place = np.searchsorted(line, line[place] + cool_down)
        going = place < highs
        place, highs = place[going], highs[going]
    return np.sort(np.concatenate(told))


def _in_any_order(at: memoryview, low: int, high: int, cool_down: int) -> list[int]:
    told = [low]
    last = at[low]
    for place in range(low + 1, high):
        if abs(at[place] - last) >= cool_down:
            told.append(place)
            last = at[place]
    return told
