"""Openings that many requests share, each looked up once for a moment."""

from __future__ import annotations

import asyncio
from concurrent.futures import Executor
from time import monotonic

from django.db import close_old_connections

from datasets.api.calls import Call
from datasets.services import HOLDS_SECONDS, Opening, open_for_ingest

_MOST = 4_096
_Name = tuple[str, str, str]


class Openings:
    """Keeps what was opened for a quarter of a second; who comes meanwhile shares it.

    A refusal is not kept: whoever is refused takes the long way, where it is told.
    """

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        self._kept: dict[_Name, tuple[float, asyncio.Future[Opening]]] = {}

    async def get(self, call: Call) -> Opening:
        """Return the opening of a call's dataset.

        Raises:
            Refusal, DatabaseError: as `open_for_ingest` does.
        """
        name = (call.token, call.workspace, call.dataset)
        until, opening = self._kept.get(name, (0.0, None))
        if opening is None or until < monotonic():
            loop = asyncio.get_running_loop()
            opening = loop.run_in_executor(self._thread, _open, *name)
            self._keep(name, opening)
        try:
            # A caller who goes away takes nothing from the others.
            return await asyncio.shield(opening)
        except Exception:
            self._kept.pop(name, None)
            raise

    def _keep(self, name: _Name, opening: asyncio.Future[Opening]) -> None:
        now = monotonic()
        if len(self._kept) >= _MOST:
            self._kept = {
                one: kept for one, kept in self._kept.items() if kept[0] > now
            }
        if len(self._kept) < _MOST:
            self._kept[name] = (now + HOLDS_SECONDS, opening)


def _open(token: str, workspace: str, dataset: str) -> Opening:
    close_old_connections()
    return open_for_ingest(token=token, workspace=workspace, dataset=dataset)
