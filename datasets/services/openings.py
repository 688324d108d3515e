"""Who may put records into which dataset, found once for a moment and not per request.

What is found holds for a quarter of a second: so long may a token that was revoked
still write, and a full lane take more. A dataset that changed meanwhile is noticed as
the records are stored (`datasets.services.grouping`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from config.clock import database_now, utc_now
from datasets.models import Dataset, Lane
from datasets.schemas import Checker
from datasets.services.accepting import Ingest, checker_of
from datasets.services.making import find_dataset
from datasets.services.rooms import Rooms, rooms_of
from datasets.services.shards import lanes_of
from workspaces.access import Access, Need, find_token, open_for_token

HOLDS_SECONDS = 0.25


@dataclass(slots=True, kw_only=True)
class Opening:
    """A dataset opened for writing by a token."""

    access: Access
    dataset: Dataset
    #: Its lanes, by shard.
    lanes: Sequence[Lane]
    checker: Checker
    #: How far the database's clock is ahead of this process's.
    ahead: timedelta
    rooms: Rooms
    #: Whether a request can be answered as soon as it is stored.
    is_plain: bool

    def received_at(self) -> datetime:
        """Return the database's time, near enough."""
        return utc_now() + self.ahead


def open_for_ingest(*, token: str, workspace: str, dataset: str) -> Opening:
    """Open a dataset for a token that wants to write.

    Raises:
        TokenUnknown, WorkspaceNotFound, AccessDenied, DatasetNotFound: as the
            services that look them up do.
    """
    access = open_for_token(
        token=find_token(text=token, now=utc_now()), slug=workspace, need=Need.WRITE
    )
    found = find_dataset(access=access, slug=dataset)
    lanes = lanes_of(found)
    now = database_now()
    return Opening(
        access=access,
        dataset=found,
        lanes=lanes,
        checker=checker_of(found),
        ahead=now - utc_now(),
        rooms=rooms_of(lanes, now=now),
        is_plain=not Ingest().refuses_duplicates(found),
    )
