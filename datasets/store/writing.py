"""Where a write transaction begins, on both databases."""

from django.db import transaction


def writing() -> transaction.Atomic:
    """Open a transaction for writing; hold it for writing only.

    On SQLite this waits in the fair line and runs BEGIN IMMEDIATE (the backend in
    `datasets.store.sqlite` does both); on PostgreSQL it is an ordinary transaction.
    """
    return transaction.atomic()
