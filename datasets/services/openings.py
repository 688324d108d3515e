"""Who may put records into which dataset, found once for a moment and not per request.

What is found holds for a quarter of a second: so long may a token that was revoked
still write, and a full lane take more. A dataset that changed meanwhile is noticed as
the records are stored (`datasets.services.grouping`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from config.clock import database_now, utc_now
from datasets.models import Dataset, Lane
from datasets.schemas import Checker
from datasets.services.accepting import Ingest, checker_of
from datasets.services.lanes import backlog_of, open_lane
from datasets.services.making import find_dataset
from workspaces.access import Access, Need, find_token, open_for_token

HOLDS_SECONDS = 0.25


@dataclass(slots=True, kw_only=True)
class Opening:
    """A dataset opened for writing by a token."""

    access: Access
    dataset: Dataset
    lane: Lane
    checker: Checker
    #: How far the database's clock is ahead of this process's.
    ahead: timedelta
    #: How many more events the lane may take until it is looked at again.
    room: int
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
    lane = open_lane(found)
    return Opening(
        access=access,
        dataset=found,
        lane=lane,
        checker=checker_of(found),
        ahead=database_now() - utc_now(),
        room=settings.BELLWETHER_BACKLOG_EVENTS - backlog_of(lane),
        is_plain=not Ingest().refuses_duplicates(found),
    )
