"""The market, and the people before it."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.alerts.market import Market, open_market
from tests.factories import NOW, MembershipFactory, UserFactory
from workspaces.models import Installation, Role


@pytest.fixture
def market(db: None) -> Market:
    """DEMO:PRICES, in an installation that is set up."""
    Installation.objects.create(pk=1, set_up_at=NOW)
    return open_market()


def signed_in(market: Market, role: Role | None, email: str) -> Client:
    """Return the browser of a person; without a role they are a stranger."""
    user = UserFactory(email=email)
    if role is not None:
        MembershipFactory(workspace=market.workspace, user=user, role=role)
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def owner(market: Market) -> Client:
    """Ana, who owns the workspace."""
    return signed_in(market, Role.OWNER, "ana@example.com")


@pytest.fixture
def viewer(market: Market) -> Client:
    """Vic, who may only look."""
    return signed_in(market, Role.VIEWER, "vic@example.com")


@pytest.fixture
def stranger(market: Market) -> Client:
    """Sam, who belongs elsewhere."""
    return signed_in(market, None, "sam@example.com")
