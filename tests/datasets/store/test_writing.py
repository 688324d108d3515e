"""Transactions of very many rows."""

from __future__ import annotations

from contextlib import suppress

import pytest
from django.db import connection

from datasets.store.writing import MANY_ROWS, writing
from workspaces.models import Workspace

pytestmark = pytest.mark.django_db


class ChangeOfMind(Exception):
    """Ends a transaction."""


def room() -> int:
    """Say how much SQLite keeps at hand, in pages or, below zero, in KB."""
    with connection.cursor() as cursor:
        size: int = cursor.execute("PRAGMA cache_size").fetchone()[0]
    return size


def only_on_sqlite() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has its pages in memory that all share")


def test_many_rows_have_room_until_they_are_stored() -> None:
    only_on_sqlite()
    usual = room()

    with writing(rows=MANY_ROWS + 1):
        during = room()

    assert during < usual < 0
    assert room() == usual


def test_what_was_not_stored_gives_its_room_back() -> None:
    only_on_sqlite()
    usual, before = room(), Workspace.objects.count()

    with suppress(ChangeOfMind), writing(rows=MANY_ROWS + 1):
        Workspace.objects.all().delete()
        raise ChangeOfMind

    assert room() == usual
    assert Workspace.objects.count() == before


def test_few_rows_have_no_more_room_than_others() -> None:
    only_on_sqlite()
    usual = room()

    with writing(rows=MANY_ROWS):
        during = room()

    assert during == usual
