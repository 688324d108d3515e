"""Many events at once: the path of a batch, on arrays.

1. The events are sorted by key, in their order within a key.
2. Each column reads its values. The value before is the neighbour's, or for a key's
   first event the one that is kept; so events of one key need no loop.
3. Values inside the quiet interval of their key pass no cut. The others are searched.
4. Keys with a value that a double does not decide, or that is or was unknown, are rare
   and go through ``moving``, one by one.
5. Cuts passed change rules, or members of groups; ``groups`` counts those up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.cuts import UP
from rules.columns.events import Events
from rules.columns.groups import Groups
from rules.columns.moving import take_in
from rules.columns.passing import Moves, Passed, ties
from rules.columns.readings import read_number, read_numbers
from rules.columns.segments import Segments
from rules.columns.series import Column, Positions, Series
from rules.columns.truth import Changes

_MISSING = object()
_SMALL_KEYS = 1 << 15


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as arrays, one element an event.

    ``key`` (int64) are the numbers of the keys, ``sorted`` the events by key; ``shape``
    (int64) numbers the watched fields that each carries, ``runs`` (bool) tells which
    run rules. They are ``None`` where all events are alike: every one is of the shape
    ``full``, every one runs rules.
    """

    series: Series
    key: Longs
    sorted: "Sorted"
    shape: Longs | None
    full: int
    runs: Flags | None


@dataclass(frozen=True, slots=True)
class Sorted:
    """Events sorted by key, in their order within a key.

    ``event`` and ``key`` (int64) have one element an event; ``first`` and ``last``
    (int64) are the places of the first and last of each key, ``starts`` (bool) marks
    the first ones.
    """

    event: Longs
    key: Longs
    first: Longs
    last: Longs
    starts: Flags

    @classmethod
    def of(cls, event: Longs, key: Longs) -> "Sorted":
        """Mark where keys start and end."""
        starts = np.empty(len(key), dtype=np.bool_)
        starts[:1] = True
        np.not_equal(key[1:], key[:-1], out=starts[1:])
        first = starts.nonzero()[0]
        last = np.empty_like(first)
        last[:-1] = first[1:] - 1
        last[-1:] = len(key) - 1
        return cls(event, key, first, last, starts)

    @property
    def ranks(self) -> Longs:
        """Count, for each event in the order of the batch, those of its key before."""
        sizes = self.last - self.first + 1
        ranks = np.empty_like(self.event)
        ranks[self.event] = np.arange(len(self.key)) - self.first.repeat(sizes)
        return ranks


def run_batch(
    series: Series, events: Events, segments: Segments, groups: Groups
) -> tuple[Batch, Changes]:
    """Take in a batch; give it as arrays, and the changes of the truth of rules."""
    numbers = list(map(series.numbers.get, events.keys))
    if None in numbers:
        numbers = list(map(series.number, events.keys))
    key = np.array(numbers, dtype=np.int64)
    short = key.astype(np.int16) if len(series.names) < _SMALL_KEYS else key
    order = short.argsort(kind="stable")
    every = Sorted.of(order, key[order])
    passed = Passed(segments, groups, series.groups)
    carried = [
        _take_column(column, events.fields, key, every, passed)
        for column in series.by_number
    ]
    return Batch(
        series=series,
        key=key,
        sorted=every,
        shape=_shapes(series, carried, len(key)),
        full=series.shape((1 << len(series.columns)) - 1),
        runs=None
        if events.raises is None or all(events.raises)
        else np.array(events.raises, dtype=np.bool_),
    ), passed.changes()


def _take_column(
    column: Column,
    fields: Sequence[Mapping[str, Any]],  # Any: JSON
    key: Longs,
    every: Sorted,
    passed: Passed,
) -> Flags | None:
    """Take in a column; tell which events carry it, none meaning all."""
    name, events, carried = column.name, every, None
    try:
        raw = [one[name] for one in fields]
        doubles, odd = read_numbers(raw)
    except KeyError:
        raw = [one.get(name, _MISSING) for one in fields]
        carried = np.array([value is not _MISSING for value in raw], dtype=np.bool_)
        places = carried.nonzero()[0]
        if not len(places):
            return carried
        doubles = np.empty(len(raw))
        doubles[places], odd = read_numbers([raw[place] for place in places])
        odd = places[odd]
        chosen = every.event[carried[every.event]]
        events = Sorted.of(chosen, key[chosen])
    special = _special(column, events, key[odd])
    if special is not None:
        _take_one_by_one(column, events, special, raw, passed)
        plain = ~special
        events = Sorted.of(events.event[plain], events.key[plain])
    if len(events.event):
        _take_numbers(column, events, doubles[events.event], passed)
    return carried


def _special(column: Column, events: Sorted, odd_keys: Longs) -> Flags | None:
    """Tell which events belong to keys that go one by one; none if none does."""
    known = column.known.array[events.key]
    if len(odd_keys) or column.exact or column.exact_prior:
        marked = np.zeros(len(column.known.array), dtype=np.bool_)
        marked[odd_keys] = True
        marked[list(column.exact)] = True
        marked[list(column.exact_prior)] = True
        known &= ~marked[events.key]
    return None if known.all() else ~known


def _take_one_by_one(
    column: Column, events: Sorted, special: Flags, raw: list[Any], passed: Passed
) -> None:
    pairs = zip(
        events.event[special].tolist(), events.key[special].tolist(), strict=True
    )
    for event, key in pairs:
        for step in take_in(column, key, read_number(raw[event]), passed.segments):
            passed.take(event, key, step)


def _take_numbers(
    column: Column, events: Sorted, value: Floats, passed: Passed
) -> None:
    for standing in column.standings:
        moved = _stand(standing, events, value, passed.segments)
        if moved is None:
            continue
        at, moves = moved
        crossed = passed.move(moves, is_shared=standing.is_shared)
        if crossed is not None:
            _cross(column, events, value, (at, *crossed), passed)
    if column.crossings:
        _remember_prior(column, events, value)
    column.value.array[events.key[events.last]] = value[events.last]


def _stand(
    standing: Positions, events: Sorted, value: Floats, segments: Segments
) -> tuple[Longs, Moves] | None:
    """Find where values stand now; give the places of those that moved, and how."""
    key = events.key
    outside = value < standing.low.array[key]
    outside |= value >= standing.high.array[key]
    far = outside.nonzero()[0]
    if not len(far):
        return None
    kept = standing.position.array[key].astype(np.int64)
    new = kept.copy()
    new[far] = _search(standing, key[far], value[far], segments)
    old = np.empty_like(new)
    old[1:] = new[:-1]
    old[events.first] = kept[events.first]
    at = (new != old).nonzero()[0]
    last = events.last
    settled = new[last]
    moved = (settled != kept[last]).nonzero()[0]
    standing.settle_all(key[last[moved]], segments, settled[moved])
    mover = key[at]
    if standing.is_shared:
        base = np.full(len(at), segments.base.view[standing.common])
    else:
        base = segments.base.array[standing.segment.array[mover]]
    return at, Moves(events.event[at], mover, base, old[at], new[at])


def _search(
    standing: Positions, key: Longs, value: Floats, segments: Segments
) -> Longs:
    if not standing.is_shared:
        own = standing.segment.array[key].astype(np.int64)
        return segments.positions(own, value)
    first = segments.base.view[standing.common] + 1
    end = first + segments.length.view[standing.common]
    run = segments.at.array[first:end]
    return run.searchsorted(value, side="right")


def _cross(
    column: Column,
    events: Sorted,
    value: Floats,
    crossed: tuple[Longs, Longs, Longs],
    passed: Passed,
) -> None:
    """Sort out which crossings were crossed, before the column remembers."""
    at, places, move = crossed
    segments = passed.segments
    kind, target = segments.kind.array[places], segments.target.array[places]
    here = at[move]
    kept = column.value.array[events.key[here]]
    last = np.where(events.starts[here], kept, value[here - 1])
    is_up = (kind & UP) != 0
    wanted = is_up == (value[here] > last)
    tie = ties(segments.at.array[places], kind, last)
    for place, row, up, is_tie in zip(
        here[wanted], target[wanted], is_up[wanted], tie[wanted], strict=True
    ):
        if not is_tie or _came_from_below(column, events, value, place) is bool(up):
            passed.cross(int(events.event[place]), int(row))


def _came_from_below(
    column: Column, events: Sorted, value: Floats, place: int
) -> bool | None:
    """Tell from which side the number before an event was reached; none if unknown."""
    key = events.key[place]
    first = events.first[events.first.searchsorted(place, side="right") - 1]
    kept = [float(column.value.view[key]), float(column.prior.view[key])]
    before = [*reversed(value[first:place].tolist()), *kept]
    last = before[0]
    prior = next((one for one in before if one != last), last)
    return None if isnan(prior) or prior == last else prior < last


def _remember_prior(column: Column, events: Sorted, value: Floats) -> None:
    """Keep the last number of each key that is not the one it has now."""
    key, now = events.key[events.last], value[events.last]
    differs = value != np.repeat(now, events.last - events.first + 1)
    places = np.where(differs, np.arange(len(value)), -1)
    latest = np.maximum.reduceat(places, events.first)
    kept = column.value.array[key]
    prior = np.where(kept != now, kept, column.prior.array[key])
    inside = latest >= 0
    prior[inside] = value[latest[inside]]
    column.prior.array[key] = prior


def _shapes(series: Series, carried: list[Flags | None], size: int) -> Longs | None:
    """Number the shape of every event; none if all carry all watched fields."""
    if all(mask is None for mask in carried):
        return None
    every = np.ones(size, dtype=np.bool_)
    table = np.stack([every if mask is None else mask for mask in carried], axis=1)
    packed = np.packbits(table, axis=1, bitorder="little")
    known: dict[bytes, int] = {}
    shapes = []
    for row in packed:
        written = row.tobytes()
        if written not in known:
            known[written] = series.shape(int.from_bytes(written, "little"))
        shapes.append(known[written])
    return np.array(shapes, dtype=np.int64)
