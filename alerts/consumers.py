"""The live feed over WebSocket: a view on the numbered table (UX.md 2.3).

The socket only carries what the table holds. A client says from which number on it
wants to read; every bell makes the consumer read on from the last number it sent, so
a reconnect has no gap and no double whatever the channel layer lost.
"""

from __future__ import annotations

import uuid
from typing import Any

from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer

from alerts.push import group_of
from alerts.services import FeedPage, read_feed
from config.clock import utc_now
from workspaces.access import Access, Need, find_token, open_for_token, open_for_user
from workspaces.models import User
from workspaces.refusals import Refusal

#: Closing codes of our own: who is not let in, and who sends what we do not read.
FORBIDDEN = 4403
UNREADABLE = 4400


class FeedConsumer(AsyncJsonWebsocketConsumer):
    """Follows one workspace's feed for one browser or program."""

    access: Access | None = None
    last: int | None = None
    epoch: uuid.UUID

    async def connect(self) -> None:
        """Let members in at once; programs send their token in the first frame."""
        await self.accept()
        user = self.scope.get("user")
        if isinstance(user, User):
            await self._enter(self._open_for_user(user))

    async def disconnect(self, code: int) -> None:
        """Follow the feed no more."""
        if self.access is not None:
            await self.channel_layer.group_discard(self._group, self.channel_name)

    async def receive_json(self, content: Any, **_: object) -> None:
        """Answer `resume` and `ping`; anything else closes the socket."""
        kind = content.get("type") if isinstance(content, dict) else None
        if kind == "ping":
            await self.send_json({"type": "pong"})
        elif kind == "resume":
            await self._resume(content)
        else:
            await self.close(code=UNREADABLE)

    async def feed_grown(self, message: dict[str, Any]) -> None:
        """Read on from the last number sent, on the bell of `alerts.push`."""
        if self.last is not None and message["last"] > self.last:
            await self._send_since(self.last)

    async def _resume(self, content: dict[str, Any]) -> None:
        if self.access is None and isinstance(content.get("token"), str):
            await self._enter(self._open_for_token(content["token"]))
        if self.access is None:
            await self.close(code=FORBIDDEN)
            return
        since = content.get("since")
        if since is not None and (not isinstance(since, int) or since < 0):
            await self.close(code=UNREADABLE)
            return
        await self._send_since(since, epoch=str(content.get("epoch") or ""))

    async def _send_since(self, since: int | None, *, epoch: str = "") -> None:
        if self.access is None:
            return
        page = await self._read(since, epoch)
        self.last = page.last
        for frame in page.frames:
            await self.send_json(frame)

    async def _enter(self, opening: Any) -> None:
        try:
            self.access = await opening
        except Refusal:
            await self.close(code=FORBIDDEN)
            return
        await self.channel_layer.group_add(self._group, self.channel_name)

    @property
    def _group(self) -> str:
        if self.access is None:
            raise LookupError("The socket has not entered a workspace.")
        return group_of(workspace_id=self.access.workspace.pk)

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
        if self.access is None:
            raise LookupError("The socket has not entered a workspace.")
        return read_feed(
            workspace_id=self.access.workspace.pk, since=since, epoch=epoch
        )
