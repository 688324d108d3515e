"""E-mail to the owners of a workspace, whoever they are when it is sent."""

from __future__ import annotations

from collections.abc import Mapping

from alerts.outputs.base import (
    OutgoingMessage,
    OutputError,
    OutputInvalid,
    SendContext,
    SendResult,
    check_fields,
)
from alerts.outputs.email import send_mail
from outbound.addresses import AddressRules
from workspaces.services import owners_of


class Owners:
    """Send one mail to all owners of the message's workspace; only we make one."""

    kind = "owners"
    label = "The owners"

    def make_secret(self) -> str:
        """Make none: mail is not signed by us."""
        return ""

    def validate(
        self, config: Mapping[str, object], *, rules: AddressRules
    ) -> dict[str, object]:
        """Return an empty configuration: the workspace says who its owners are."""
        if problems := check_fields(config, known=frozenset()):
            raise OutputInvalid(*problems)
        return {}

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
