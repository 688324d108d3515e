"""Where a write transaction begins, on both databases, and who lets go of one."""

from django.db import connection, transaction


def writing() -> transaction.Atomic:
    """Open a transaction for writing; hold it for writing only.

    On SQLite this waits in the fair line and runs BEGIN IMMEDIATE (the backend in
    `datasets.store.sqlite` does both); on PostgreSQL it is an ordinary transaction.
    """
    return transaction.atomic()


def release_connection() -> None:
    """Let others have the thread's connection while it waits for somebody outside.

    There are fewer of them to PostgreSQL than threads that wait; SQLite's are files.
    """
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        connection.close()
