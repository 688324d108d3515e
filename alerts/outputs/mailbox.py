"""The built-in mailbox: where mail is kept while no mail server is named.

One Maildir per workspace, so that a workspace's mail is read without looking at the
others'. Mail that belongs to no workspace, such as an invitation, has its own.
"""

from __future__ import annotations

import mailbox
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage as Letter
from email.parser import BytesParser
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

WORKSPACE_HEADER = "X-Bellwether-Workspace"
DELIVERY_HEADER = "X-Delivery-Id"
#: Stands in a mail that tells of simulated data.
SIMULATED_HEADER = "X-Bellwether-Simulated"
#: What one workspace keeps; the oldest go first.
MOST_MAILS = 1_000

_NO_WORKSPACE = "-"
_SLUG = re.compile(r"[A-Za-z0-9_]{1,100}")
# The name Python gives a mail: seconds, then M and microseconds, P, Q for the order.
_KEY = re.compile(r"(?P<seconds>\d+)\.M(?P<micros>\d+)P\d+Q(?P<count>\d+)\.[^/\s]+")


class MailNotFound(LookupError):
    """No such mail in this workspace's mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredMail:
    """A kept mail; `headers` are as they would have been sent."""

    key: str
    stored_at: datetime
    subject: str
    sender: str
    recipients: str
    delivery_id: str
    is_simulated: bool
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str


class EmailBackend(BaseEmailBackend):
    """Django's way out for mail, leading into the mailbox."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Keep each mail on disk before saying that it is sent."""
        for message in email_messages:
            letter = message.message()
            store = _open(str(letter.get(WORKSPACE_HEADER, "")))
            store.add(mailbox.MaildirMessage(letter))
            _keep_newest(store, MOST_MAILS)
        return len(email_messages)


def list_mails(*, workspace: str, limit: int = 100) -> list[StoredMail]:
    """Return the newest mails of a workspace, newest first."""
    store = _open(workspace)
    mails = []
    for key in _newest_first(store)[:limit]:
        # One that is purged meanwhile is simply no longer there.
        with suppress(MailNotFound):
            mails.append(_read(store, key))
    return mails


def read_mail(*, workspace: str, key: str) -> StoredMail:
    """Return one mail of a workspace.

    Raises:
        MailNotFound: it has none of this key.
    """
    return _read(_open(workspace), key)


def purge_mails(*, workspace: str, keep: int = 0) -> int:
    """Remove the mails of a workspace but the newest; return how many went."""
    return _keep_newest(_open(workspace), keep)


def _open(workspace: str) -> mailbox.Maildir:
    """Open the Maildir of a workspace; slugs differ by more than case."""
    name = workspace.upper() if _SLUG.fullmatch(workspace) else _NO_WORKSPACE
    root = Path(settings.BELLWETHER_MAILBOX_DIR)
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    # Made here, because two first mails at once would trip over Maildir's own making.
    for part in ("tmp", "new", "cur"):
        (root / name / part).mkdir(parents=True, exist_ok=True, mode=0o700)
    return mailbox.Maildir(root / name, create=False)


def _newest_first(store: mailbox.Maildir) -> list[str]:
    places = {key: _KEY.fullmatch(key) for key in store.iterkeys()}
    known = {
        key: tuple(int(part) for part in place.group("seconds", "micros", "count"))
        for key, place in places.items()
        if place
    }
    return sorted(known, key=lambda key: known[key], reverse=True)


def _keep_newest(store: mailbox.Maildir, number: int) -> int:
    surplus = _newest_first(store)[number:]
    for key in surplus:
        store.discard(key)
    return len(surplus)


def _read(store: mailbox.Maildir, key: str) -> StoredMail:
    place = _KEY.fullmatch(key)
    try:
        written = store.get_bytes(key) if place else b""
    except (KeyError, FileNotFoundError):
        written = b""
    if place is None or not written:
        raise MailNotFound("There is no such mail.")
    letter = BytesParser(Letter, policy=policy.default).parsebytes(written)
    return StoredMail(
        key=key,
        stored_at=datetime.fromtimestamp(int(place["seconds"]), tz=UTC),
        subject=str(letter.get("Subject", "")),
        sender=str(letter.get("From", "")),
        recipients=str(letter.get("To", "")),
        delivery_id=str(letter.get(DELIVERY_HEADER, "")),
        is_simulated=SIMULATED_HEADER in letter,
        headers=tuple((name, str(value)) for name, value in letter.items()),
        text=_part(letter, "plain"),
        html=_part(letter, "html"),
    )


def _part(letter: Letter, subtype: str) -> str:
    part = letter.get_body(preferencelist=(subtype,))
    return str(part.get_content()) if part else ""
