"""JSON columns: numbers come back with their digits, or members in their order."""

from decimal import Decimal

import msgspec
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

from datasets.json import encode

# What we stored ourselves was checked on its way in.
_stored = msgspec.json.Decoder(float_hook=Decimal)


class ExactJSONField(models.JSONField):
    """Store exact JSON: `jsonb` on PostgreSQL, checked text on SQLite.

    Django's own field would turn 0.1 into a float on its way out.
    """

    def from_db_value(
        self,
        value: str | None,
        expression: Expression,
        connection: BaseDatabaseWrapper,
    ) -> object:
        """Decode what the database returns; both databases return text."""
        return None if value is None else _stored.decode(value)

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


class OrderedJSONField(ExactJSONField):
    """Store exact JSON whose members keep their order; it cannot be searched.

    `jsonb` sorts the members of an object by length; `json` keeps the text.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str | None:
        """Return the type of the column."""
        if connection.vendor == "postgresql":
            return "json"
        return super().db_type(connection)

    def from_db_value(
        self,
        value: object,
        expression: Expression,
        connection: BaseDatabaseWrapper,
    ) -> object:
        """Decode what the database returns; psycopg has decoded `json` itself."""
        if isinstance(value, str):
            return super().from_db_value(value, expression, connection)
        return value
