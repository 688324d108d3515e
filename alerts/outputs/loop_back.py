"""Back into this installation: what the canary's alerts are told to."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.models import Proof
from alerts.outputs.base import (
    NothingToSet,
    OutgoingMessage,
    SendContext,
    SendResult,
)
from config.clock import database_now


class LoopBack(NothingToSet):
    """Note in the database that an event came all the way; only the program makes one.

    An alert's time is that of its event, which is the time of receipt where events
    carry none.
    """

    kind = "loop_back"
    label = "This installation"

    def describe(self, config: Mapping[str, object]) -> str:
        """Say where it leads."""
        return "back into this installation"

    def send(
        self,
        message: OutgoingMessage,
        *,
        config: Mapping[str, object],
        context: SendContext,
    ) -> SendResult:
        """Store the proof; a second time finds it stored and keeps it."""
        Proof.objects.get_or_create(
            pk=message.delivery_id,
            defaults={"sent_at": message.at, "delivered_at": database_now()},
        )
        return SendResult()
