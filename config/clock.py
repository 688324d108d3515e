"""The two clocks: the process's, for the edges, and the database's, for leases."""

from datetime import UTC, datetime

from django.db import connection


def utc_now() -> datetime:
    """Return the process's time; only edges call this and hand it down as `now`."""
    return datetime.now(UTC)


def database_now() -> datetime:
    """Return the database's time, which decides leases, slots and times of receipt.

    Clocks of hosts differ; all of them ask the same PostgreSQL. An SQLite file is
    used by one host only, whose own clock it is.
    """
    if connection.vendor != "postgresql":
        return utc_now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (now,) = cursor.fetchone()
    there: datetime = now
    return there.astimezone(UTC)
