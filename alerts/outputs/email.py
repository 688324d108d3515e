"""E-mail: the rule's words, then a table of the values, as text and as HTML."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import formatdate

from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from alerts.messages import Composed, compose
from alerts.outputs.base import (
    ConfigProblem,
    OutgoingMessage,
    OutputError,
    OutputInvalid,
    SendContext,
    SendResult,
    check_fields,
)
from outbound.addresses import AddressRules
from outbound.mail import MailRefused, is_final, read_recipients


class Email:
    """Send one mail to the recipients of an output."""

    kind = "email"
    label = "E-mail"
    address_field = "to"
    address_schema: Mapping[str, object] = {
        "description": "The address that the mail goes to.",
        "type": "string",
        "format": "email",
    }

    def make_secret(self) -> str:
        """Make none: mail is not signed by us."""
        return ""

    def validate(
        self, config: Mapping[str, object], *, rules: AddressRules
    ) -> dict[str, object]:
        """Return the recipients as a list, each one address."""
        problems = check_fields(config, known=self.address_field)
        recipients: tuple[str, ...] = ()
        try:
            recipients = read_recipients(_written_recipients(config.get("to")))
        except MailRefused as error:
            problems.append(
                ConfigProblem(field="to", code="refused", detail=str(error))
            )
        if problems:
            raise OutputInvalid(*problems)
        return {"to": list(recipients)}

    def describe(self, config: Mapping[str, object]) -> str:
        """Name the first recipient and how many there are besides."""
        first, *others = _written_recipients(config.get("to")) or [""]
        return f"e-mail to {first}" + (f" and {len(others)} more" if others else "")

    def send(
        self,
        message: OutgoingMessage,
        *,
        config: Mapping[str, object],
        context: SendContext,
    ) -> SendResult:
        """Send it; a repeat carries the same Message-ID."""
        try:
            recipients = read_recipients(_written_recipients(config.get("to")))
        except MailRefused as error:
            raise OutputError(str(error), permanent=True) from error
        return send_mail(message, recipients=recipients, context=context)


def send_mail(
    message: OutgoingMessage, *, recipients: tuple[str, ...], context: SendContext
) -> SendResult:
    """Hand one mail for all recipients to the mail server.

    Raises:
        OutputError: it did not take it.
    """
    mail = write_mail(message, recipients=recipients, context=context)
    try:
        mail.send()
    except OSError as error:
        # The network's errors and the mail server's answers are both of this kind.
        raise OutputError(
            f"The mail server did not take it: {str(error)[:300]}",
            permanent=is_final(error),
        ) from error
    return SendResult(answer=f"Handed over for {', '.join(recipients)}.")


def write_mail(
    message: OutgoingMessage, *, recipients: tuple[str, ...], context: SendContext
) -> EmailMultiAlternatives:
    """Compose the mail, with headers that let a receiver drop a repeat."""
    composed = compose(message)
    html = render_to_string(
        "alerts/mail.html", {"message": message, "composed": composed}
    )
    mail = EmailMultiAlternatives(
        subject=composed.subject,
        body=_text_part(message, composed),
        from_email=context.sender,
        to=list(recipients),
        connection=get_connection(),
        headers={
            "Message-ID": f"<{message.delivery_id}@{context.host}>",
            "Date": formatdate(context.now.timestamp()),
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{context.manage_url}>",
            "X-Delivery-Id": str(message.delivery_id),
            "X-Bellwether-Workspace": message.workspace,
            **({"X-Bellwether-Simulated": "yes"} if message.is_simulated else {}),
        },
    )
    mail.attach_alternative(html, "text/html")
    return mail


def _written_recipients(to: object) -> list[str]:
    """Return what stands in `to`: Apperate sends one address, our own forms a list."""
    if isinstance(to, str):
        return [to]
    if isinstance(to, list | tuple):
        return [str(one) for one in to]
    return []


def _text_part(message: OutgoingMessage, composed: Composed) -> str:
    width = max((len(row.fact) for row in composed.rows), default=0)
    table = "\n".join(f"{row.fact:<{width}}  {row.shown}" for row in composed.rows)
    note = "The data are simulated." if message.is_simulated else ""
    parts = (composed.text, table, note, message.alert_url)
    return "\n\n".join(part for part in parts if part) + "\n"
