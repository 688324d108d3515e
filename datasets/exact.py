"""A JSON column whose numbers come back with the digits they were sent with."""

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
