"""The end of the calls to the outside that threads of this process make."""

from __future__ import annotations

import time

from alerts.services import senders
from datasets.services import fetchers


def end_calls(*, seconds: float) -> None:
    """Begin no further call, and wait so long for those that are under way.

    What hangs is left: its row is still due, and somebody takes it up.
    """
    deadline = time.monotonic() + seconds
    fetchers.stop(seconds=0)
    senders.stop(seconds=seconds)
    fetchers.stop(seconds=deadline - time.monotonic())
