"""What the program asks of the PostgreSQL that it is given."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection

from alerts.models import Delivery, FeedEntry
from alerts.up.web import limit_statements
from datasets.models import Batch

#: The promise of docs/scaling.md.
MOST_SECONDS = 60
WAITS = ("statement", "lock")

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="these are settings of PostgreSQL"
    ),
]


def test_postgresql_soon_asks_whether_a_silent_host_is_still_there():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting::integer FROM pg_settings WHERE name LIKE 'tcp%'"
        )
        asks = dict(cursor.fetchall())

    tries = asks["tcp_keepalives_interval"] * asks["tcp_keepalives_count"]
    assert 0 < asks["tcp_keepalives_idle"] + tries <= MOST_SECONDS
    assert 0 < asks["tcp_user_timeout"] <= MOST_SECONDS * 1_000


@pytest.mark.parametrize("queue", [Batch, Delivery, FeedEntry])
def test_queues_are_vacuumed_after_so_many_rows_however_large_they_are(queue):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT unnest(reloptions) FROM pg_class WHERE oid = %s::regclass",
            [queue._meta.db_table],
        )
        options = {option for (option,) in cursor.fetchall()}

    assert {
        "autovacuum_vacuum_scale_factor=0",
        "autovacuum_vacuum_threshold=5000",
    } <= options


def test_statements_that_people_wait_for_end_sooner(monkeypatch):
    options = connection.settings_dict["OPTIONS"]
    monkeypatch.setitem(options, "options", options["options"])

    limit_statements(timedelta(seconds=5))

    with psycopg.connect(**connection.get_connection_params()) as web:
        limits = [web.execute(f"SHOW {of}_timeout").fetchone() for of in WAITS]
    assert limits == [("5s",), ("2s",)]
