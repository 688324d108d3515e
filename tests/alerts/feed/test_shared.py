"""Sockets that read the feed together."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import Any

import pytest
from channels.testing import WebsocketCommunicator
from django.db import DatabaseError

from alerts import shared_feed
from alerts.services import FeedPage, entering, read_feed
from alerts.shared_feed import SharedFeed
from config.asgi import application
from tests.alerts.feed.sockets import (
    fire,
    keys_of,
    resume,
    socket,
    watch,
)
from tests.alerts.market import Market
from workspaces.models import User

pytestmark = pytest.mark.django_db  # a socket looks after its thread's connection


@pytest.fixture(autouse=True)
def slowly_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep pages for longer than a busy machine takes for a test."""
    monkeypatch.setattr(shared_feed, "KEPT_SECONDS", 600.0)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """After which numbers the feed was read for sockets that read on."""
    asked: list[object] = []

    def reading(**place: Any) -> FeedPage:
        asked.append(place["since"])
        return read_feed(**place)

    monkeypatch.setattr(shared_feed, "read_feed", reading)
    return asked


async def test_few_news_come_with_the_bell_and_are_not_read(
    market: Market, ana: User, bells: None, asked: list[object]
) -> None:
    await watch(market)
    async with socket(ana) as one, socket(ana) as other:
        for each in (one, other):
            await resume(each, 0)
        for key in ("A", "B"):
            await fire(market, key)
        told = [[await each.receive_json_from() for _ in "AB"] for each in (one, other)]
        stored = await shared_feed.shared_feed().read(
            market.workspace.pk, since=0, to=2
        )

    assert asked == [0]  # here, by this test itself
    assert told == [[json.loads(text) for text in stored.texts]] * 2


async def test_sockets_that_know_the_same_share_what_they_read(
    market: Market,
    ana: User,
    bells: None,
    asked: list[object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(entering, "FEW", 0)
    await watch(market)
    async with AsyncExitStack() as stack:
        sockets = [await stack.enter_async_context(socket(ana)) for _ in range(5)]
        for one in sockets:
            await resume(one, 0)
        for key in ("A", "B"):
            await fire(market, key)
            assert [await keys_of(one, 1) for one in sockets] == [[key]] * 5

    assert asked == [0, 1]


async def test_page_that_was_shared_too_early_is_read_anew(market: Market) -> None:
    await watch(market)
    shared = SharedFeed()
    workspace = market.workspace.pk

    early = await shared.read(workspace, since=0, to=0)
    await fire(market, "A")
    kept = await shared.read(workspace, since=0, to=0)
    later = await shared.read(workspace, since=0, to=1)

    assert (early.last, kept, later.last) == (0, early, 1)
    assert json.loads(later.texts[0])["alert"]["key"] == "A"


async def test_failed_page_is_not_kept(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = SharedFeed()

    def failing(**_: object) -> FeedPage:
        raise DatabaseError("away")

    with monkeypatch.context() as patched:
        patched.setattr(shared_feed, "read_feed", failing)
        with pytest.raises(DatabaseError):
            await shared.read(market.workspace.pk, since=0, to=1)
    await asyncio.sleep(0)  # let the loop forget it

    page = await shared.read(market.workspace.pk, since=0, to=1)

    assert page.last == 0


async def test_address_that_nobody_has_is_refused() -> None:
    headers = [(b"host", b"localhost")]
    one = WebsocketCommunicator(application, "/ws/v1/nowhere", headers=headers)

    connected, _ = await one.connect()

    assert not connected
