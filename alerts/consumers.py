"""The live feed over WebSocket: a view on the numbered table.

The socket only carries what the table holds. A client says from which number on it
wants to read; every bell makes the consumer read on from the last number it sent, so
a reconnect has no gap and no double whatever the channel layer lost.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Sequence
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.db import DatabaseError

from alerts.push import group_of, join_group, leave_group
from alerts.services import FeedPage, read_feed
from alerts.shared_feed import shared_feed
from config.celery import is_broker_away
from config.clock import utc_now
from config.metrics import SOCKETS
from workspaces.access import Access, Need, find_token, open_for_token, open_for_user
from workspaces.models import User
from workspaces.refusals import Refusal

logger = logging.getLogger(__name__)

#: Closing codes of our own: too old, sends what we do not read, not let in.
OLD = 4000
UNREADABLE = 4400
FORBIDDEN = 4403


class FeedConsumer(AsyncJsonWebsocketConsumer):
    """Follows one workspace's feed for one browser or program.

    From the client: `{"type": "resume", "since": n, "epoch": e}`, from programs with
    their `token`, and `{"type": "ping"}`. To the client: `resumed`, `reset`, `gap`,
    `alert.changed`, `feed.note`, `pong` and `heartbeat`.
    """

    #: Programs send their first frame this soon; the feed shows life this often.
    enter_seconds = 10.0
    beat_seconds = 20.0
    #: While Redis is away no bell rings, and the feed is looked at this often.
    look_seconds = 4.0
    #: A group forgets its members after a day, so sockets are renewed before.
    oldest_seconds = 12 * 3600.0

    access: Access | None = None
    last: int | None = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve the socket, and let its pulse end with it however it ends."""
        self._reading = asyncio.Lock()
        self._entered = asyncio.Event()
        pulse = asyncio.create_task(self._beat())
        try:
            with SOCKETS.labels("feed").track_inprogress():
                await super().__call__(scope, receive, send)
        finally:
            pulse.cancel()

    async def connect(self) -> None:
        """Let members in at once; programs send their token in the first frame."""
        await self.accept()
        user: object = self.scope.get("user")
        if isinstance(user, User):
            await self._enter(self._open_for_user(user))

    async def disconnect(self, code: int) -> None:
        """Follow the feed no more."""
        if self.access is not None:
            await leave_group(self.channel_layer, self._group, self.channel_name)

    async def receive_json(self, content: Any, **_: object) -> None:
        """Answer `resume` and `ping`; anything else closes the socket."""
        kind = content.get("type") if isinstance(content, dict) else None
        if kind == "ping":
            await self.send_json({"type": "pong"})
        elif kind == "resume":
            await self._resume(content)
        else:
            await self.close(code=UNREADABLE)

    async def receive(
        self, text_data: str | None = None, bytes_data: bytes | None = None, **_: Any
    ) -> None:
        """Read a frame; what is no JSON text is as unreadable as an unknown type."""
        try:
            content = json.loads(text_data or "")
        except (ValueError, RecursionError):
            content = None
        await self.receive_json(content)

    async def feed_grown(self, message: dict[str, Any]) -> None:
        """Send what the bell of `alerts.push` brings, or read on from the last sent."""
        last, texts = message["last"], message.get("texts", ())
        async with self._reading:
            if self.last is not None and self.last == last - len(texts):
                await self._send_on(texts, last)
        if self.last is not None and last > self.last:
            await self._read_on(to=last)

    async def _beat(self) -> None:
        """Show life, heal what a lost bell left, and end what is too old.

        1. Whoever does not say in time who they are is not let in.
        2. Each beat reads on, so a bell that got lost delays nobody for longer, and
           joins the group again, which a Redis that was emptied has forgotten.
        3. While Redis is away, and once it is back, the feed is looked at more often.
        4. Past its age the socket closes, and the client comes back by number.
        """
        try:
            await asyncio.wait_for(self._entered.wait(), self.enter_seconds)
        except TimeoutError:
            await self.close(code=FORBIDDEN)
            return
        now = asyncio.get_running_loop().time
        ends_at, beats_at = now() + self.oldest_seconds, now() + self.beat_seconds
        was_away = is_broker_away()  # since the socket came, and could not join
        while now() < ends_at:
            await asyncio.sleep(min(self.look_seconds, self.beat_seconds))
            is_away, is_beat = is_broker_away(), now() >= beats_at
            if is_away or was_away or is_beat:
                await self._look()
            if is_beat:
                beats_at = now() + self.beat_seconds
                if self.last is not None:
                    await self.send_json({"type": "heartbeat", "head": self.last})
            was_away = is_away
        await self.close(code=OLD)

    async def _look(self) -> None:
        """Join the group again, and read what its bells may not have told."""
        await join_group(self.channel_layer, self._group, self.channel_name)
        try:
            await self._read_on()
        except DatabaseError:
            logger.warning("feed not read, the next beat tries again")

    async def _resume(self, content: dict[str, Any]) -> None:
        if self.access is None and isinstance(content.get("token"), str):
            await self._enter(self._open_for_token(content["token"]))
        elif self.access is None:
            await self.close(code=FORBIDDEN)
        if self.access is None:
            return
        since = content.get("since")
        if since is not None and (type(since) is not int or since < 0):
            await self.close(code=UNREADABLE)
            return
        async with self._reading:
            await self._send_page(since, epoch=str(content.get("epoch") or ""))

    async def _read_on(self, *, to: int = 0) -> None:
        """Send what is new since the last number sent; nothing before a `resume`."""
        async with self._reading:
            if self.last is None or 0 < to <= self.last:
                return
            page = await shared_feed().read(self._workspace_id, since=self.last, to=to)
            await self._send_on(page.texts, page.last)

    async def _send_on(self, texts: Sequence[str], last: int) -> None:
        """Send entries that follow on the last number sent."""
        for text in texts:
            await self.send(text_data=text)
        self.last = last

    async def _send_page(self, since: int | None, *, epoch: str) -> None:
        page = await self._read(since, epoch)
        for frame in page.frames:
            await self.send_json(frame)
        self.last = page.last

    async def _enter(self, opening: Any) -> None:
        try:
            self.access = await opening
        except Refusal:
            await self.close(code=FORBIDDEN)
            return
        await join_group(self.channel_layer, self._group, self.channel_name)
        self._entered.set()

    @property
    def _workspace_id(self) -> int:
        if self.access is None:
            raise LookupError("The socket has not entered a workspace.")
        return self.access.workspace.pk

    @property
    def _group(self) -> str:
        return group_of(workspace_id=self._workspace_id)

    @property
    def _slug(self) -> str:
        return str(self.scope["url_route"]["kwargs"]["workspace"])

    @database_sync_to_async
    def _open_for_user(self, user: User) -> Access:
        return open_for_user(user=user, slug=self._slug, need=Need.READ)

    @database_sync_to_async
    def _open_for_token(self, text: str) -> Access:
        token = find_token(text=text, now=utc_now())
        return open_for_token(token=token, slug=self._slug, need=Need.READ)

    @database_sync_to_async
    def _read(self, since: int | None, epoch: str) -> FeedPage:
        return read_feed(workspace_id=self._workspace_id, since=since, epoch=epoch)
