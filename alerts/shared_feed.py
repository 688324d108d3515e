"""What many sockets of one process read of a feed: read once, written once.

A bell wakes every socket of a workspace in the same moment, and nearly all have sent
the same entries before. Each reading for itself would ask the database a thousand
times for one page.
"""

from __future__ import annotations

import asyncio
import json
from asyncio import AbstractEventLoop, Task
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from channels.db import database_sync_to_async

from alerts.services import read_feed

#: How long a page is kept for those who are a little later.
KEPT_SECONDS = 1.0

#: A workspace, and the number up to which its reader knows the feed.
_Place = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedPage:
    """Frames as they are sent, and the number up to which they tell the feed."""

    texts: Sequence[str]
    last: int


def shared_feed() -> SharedFeed:
    """Return what the sockets of the running event loop share."""
    return _feeds.setdefault(asyncio.get_running_loop(), SharedFeed())


class SharedFeed:
    """Pages of feeds, shared by the sockets of one event loop."""

    def __init__(self) -> None:
        self._pages: dict[_Place, Task[SharedPage]] = {}

    async def read(self, workspace_id: int, *, since: int, to: int) -> SharedPage:
        """Return what follows `since`, up to `to` at least if the feed goes so far.

        Raises:
            DatabaseError: if it cannot be read; the next call reads anew.
        """
        place = (workspace_id, since)
        known = self._pages.get(place)
        if known is not None:
            page = await asyncio.shield(known)
            if page.last >= to:
                return page
        return await asyncio.shield(self._begin(place, instead_of=known))

    def _begin(
        self, place: _Place, *, instead_of: Task[SharedPage] | None
    ) -> Task[SharedPage]:
        """Begin to read a page, unless somebody has begun since one was found old."""
        page = self._pages.get(place)
        if page is None or page is instead_of:
            page = self._pages[place] = asyncio.create_task(_read(*place))
            page.add_done_callback(lambda done: self._keep(place, done))
        return page

    def _keep(self, place: _Place, page: Task[SharedPage]) -> None:
        """Keep a page for a moment; one that failed is forgotten at once."""
        failed = page.cancelled() or page.exception() is not None
        delay = 0.0 if failed else KEPT_SECONDS
        page.get_loop().call_later(delay, self._forget, place, page)

    def _forget(self, place: _Place, page: Task[SharedPage]) -> None:
        if self._pages.get(place) is page:
            del self._pages[place]


_feeds: WeakKeyDictionary[AbstractEventLoop, SharedFeed] = WeakKeyDictionary()


@database_sync_to_async
def _read(workspace_id: int, since: int) -> SharedPage:
    page = read_feed(workspace_id=workspace_id, since=since)
    return SharedPage(
        texts=[json.dumps(frame) for frame in page.frames], last=page.last
    )
