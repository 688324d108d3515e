"""Secrets at rest: sealed for one field of one workspace, under a key with a name.

A sealed text is `<key id>.<base64 of nonce and ciphertext>`, AES-256-GCM. The
workspace and the field are associated data: a sealed text copied into another
workspace or another field does not open. Keys are a list; the first one seals, all
of them open, so a key is changed without a stop.
"""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from outbound.errors import OutboundError

KEY_BYTES = 32
MIN_TEXT_LENGTH = 32
_ID_BYTES = 4
_NONCE_BYTES = 12


class SealBroken(OutboundError):
    """A sealed text that does not open here; never says why in detail."""


class KeyInvalid(OutboundError):
    """A sealing key that cannot be used; never says its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealingKey:
    """A key and the name under which sealed texts remember it."""

    key_id: str
    secret: bytes = field(repr=False)


def read_key(text: str) -> SealingKey:
    """Make a sealing key of a long secret text, always the same of the same text.

    Its id is derived as well, so that a list of texts is all an operator keeps.

    Raises:
        KeyInvalid: the text is too short to be a secret.
    """
    if len(text) < MIN_TEXT_LENGTH:
        raise KeyInvalid(
            f"A sealing key is written as {MIN_TEXT_LENGTH} characters or more."
        )
    derived = HKDF(
        SHA256(), length=KEY_BYTES + _ID_BYTES, salt=None, info=b"bellwether sealing 1"
    ).derive(text.encode())
    return SealingKey(key_id=derived[KEY_BYTES:].hex(), secret=derived[:KEY_BYTES])


class Keyring:
    """Seal with the first key, open with any."""

    def __init__(self, keys: Sequence[SealingKey]) -> None:
        """Take the keys, newest first."""
        if not keys:
            raise KeyInvalid("There is no key to seal with.")
        self._first = keys[0].key_id
        self._keys = {key.key_id: AESGCM(key.secret) for key in keys}

    def seal(self, plain: str, *, workspace: str, field_name: str) -> str:
        """Seal a text for one field of one workspace."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        bound_to = _associated(workspace, field_name)
        inside = self._keys[self._first].encrypt(nonce, plain.encode(), bound_to)
        return f"{self._first}.{base64.urlsafe_b64encode(nonce + inside).decode()}"

    def open(self, sealed: str, *, workspace: str, field_name: str) -> str:
        """Open what was sealed for this field of this workspace.

        Raises:
            SealBroken: sealed elsewhere, changed, or under a key that is gone.
        """
        key_id, _, encoded = sealed.partition(".")
        key = self._keys.get(key_id)
        if key is None:
            raise SealBroken("It was sealed with a key that is no longer given.")
        try:
            raw = base64.b64decode(encoded, altchars=b"-_", validate=True)
            nonce, inside = raw[:_NONCE_BYTES], raw[_NONCE_BYTES:]
            bound_to = _associated(workspace, field_name)
            return key.decrypt(nonce, inside, bound_to).decode()
        except (InvalidTag, ValueError):
            raise SealBroken("It was not sealed for this place, or changed.") from None

    def is_current(self, sealed: str) -> bool:
        """Say whether the key that seals today sealed this; else it wants resealing."""
        return sealed.partition(".")[0] == self._first


def _associated(workspace: str, field_name: str) -> bytes:
    # The lengths make two different pairs two different byte strings.
    parts = (workspace.encode(), field_name.encode())
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
