"""Where a write transaction begins, on both databases, and who lets go of one."""

from django.db import OperationalError, connection, transaction

#: What PostgreSQL says once `lock_timeout` is over, in whatever language; its driver is
#: loaded by whoever uses it.
_LOCK_NOT_AVAILABLE = "55P03"


def writing() -> transaction.Atomic:
    """Open a transaction for writing; hold it for writing only.

    On SQLite this waits in the fair line and runs BEGIN IMMEDIATE (the backend in
    `datasets.store.sqlite` does both); on PostgreSQL it is an ordinary transaction.
    """
    return transaction.atomic()


def is_lock_timeout(error: OperationalError) -> bool:
    """Say whether PostgreSQL gave up waiting for what another transaction holds."""
    return getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE


def release_connection() -> None:
    """Let others have the thread's connection while it waits for somebody outside.

    There are fewer of them to PostgreSQL than threads that wait; SQLite's are files.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()
