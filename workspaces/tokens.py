"""The text of a token: prefix, 190 random bits, check sum; stored as a digest."""

import hashlib
import secrets
import string
import zlib

from workspaces.models import TokenKind

# No token may begin with a capital T: pyEX would switch to its sandbox.
PREFIXES = {TokenKind.SECRET: "sk_", TokenKind.PUBLISHABLE: "pk_"}
_ALPHABET = string.digits + string.ascii_letters
_RANDOM_LENGTH = 32  # of 62 letters: 190 bits
_CHECK_LENGTH = 6


def new_token_text(kind: TokenKind) -> str:
    """Return a fresh token; nobody can show it again later."""
    random = "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_LENGTH))
    return PREFIXES[kind] + random + _check_sum(random)


def digest_of(text: str) -> str:
    """Return what is stored: SHA-256 needs no salt over 190 random bits."""
    return hashlib.sha256(text.encode()).hexdigest()


def hint_of(text: str) -> str:
    """Return what people may see of a token."""
    return f"{text[:6]}…{text[-4:]}"


def is_well_formed(text: str) -> bool:
    """Say whether a text can be a token, without asking the database."""
    body = text[3:]
    return (
        text[:3] in PREFIXES.values()
        and len(body) == _RANDOM_LENGTH + _CHECK_LENGTH
        and body.isascii()
        and _check_sum(body[:_RANDOM_LENGTH]) == body[_RANDOM_LENGTH:]
    )


def _check_sum(random: str) -> str:
    number = zlib.crc32(random.encode())
    letters = []
    for _ in range(_CHECK_LENGTH):
        number, place = divmod(number, len(_ALPHABET))
        letters.append(_ALPHABET[place])
    return "".join(letters)
