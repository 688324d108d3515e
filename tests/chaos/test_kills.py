"""Five kills under load on either database; more with BELLWETHER_CHAOS_KILLS."""

import os

from tests.chaos.trial import Plan, play

KILLS = int(os.environ.get("BELLWETHER_CHAOS_KILLS", "5"))


def test_nothing_is_lost_or_doubled_on_sqlite(embedded):
    outcome = play(embedded, Plan(victims=["bellwether"], times=KILLS))

    print(outcome)  # noqa: T201 - the load it reached depends on the machine
    assert outcome.proof.differences == []
    assert outcome.proof.counted["transitions"] > 100


def test_nothing_is_lost_or_doubled_on_postgresql(full):
    victims = ["web", "drain.0", "drain.1", "upkeep", "runner", "calls", "beat"]

    outcome = play(full, Plan(victims=victims, times=max(KILLS, len(victims))))

    print(outcome)  # noqa: T201 - the load it reached depends on the machine
    assert outcome.proof.differences == []
    assert outcome.proof.counted["transitions"] > 100
