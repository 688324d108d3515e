"""What may stand in the envelope and the headers of a mail."""

import re
import smtplib
from collections.abc import Sequence

import idna

from outbound.errors import OutboundError

MAX_RECIPIENTS = 20
MAX_ADDRESS_LENGTH = 254
MAX_LOCAL_LENGTH = 64
MAX_HEADER_LENGTH = 998
"""RFC 5322's limit of a line; a longer subject is no subject."""

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LOCAL = re.compile(rf"{_ATOM}(\.{_ATOM})*")
_DOMAIN_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_BREAKS = re.compile(r"[\r\n\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


class MailRefused(OutboundError):
    """An address or a header that could bend a mail."""


def read_recipient(text: str) -> str:
    """Return one bare address, its domain in lower case and ASCII.

    Names, comments, quotes, groups and lists are refused rather than parsed: a
    library that reads "a@x, b@y" as one address makes a mail for two.

    Raises:
        MailRefused: with a sentence that says what to change.
    """
    if _BREAKS.search(text):
        raise MailRefused("An e-mail address must not hold a line break.")
    address = text.strip(" ")
    if any(mark in address for mark in ",;"):
        raise MailRefused("Write one e-mail address, not a list of them.")
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise MailRefused("An e-mail address looks like name@example.com.")
    if len(local) > MAX_LOCAL_LENGTH or not _LOCAL.fullmatch(local):
        raise MailRefused(
            "The part of the e-mail address before the @ is not valid: write it "
            "without spaces, quotes, brackets or accents."
        )
    address = f"{local}@{_domain(domain)}"
    if len(address) > MAX_ADDRESS_LENGTH:
        raise MailRefused(
            f"An e-mail address has at most {MAX_ADDRESS_LENGTH} characters."
        )
    return address


def _domain(text: str) -> str:
    try:
        domain = idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError:
        domain = ""
    labels = domain.split(".")
    named = all(_DOMAIN_LABEL.fullmatch(label) for label in labels)
    if domain != "localhost" and (not named or len(labels) < 2 or labels[-1].isdigit()):
        raise MailRefused(
            "The part of the e-mail address after the @ is not a domain like "
            "example.com."
        )
    return domain


def read_recipients(texts: Sequence[str]) -> tuple[str, ...]:
    """Return each address once, in the order given.

    Raises:
        MailRefused: none, too many, or one that is not a single address.
    """
    addresses = tuple(dict.fromkeys(read_recipient(text) for text in texts))
    if not 1 <= len(addresses) <= MAX_RECIPIENTS:
        raise MailRefused(f"Name 1 to {MAX_RECIPIENTS} e-mail addresses.")
    return addresses


def read_header(name: str, value: str) -> str:
    """Return the text of a header that stays one header.

    Raises:
        MailRefused: it holds a line break or NUL, or is too long.
    """
    if _BREAKS.search(value):
        raise MailRefused(f"The {name} must not hold a line break.")
    if len(value) > MAX_HEADER_LENGTH:
        raise MailRefused(f"The {name} has at most {MAX_HEADER_LENGTH} characters.")
    return value


def is_final(error: OSError) -> bool:
    """Say whether a mail server refused this mail for good.

    Only what it said of sender, recipients or content counts: a refused login or a
    full server is the operator's to mend, and the mail waits.
    """
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return bool(codes) and all(code >= 500 for code in codes)
    if isinstance(error, smtplib.SMTPSenderRefused | smtplib.SMTPDataError):
        return error.smtp_code >= 500
    return False
