"""Where a write transaction begins, on both databases, and who lets go of one."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from django.db import OperationalError, connection, transaction

#: What PostgreSQL says once `lock_timeout` is over, in whatever language; its driver is
#: loaded by whoever uses it.
_LOCK_NOT_AVAILABLE = "55P03"
#: Rows whose indexes are more than SQLite keeps at hand: it would write the same pages
#: again and again, while everybody waits.
MANY_ROWS = 5_000
#: What a transaction of many rows keeps at hand, in KB; within what all keep together.
_ROOM = 24_000


def writing(*, rows: int = 0) -> AbstractContextManager[None]:
    """Open a transaction for writing; hold it for writing only.

    On SQLite this waits in the fair line and runs BEGIN IMMEDIATE (the backend in
    `datasets.store.sqlite` does both); on PostgreSQL it is an ordinary transaction.
    `rows` is about how many rows of a table will be stored, where they may be many.
    """
    if rows > MANY_ROWS and connection.vendor == "sqlite":
        return _writing_much()
    return transaction.atomic()


@contextmanager
def _writing_much() -> Iterator[None]:
    """Open a transaction whose pages stay at hand, and let go of them after it."""
    with connection.cursor() as cursor:
        (usual,) = cursor.execute("PRAGMA cache_size").fetchone()
        cursor.execute(f"PRAGMA cache_size = -{_ROOM}")
        try:
            with transaction.atomic():
                yield
        finally:
            cursor.execute(f"PRAGMA cache_size = {usual}")
            cursor.execute("PRAGMA shrink_memory")


def is_lock_timeout(error: OperationalError) -> bool:
    """Say whether PostgreSQL gave up waiting for what another transaction holds."""
    return getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def release_connection() -> None:
    """Let others have the thread's connection while it waits for somebody outside.

    There are fewer of them to PostgreSQL than threads that wait; SQLite's are files.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()
