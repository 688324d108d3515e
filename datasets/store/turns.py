"""Deciding one after the other about one thing, without holding its rows."""

from django.db import connection

#: Tells our locks from those of others in the database; random, fixed for ever.
_OURS = 0x5B17
_NUMBERS = 2**31


def wait_for_turn(subject: int) -> None:
    """Let one transaction at a time go on about a subject; kept until its end.

    Not a row's lock: drains hold rows of rules while they count, and would wait for
    each other in a ring. Take it before any row is touched. On SQLite there is one
    writer anyway.
    """
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, %s)", [_OURS, subject % _NUMBERS]
        )
