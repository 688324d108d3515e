"""A short trial on either database, with what is likeliest to go wrong."""

import os

import pytest

from tests.chaos.arena import POSTGRESQL, SQLITE, arena
from tests.chaos.faults import (
    CutSockets,
    DeafenRedis,
    Flood,
    FullDisk,
    Kill,
    KillRedis,
    KillUp,
    Poison,
    Restart,
    StopPostgreSQL,
)
from tests.chaos.trial import Plan, play

#: How often every fault of the list strikes.
ROUNDS = int(os.environ.get("BELLWETHER_CHAOS_ROUNDS", "1"))


@pytest.mark.parametrize(
    ("database", "faults"),
    [
        (SQLITE, [Kill, FullDisk, CutSockets, Poison, Flood]),
        (
            POSTGRESQL,
            [StopPostgreSQL, DeafenRedis, KillRedis, Flood, Restart, KillUp],
        ),
    ],
    ids=[SQLITE, POSTGRESQL],
)
def test_nothing_is_lost_or_doubled(database, faults, prepared_data, tmp_path):
    kinds = {kind: kind() for kind in dict.fromkeys(faults)}
    settings = {k: v for one in kinds.values() for k, v in one.settings.items()}

    with arena(database, tmp_path, settings=settings, prepared=prepared_data) as place:
        outcome = play(
            place,
            Plan(
                faults=[kinds[kind] for kind in faults],
                times=len(faults) * ROUNDS,
                events_a_second=100,
                # Others run tests on the same processors, and need an answer.
                least_allowance=6,
            ),
        )

    print(outcome)  # noqa: T201 - the load it reached depends on the machine
    assert outcome.proof.differences == []
    assert outcome.proof.counted["transitions"] > 100
