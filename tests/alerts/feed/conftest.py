"""People before the live feed, and the bells that ring for them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from alerts.push import use_loop
from tests.alerts.market import Market, open_market
from tests.factories import MembershipFactory, UserFactory
from workspaces.models import User


@pytest.fixture
def market(transactional_db: None) -> Market:
    """DEMO:PRICES, committed, because the socket reads in a thread of its own."""
    return open_market()


@pytest.fixture
def ana(market: Market) -> User:
    """A member of DEMO."""
    user = UserFactory(email="ana@example.com")
    MembershipFactory(user=user, workspace=market.workspace)
    return user


@pytest.fixture
async def bells() -> AsyncIterator[None]:
    """Let bells ring in this loop, as `up` does; without it every bell is lost."""
    use_loop(asyncio.get_running_loop())
    yield
    use_loop(None)
