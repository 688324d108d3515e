"""The smallest valid rows; whatever a test depends on is written in the test."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import factory
from factory.django import DjangoModelFactory

from datasets.models import Dataset, Lane
from workspaces.models import Membership, Role, Token, TokenKind, User, Workspace
from workspaces.tokens import digest_of, hint_of, new_token_text

Row = TypeVar("Row")

NOW = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)


class RowFactory(DjangoModelFactory[Row]):
    """Calling a factory makes a row, which the library's types do not say."""

    if TYPE_CHECKING:

        def __new__(cls, **fields: Any) -> Row: ...  # type: ignore[misc] # a row, no factory


class UserFactory(RowFactory[User]):
    class Meta:
        model = User

    email = factory.Sequence(lambda number: f"person{number}@example.com")


class WorkspaceFactory(RowFactory[Workspace]):
    class Meta:
        model = Workspace

    slug = factory.Sequence(lambda number: f"WS{number}")
    created_at = NOW


class MembershipFactory(RowFactory[Membership]):
    class Meta:
        model = Membership

    workspace = factory.SubFactory(WorkspaceFactory)
    user = factory.SubFactory(UserFactory)
    role = Role.OWNER
    created_at = NOW


class TokenFactory(RowFactory[Token]):
    """Its text is on the instance, as on no token that comes from the database."""

    class Meta:
        model = Token
        exclude = ("text",)

    workspace = factory.SubFactory(WorkspaceFactory)
    kind = TokenKind.SECRET
    text = factory.LazyAttribute(lambda token: new_token_text(token.kind))
    digest = factory.LazyAttribute(lambda token: digest_of(token.text))
    hint = factory.LazyAttribute(lambda token: hint_of(token.text))
    created_at = NOW
    expires_at = datetime(2036, 1, 1, tzinfo=UTC)

    @classmethod
    def with_text(cls, **fields: Any) -> tuple[Token, str]:
        """Return a stored token and its text."""
        text = new_token_text(TokenKind(fields.get("kind", TokenKind.SECRET)))
        return cls(text=text, **fields), text


class DatasetFactory(RowFactory[Dataset]):
    """Prices by symbol, without a date column."""

    class Meta:
        model = Dataset
        skip_postgeneration_save = True

    workspace = factory.SubFactory(WorkspaceFactory)
    slug = factory.Sequence(lambda number: f"PRICES{number}")
    schema = factory.LazyFunction(
        lambda: {
            "type": "object",
            "properties": {
                "symbol": {"type": "string"},
                "price": {"type": ["number", "null"]},
                "open": {"type": ["number", "null"]},
                "volume": {"type": ["integer", "null"]},
                "halted": {"type": ["boolean", "null"]},
                "venue": {"type": ["string", "null"]},
            },
            "required": ["symbol"],
        }
    )
    key_field = "symbol"
    created_at = NOW
    updated_at = NOW

    lane = factory.RelatedFactory(
        "tests.factories.LaneFactory", factory_related_name="dataset"
    )


class LaneFactory(RowFactory[Lane]):
    class Meta:
        model = Lane

    dataset = factory.SubFactory(DatasetFactory, lane=None)
    epoch = factory.LazyFunction(uuid.uuid4)
