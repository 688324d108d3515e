"""E-mail to the owners of a workspace, whoever they are when it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.outputs.base import (
    NothingToSet,
    OutgoingMessage,
    OutputError,
    SendContext,
    SendResult,
)
from alerts.outputs.email import send_mail
from workspaces.services import owners_of


class Owners(NothingToSet):
    """Send one mail to all owners of the message's workspace; only we make one."""

    kind = "owners"
    label = "The owners"

    def describe(self, config: Mapping[str, object]) -> str:
        """Say to whom it goes."""
        return "e-mail to the owners"

    def send(
        self,
        message: OutgoingMessage,
        *,
        config: Mapping[str, object],
        context: SendContext,
    ) -> SendResult:
        """Send it; a repeat carries the same Message-ID."""
        owners = owners_of(slug=message.workspace)
        if not owners:
            raise OutputError("There is nobody yet who could be told.", permanent=True)
        recipients = tuple(owner.email for owner in owners)
        return send_mail(message, recipients=recipients, context=context)
