"""One effect for a request that is sent twice (promise R14).

The key, the effect and the answer are one transaction, so a crash leaves all or none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import OperationalError

from datasets.models import Idempotency
from datasets.store.keys import AnsweredKey, ClaimedKey, answer_keys, claim_keys
from datasets.store.writing import is_lock_timeout, writing
from workspaces.refusals import Clash, Invalid

KEEP_FOR = timedelta(hours=72)
_KEY_LENGTH = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyKey:
    """A client's key, within the scope of its token and route."""

    scope: str
    key: str
    body_hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an edge answers; kept as it was given the first time."""

    status: int
    body: object
    is_replay: bool = False


class KeyReused(Invalid):
    """The key was used for another request."""

    code = "idempotency_key_reused"


class KeyInvalid(Invalid):
    """The key is empty or too long."""

    code = "idempotency_key_invalid"


class KeyInProgress(Clash):
    """The first request with this key has not been answered yet."""

    code = "idempotency_key_in_progress"


def hash_request(*, path: str, query: str, body: bytes) -> str:
    """Return the digest by which two requests are the same; `query` has no token."""
    digest = hashlib.sha256()
    for part in (path.encode(), query.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


def read_key(
    *, key: str | None, caller: str, path: str, query: str, body: bytes
) -> IdempotencyKey | None:
    """Return the key of a request as it is claimed, or None if none was sent.

    Its scope is who calls and where, so that keys of two callers never meet.

    Raises:
        KeyInvalid: for a key that is empty or too long.
    """
    if key is None:
        return None
    if not 0 < len(key) <= _KEY_LENGTH:
        raise KeyInvalid(
            f"An Idempotency-Key has 1 to {_KEY_LENGTH} characters; this one has "
            f"{len(key)}."
        )
    route = hashlib.sha256(path.encode()).hexdigest()
    return IdempotencyKey(
        scope=f"{caller}:{route}",
        key=key,
        body_hash=hash_request(path=path, query=query, body=body),
    )


def answer_once(
    *, key: IdempotencyKey | None, act: Callable[[], Answer], now: datetime
) -> Answer:
    """Run `act` in a transaction, or return what it answered under this key before.

    A refusal rolls everything back, the key included, so that a mended request may
    be sent under the same key.

    Raises:
        KeyReused: if the key was used for another request.
        KeyInProgress: if the first request takes longer than we may wait.
    """
    if key is None:
        with writing():
            return act()
    try:
        with writing():
            if not claim_keys([ClaimedKey(key.scope, key.key, key.body_hash, now)]):
                return _stored_answer(key)
            answer = act()
            answer_keys([AnsweredKey(key.scope, key.key, answer.status, answer.body)])
            return answer
    except OperationalError as error:
        # PostgreSQL waits for the first request's row and gives up after lock_timeout.
        if is_lock_timeout(error):
            raise KeyInProgress(
                "The first request with this Idempotency-Key is still being "
                "answered; send it again in a moment."
            ) from error
        raise


def is_claimed(key: IdempotencyKey) -> bool:
    """Tell whether a request with this key was answered, so that it is a repeat."""
    return Idempotency.objects.filter(scope=key.scope, key=key.key).exists()


def _stored_answer(key: IdempotencyKey) -> Answer:
    stored = Idempotency.objects.get(scope=key.scope, key=key.key)
    if stored.body_hash != key.body_hash:
        raise KeyReused(
            "This Idempotency-Key was used for another request; use a new key."
        )
    return Answer(status=stored.status or 200, body=stored.answer, is_replay=True)
