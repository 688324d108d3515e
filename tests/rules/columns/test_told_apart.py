"""Which passes of a back-test are told, against going through them one by one."""

import itertools

import numpy as np
import pytest

from rules.columns.history.cooling import told_apart


def one_by_one(at: list[int], bounds: list[int], cool_down: int) -> list[int]:
    told = []
    for low, high in itertools.pairwise(bounds):
        last = None
        for place in range(low, high):
            if last is None or abs(at[place] - last) >= cool_down:
                told.append(place)
                last = at[place]
    return told


@pytest.mark.parametrize("cool_down", [0, 1, 7, 60, 100_000])
@pytest.mark.parametrize(
    ("keys", "passes", "gaps", "is_ordered"),
    [
        (1, 400, [0, 1, 6, 7, 8], True),
        (5, 400, [0, 1, 7, 60, 61], True),
        (5, 400, [-9, 0, 1, 7, 60], False),
        (40, 25_000, [0, 1, 6, 7, 60], True),
        (40, 25_000, [7, 61, 100_001], True),
        (40, 25_000, [-9, 1, 7, 60], False),
    ],
)
def test_passes_are_told_as_one_by_one_would_tell_them(
    cool_down: int, keys: int, passes: int, gaps: list[int], is_ordered: bool
) -> None:
    chance = np.random.default_rng(7)
    inner = np.sort(chance.integers(0, passes, keys - 1))
    bounds = np.concatenate([[0], inner, [passes]])
    at = np.empty(passes, dtype=np.int64)
    for low, high in itertools.pairwise(bounds):
        at[low:high] = 1_000 + np.cumsum(chance.choice(gaps, high - low))
    in_order = np.full(keys, is_ordered)

    told = told_apart(at, bounds, in_order, cool_down)

    assert told.tolist() == one_by_one(at.tolist(), bounds.tolist(), cool_down)
