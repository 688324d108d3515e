"""A sweep's way through the rows that it found due, of which any may fail."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

logger = logging.getLogger(__name__)

_Id = TypeVar("_Id")


def each(kind: str, ids: Iterable[_Id], work: Callable[[_Id], None]) -> None:
    """Do the work for each row of a kind, also behind one for which it fails."""
    for one in list(ids):
        try:
            work(one)
        except Exception:
            # One row that fails must not keep the others waiting; it stays due.
            logger.exception("sweep failed", extra={kind: one})
