"""Signatures of webhooks, as Standard Webhooks 1.0.0 writes them.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import base64
import binascii
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime

from outbound.errors import OutboundError

SECRET_PREFIX = "whsec_"  # noqa: S105 - how secrets begin, and none itself
MIN_SECRET_BYTES = 24
MAX_SECRET_BYTES = 64
_NEW_SECRET_BYTES = 32
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]+")


class SecretInvalid(OutboundError):
    """A signing secret that is not of the standard's form; never says its text."""


def make_secret() -> str:
    """Make a new signing secret."""
    fresh = secrets.token_bytes(_NEW_SECRET_BYTES)
    return SECRET_PREFIX + base64.b64encode(fresh).decode("ascii")


def read_secret(text: str) -> bytes:
    """Return the key inside a secret.

    Raises:
        SecretInvalid: not `whsec_` and 24 to 64 bytes of base64.
    """
    encoded = text.removeprefix(SECRET_PREFIX)
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if encoded == text or not MIN_SECRET_BYTES <= len(key) <= MAX_SECRET_BYTES:
        raise SecretInvalid(
            f"A signing secret is {SECRET_PREFIX} and then {MIN_SECRET_BYTES} to "
            f"{MAX_SECRET_BYTES} bytes in base64."
        )
    return key


def signed_headers(
    body: bytes, *, message_id: str, sent_at: datetime, signing_secrets: Sequence[str]
) -> dict[str, str]:
    """Return the three headers that let a receiver trust exactly these bytes.

    The id stays the same over retries, `sent_at` is that of the attempt. During a
    rotation there are several secrets, and the receiver accepts any signature.

    Raises:
        SecretInvalid: a secret is malformed, or there is none.
        ValueError: the id could be mistaken for a part of what is signed.
    """
    if not signing_secrets:
        raise SecretInvalid("There is no secret to sign with.")
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("A message id is made of letters, digits, - and _.")
    timestamp = str(int(sent_at.timestamp()))
    signed = b".".join((message_id.encode("ascii"), timestamp.encode("ascii"), body))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(
            _signature(signed, read_secret(secret)) for secret in signing_secrets
        ),
    }


def _signature(signed: bytes, key: bytes) -> str:
    digest = hmac.digest(key, signed, hashlib.sha256)
    return "v1," + base64.b64encode(digest).decode("ascii")
