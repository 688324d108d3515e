"""JSON columns: numbers come back with their digits, or members in their order."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression
from django.db.models.sql.compiler import SQLCompiler

from datasets.json import decode_trusted, encode


class ExactJSONField(models.JSONField):
    """Store exact JSON: `json` on PostgreSQL, checked text on SQLite.

    Django's own field would turn 0.1 into a float on its way out, and `jsonb` forgets
    the order of members, in which receivers find the first fact of a condition. Such
    a column is read whole; nothing is looked up inside it.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the column's type: the text of the JSON, kept as it is."""
        if connection.vendor == "postgresql":
            return "json"
        return super().db_type(connection)

    def select_format(
        self, compiler: SQLCompiler, sql: str, params: Any
    ) -> tuple[str, Any]:  # Any: as Django's
        """Ask PostgreSQL for the text; psycopg would decode `json` with floats."""
        if compiler.connection.vendor == "postgresql":
            return f"({sql})::text", params
        return sql, params

    def from_db_value(
        self,
        value: str | None,
        expression: Expression,
        connection: BaseDatabaseWrapper,
    ) -> object:
        """Decode what the database returns; both databases return text."""
        return None if value is None else decode_trusted(value)

    def get_db_prep_value(
        self,
        value: object,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,  # noqa: FBT001, FBT002 - Django's own signature
    ) -> object:
        """Encode with our own encoder; the text is cast by the column's type."""
        if value is None or hasattr(value, "as_sql"):
            return value
        return encode(value).decode()
