"""The past of a source is judged once it is whole, or after a while."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from alerts.sweeping import PAST_OVERDUE, sweep_lanes
from config.celery import Task
from datasets.connectors import registry
from datasets.models import Dataset, Source
from datasets.schedules import Every
from datasets.services import create_source, fetch_source
from datasets.services.pasts import begin_past
from tests.datasets.pasts import Chronicle, Clock, Killed
from tests.factories import NOW
from tests.story.lane import messages_of, price, send, states
from workspaces.access import Access

SECOND = timedelta(seconds=1)


@pytest.fixture
def source(access: Access, prices: Dataset, monkeypatch: pytest.MonkeyPatch) -> Source:
    monkeypatch.setitem(registry._registry._connectors, Chronicle.kind, Chronicle())
    source = create_source(
        access=access,
        dataset=prices,
        name="Exchange",
        kind=Chronicle.kind,
        config={},
        schedule=Every(60 * SECOND),
        now=NOW,
    )
    begin_past(source=source, now=NOW)
    return source


def write_until(source: Source, *, look: int, then: Callable[[], None]) -> None:
    """Write the past until the clock is looked at so often."""
    clock = Clock()
    clock.at_look[look] = then
    fetch_source(source_id=source.pk, clock=clock)


def die() -> None:
    raise Killed


@pytest.mark.django_db(transaction=True)
def test_bell_rings_when_the_past_is_whole(source: Source, prices: Dataset) -> None:
    with messages_of(Task.DRAIN) as rung:
        seen = []
        write_until(
            source, look=4, then=lambda: seen.append((len(states(prices)), len(rung)))
        )

        assert (seen, len(rung)) == ([(1, 0)], 1)


@pytest.mark.django_db
def test_sweep_comes_for_a_past_that_is_not_whole_in_time(
    source: Source, prices: Dataset
) -> None:
    with pytest.raises(Killed):
        write_until(source, look=4, then=die)

    sweep_lanes(now=NOW + PAST_OVERDUE)
    assert states(prices) == [("pending", None)]

    sweep_lanes(now=NOW + PAST_OVERDUE + SECOND)
    assert states(prices) == [("judged", 1)]


@pytest.mark.django_db
def test_what_happens_meanwhile_is_not_kept_waiting(
    source: Source, prices: Dataset
) -> None:
    with pytest.raises(Killed):
        write_until(source, look=4, then=die)
    send(prices, price(300))

    sweep_lanes(now=NOW + 2 * SECOND)

    assert states(prices) == [("judged", 1), ("judged", 2)]
