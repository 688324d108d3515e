"""Pages of any size, forwards and back, show every row of a list once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.http import QueryDict
from hypothesis import given, settings
from hypothesis import strategies as st

from datasets.models import Record
from datasets.store.records import RecordRow, insert_records
from tests.factories import NOW
from workspaces.api.paging import Page, page_of
from workspaces.api.parameters import Parameters

ORDER = ("-event_time", "-batch_id", "-ord")


def turn(cursor: str | None, limit: int) -> Page[Record]:
    query = QueryDict(mutable=True)
    query.update({"limit": str(limit), "cursor": cursor or ""})
    return page_of(Record.objects.all(), parameters=Parameters(query), order=ORDER)


def places(page: Page[Record]) -> list[tuple[int, int]]:
    return [(row.batch_id, row.ord) for row in page.rows]


@pytest.mark.django_db
@settings(max_examples=25)
@given(
    minutes=st.lists(st.integers(0, 3), min_size=1, max_size=12),
    limit=st.integers(1, 5),
)
def test_pages_hold_the_whole_list_in_order(minutes: list[int], limit: int) -> None:
    store(minutes)
    everything = places(turn(None, 1_000))

    pages = [turn(None, limit)]
    while pages[-1].next:
        pages.append(turn(pages[-1].next, limit))
    back = [pages[-1]]
    while back[-1].previous:
        back.append(turn(back[-1].previous, limit))

    assert [place for page in pages for place in places(page)] == everything
    assert [place for page in back[::-1] for place in places(page)] == everything
    assert back[-1].previous is None
    assert pages[0].previous is None


def store(minutes: list[int]) -> None:
    """Replace all records by some at these times, three to a batch."""
    Record.objects.all().delete()
    insert_records(
        RecordRow(
            batch_id=place // 3 + 1,
            ord=place % 3,
            dataset_id=1,
            key="A",
            subkey="",
            event_time=NOW + timedelta(minutes=minute),
            body="{}",
            is_current=True,
        )
        for place, minute in enumerate(minutes)
    )


@pytest.mark.django_db
def test_empty_list_is_one_empty_page() -> None:
    assert turn(None, 5) == Page(rows=[], next=None, previous=None)
