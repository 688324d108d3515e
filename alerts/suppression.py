"""Whether a delivery is held back, and why: a reason, never a bare boolean."""

from __future__ import annotations

from enum import StrEnum

from alerts.models import Output


class Suppression(StrEnum):
    """Why a delivery is stored and not sent."""

    HISTORY = "history"
    OUTPUT_DELETED = "output deleted"
    OUTPUT_OFF = "output turned off"
    TAKEN_ON = "acknowledged"
    STORM = "storm"

    @property
    def sentence(self) -> str:
        """Say it to somebody who wonders why nothing came."""
        return _SENTENCES[self]


_SENTENCES = {
    Suppression.HISTORY: "The alert is from imported history, which sends nothing by"
    " itself.",
    Suppression.OUTPUT_DELETED: "The output had been deleted.",
    Suppression.OUTPUT_OFF: "The output was turned off.",
    Suppression.TAKEN_ON: "Somebody had acknowledged the alert, which ends its"
    " reminders.",
    Suppression.STORM: "The rule had more for this output than is told one by one in a"
    " minute, so it is told in a summary.",
}


def suppression_of(
    *, output: Output, is_live: bool, is_taken_on: bool = False
) -> Suppression | None:
    """Return the reason to hold a delivery back, or None to send it."""
    if not is_live:
        return Suppression.HISTORY
    if output.deleted_at is not None:
        return Suppression.OUTPUT_DELETED
    if not output.is_enabled:
        return Suppression.OUTPUT_OFF
    if is_taken_on:
        return Suppression.TAKEN_ON
    return None
