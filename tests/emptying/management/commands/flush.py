"""Empty the few tables that a test has filled, instead of all that there are."""

from __future__ import annotations

from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management.commands import flush
from django.db import connections, transaction


class Command(flush.Command):
    """Django's own truncates every table and makes all permissions anew.

    After a test that commits, that took longer than most such tests. What migrating
    fills again each time, the permissions, stays here as it is.
    """

    def handle(self, **options: Any) -> None:  # Any: as Django calls it
        """Delete what is in the database, in one transaction."""
        using = options["database"]
        connection = connections[using]
        with transaction.atomic(using=using), connection.cursor() as cursor:
            cursor.execute(_whatever_is_filled())
            for (table,) in cursor.fetchall():
                # Django's foreign keys are looked at when the transaction ends.
                cursor.execute(f'DELETE FROM "{table}"')


@cache
def _whatever_is_filled() -> str:
    stays = {ContentType._meta.db_table, Permission._meta.db_table}
    models = apps.get_models(include_auto_created=True)
    tables = {model._meta.db_table for model in models if model._meta.managed}
    return " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")"
        for table in sorted(tables - stays)
    )
