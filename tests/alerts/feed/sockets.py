"""The live feed's sockets in tests: opened, read, and what rings for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import re_path

from alerts.consumers import FeedConsumer
from alerts.models import EntryKind, FeedEntry, FeedHead
from alerts.push import group_of
from alerts.services import number_entries
from tests.alerts.market import Market
from tests.factories import NOW
from workspaces.models import User

Frame = dict[str, Any]


class HastyConsumer(FeedConsumer):
    """Waits for nobody to say who they are."""

    enter_seconds = 0.05


class BeatingConsumer(FeedConsumer):
    """Beats often, so that tests need not wait."""

    beat_seconds = 0.05


class OldConsumer(BeatingConsumer):
    """Is too old from the first."""

    oldest_seconds = 0.0


def router(consumer: type[FeedConsumer]) -> URLRouter:
    """Serve one kind of consumer where the program serves its own."""
    view: Any = consumer.as_asgi()
    return URLRouter([re_path(r"^ws/v1/(?P<workspace>\w+)/feed$", view)])


@asynccontextmanager
async def socket(
    user: User | None = None,
    *,
    app: Any = None,
    slug: str = "DEMO",
    headers: tuple[tuple[bytes, bytes], ...] = (),
) -> AsyncIterator[WebsocketCommunicator]:
    """Open a socket as a person who is signed in, or as a program."""
    app = app or router(FeedConsumer)
    one = WebsocketCommunicator(app, f"/ws/v1/{slug}/feed", headers=[*headers])
    # What the session middleware would put there.
    one.scope["user"] = user  # type: ignore[typeddict-unknown-key]
    connected, _ = await one.connect()
    assert connected
    try:
        yield one
    finally:
        await one.disconnect()


@sync_to_async
def watch(market: Market) -> None:
    """Make a rule that any cheap price fires."""
    market.watch()


@sync_to_async
def fire(market: Market, *keys: str) -> None:
    """Raise an alert for each key; its entries are numbered and announced."""
    for key in keys:
        market.alert(key)


@sync_to_async
def fill(market: Market, number: int) -> None:
    """Put entries into the feed that tell of no alert."""
    note = {"records": 1, "alerts": 0, "rules": 0, "dataset": "PRICES"}
    FeedEntry.objects.bulk_create(
        FeedEntry(
            workspace=market.workspace, kind=EntryKind.IMPORTED, details=note, at=NOW
        )
        for _ in range(number)
    )
    number_entries(workspace_id=market.workspace.pk)


@sync_to_async
def head_of_feed(market: Market) -> FeedHead:
    """Return how far the feed has come."""
    return FeedHead.objects.get(workspace=market.workspace)


async def ring(market: Market, last: int) -> None:
    """Ring the bell, as `alerts.push` does from a worker."""
    layer = get_channel_layer()
    assert layer is not None
    await layer.group_send(
        group_of(workspace_id=market.workspace.pk), {"type": "feed.grown", "last": last}
    )


async def resume(
    one: WebsocketCommunicator, since: int | None, epoch: str = "", **more: object
) -> Frame:
    """Say how far this client has read, and return the first answer."""
    await one.send_json_to({"type": "resume", "since": since, "epoch": epoch, **more})
    answer: Frame = await one.receive_json_from()
    return answer


async def closing_of(one: WebsocketCommunicator) -> int:
    """Return the code with which the server closes."""
    output = await one.receive_output()
    assert output["type"] == "websocket.close"
    return int(output["code"])


async def keys_of(one: WebsocketCommunicator, number: int) -> list[str]:
    """Return the keys of the next frames, having seen that they follow each other."""
    frames = [await one.receive_json_from() for _ in range(number)]
    seqs = [frame["seq"] for frame in frames]
    assert seqs == list(range(seqs[0], seqs[0] + number))
    return [frame["alert"]["key"] for frame in frames]
