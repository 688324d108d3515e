"""What the program asks of the PostgreSQL that it is given."""

import pytest
from django.db import connection

#: The promise of docs/scaling.md.
MOST_SECONDS = 60


@pytest.mark.django_db
@pytest.mark.skipif(
    connection.vendor != "postgresql", reason="SQLite and we are on one host"
)
def test_postgresql_soon_asks_whether_a_silent_host_is_still_there():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, setting::integer FROM pg_settings WHERE name LIKE 'tcp%'"
        )
        asks = dict(cursor.fetchall())

    tries = asks["tcp_keepalives_interval"] * asks["tcp_keepalives_count"]
    assert 0 < asks["tcp_keepalives_idle"] + tries <= MOST_SECONDS
    assert 0 < asks["tcp_user_timeout"] <= MOST_SECONDS * 1_000
