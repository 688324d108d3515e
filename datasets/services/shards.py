"""Shards: the lanes among which the keys of a dataset are divided.

Which shard a key is of never changes: everything that a lane knows of the key depends
on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from datasets.models import Dataset, Lane

MOST_SHARDS: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What of several events goes into one lane: their places, in their order."""

    shard: int
    places: Sequence[int]


def shard_of(key: str, shards: int) -> int:
    """Return the shard of a key as it is stored; everywhere and always the same."""
    if shards == 1:
        return 0
    digest = blake2b(key.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % shards


def lanes_of(dataset: Dataset) -> list[Lane]:
    """Return all lanes of a dataset, by shard."""
    lanes = list(dataset.lanes.order_by("shard"))
    for lane in lanes:
        # What is known already need not be read again.
        lane.dataset = dataset
    return lanes


def lane_of_key(dataset: Dataset, key: str) -> Lane:
    """Return the lane that judges the events of a key, as it is stored."""
    lane = dataset.lanes.get(shard=shard_of(key, dataset.shards))
    lane.dataset = dataset
    return lane


def is_own_key(lane: Lane, key: str) -> bool:
    """Say whether a lane judges the events of a key, or is only told of them."""
    shards = lane.dataset.shards
    return shards == 1 or shard_of(key, shards) == lane.shard


def split_by_shard(keys: Sequence[str], shards: int) -> list[Share]:
    """Divide events, of which these are the keys, among the lanes of a dataset."""
    if shards == 1:
        return [Share(shard=0, places=range(len(keys)))]
    places: dict[int, list[int]] = {}
    for place, key in enumerate(keys):
        places.setdefault(shard_of(key, shards), []).append(place)
    return [Share(shard=shard, places=places[shard]) for shard in sorted(places)]
