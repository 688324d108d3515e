"""Many requests that wait for their batches' judgement, looked up together."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from concurrent.futures import Executor

from django.db import DatabaseError, close_old_connections

from datasets.models import BatchState
from datasets.services import judged_among

logger = logging.getLogger(__name__)

_SOONEST_SECONDS = 0.003
_LATEST_SECONDS = 0.05


class Judgements:
    """Asks one question for all that wait, as long as somebody does."""

    def __init__(self, thread: Executor) -> None:
        self._thread = thread
        self._asked: dict[int, asyncio.Future[BatchState]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def state_of(self, batch_id: int, *, patience: float) -> BatchState:
        """Return what became of a batch, or that it is pending when patience ends."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[BatchState] = loop.create_future()
        self._asked[batch_id] = future
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(patience):
                return await future
        except TimeoutError:
            return BatchState.PENDING
        finally:
            self._asked.pop(batch_id, None)

    async def _look(self) -> None:
        loop = asyncio.get_running_loop()
        pause = _SOONEST_SECONDS
        known: set[int] = set()
        while self._asked:
            asked = set(self._asked)
            judged = await loop.run_in_executor(self._thread, _ask, asked)
            for batch_id, state in judged.items():
                future = self._asked.get(batch_id)
                if future is not None and not future.done():
                    future.set_result(state)
            # Whoever is new is looked for soon; who waits long, seldom.
            is_quiet = not judged and asked <= known
            pause = min(pause * 1.5, _LATEST_SECONDS) if is_quiet else _SOONEST_SECONDS
            known = asked
            await asyncio.sleep(pause)


def _ask(batch_ids: Collection[int]) -> dict[int, BatchState]:
    close_old_connections()
    try:
        return judged_among(batch_ids)
    except DatabaseError:
        logger.warning("judgements not read, asked again", exc_info=True)
        return {}
