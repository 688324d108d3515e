"""Webhooks: Apperate's body, signed as Standard Webhooks says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from alerts.messages import compose
from alerts.outputs.base import (
    ANSWER_LENGTH,
    ConfigProblem,
    OutgoingMessage,
    OutputError,
    OutputInvalid,
    SendContext,
    SendResult,
    Summary,
    check_fields,
)
from datasets.json import encode
from outbound.addresses import AddressRules, read_target
from outbound.http import Answer, OutboundError, Refused, post_json
from outbound.signing import make_secret, signed_headers

_GONE = 410
# Of the 4xx these say "later"; every other one says "never".
_LATER = frozenset({408, 409, 425, 429})
_LONGEST_WAIT = timedelta(hours=24)


class Webhook:
    """POST the alert as JSON to an address; 2xx is the only success."""

    kind = "webhook"
    label = "Webhook"
    address_field = "url"
    address_schema: Mapping[str, object] = {
        "description": "The address that the alert is posted to.",
        "type": "string",
        "format": "uri",
    }

    def make_secret(self) -> str:
        """Make the signing secret of a new output."""
        return make_secret()

    def validate(
        self, config: Mapping[str, object], *, rules: AddressRules
    ) -> dict[str, object]:
        """Return the URL in its one spelling; names are looked up when called."""
        problems = check_fields(config, known=self.address_field)
        url = config.get("url")
        clean = ""
        if not isinstance(url, str) or not url:
            problems.append(
                ConfigProblem(
                    field="url",
                    code="required",
                    detail="Give the url that the webhook is posted to.",
                )
            )
        else:
            try:
                target = read_target(url)
                rules.check_host(target.host)
                clean = target.url
            except Refused as error:
                problems.append(
                    ConfigProblem(field="url", code="refused", detail=str(error))
                )
        if problems:
            raise OutputInvalid(*problems)
        return {"url": clean}

    def describe(self, config: Mapping[str, object]) -> str:
        """Name the host only: paths of webhooks are often secrets."""
        return f"webhook to {urlsplit(str(config.get('url', ''))).hostname}"

    def send(
        self,
        message: OutgoingMessage,
        *,
        config: Mapping[str, object],
        context: SendContext,
    ) -> SendResult:
        """Post it; a repeat carries the same webhook-id."""
        body = write_body(message)
        headers = signed_headers(
            body,
            message_id=str(message.delivery_id),
            sent_at=context.now,
            signing_secrets=context.signing_secrets,
        )
        try:
            answer = post_json(
                str(config["url"]),
                body=body,
                headers=headers,
                rules=context.rules,
                resolve=context.resolve,
            )
        except OutboundError as error:
            raise OutputError(
                str(error), permanent=isinstance(error, Refused)
            ) from error
        return _judged(answer, context.now)


def write_body(message: OutgoingMessage) -> bytes:
    """Write the JSON of a webhook, numbers digit by digit.

    `data` is Apperate's object with exactly its members; what we add
    stands beside it.
    """
    composed = compose(message)
    more = {"summary": _summary(message.summary)} if message.summary else {}
    return encode(
        {
            "data": {
                "name": message.rule,
                "set": message.fact_set,
                "data": dict(message.values),
                "timestamp": round(message.at.timestamp() * 1000),
            },
            "type": f"alert.{message.kind}",
            "alert": {
                "workspace": message.workspace,
                "key": message.key,
                "severity": message.severity,
                "reason": message.reason,
                "subject": composed.subject,
                "message": composed.text,
                "url": message.alert_url,
                "simulated": message.is_simulated,
            },
            **more,
        }
    )


def _summary(summary: Summary) -> Mapping[str, object]:
    return {
        "count": summary.count,
        "kinds": summary.kinds,
        "keys": summary.keys,
        "since": summary.since.isoformat(),
        "until": summary.until.isoformat(),
        "samples": [
            {
                "key": one.key,
                "kind": one.kind,
                "reason": one.reason,
                "at": one.at.isoformat(),
                "url": one.alert_url,
            }
            for one in summary.samples
        ],
    }


def _judged(answer: Answer, now: datetime) -> SendResult:
    """Return the result of a 2xx, raise what any other status means."""
    result = SendResult(status_code=answer.status, answer=_beginning(answer.body))
    if 200 <= answer.status < 300:
        return result
    if answer.status == _GONE:
        raise OutputError(
            "The receiver answered 410: it wants no more webhooks.",
            permanent=True,
            disable=True,
            result=result,
        )
    if 300 <= answer.status < 400:
        raise OutputError(
            f"The receiver answered {answer.status}; a webhook follows no redirect. "
            "Give the address it leads to.",
            result=result,
        )
    raise OutputError(
        f"The receiver answered {answer.status}.",
        permanent=400 <= answer.status < 500 and answer.status not in _LATER,
        retry_after=_asked_wait(answer.headers.get("retry-after", ""), now),
        result=result,
    )


def _beginning(body: bytes) -> str:
    """Return the first part as text that every database stores."""
    return body[:ANSWER_LENGTH].decode(errors="replace").replace("\x00", "\ufffd")


def _asked_wait(header: str, now: datetime) -> timedelta | None:
    """Read a Retry-After, seconds or a date, and cut it to a day."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), _LONGEST_WAIT)
    try:
        asked = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    until = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    return min(until - now, _LONGEST_WAIT) if until > now else None
