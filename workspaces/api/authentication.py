"""Who is asking: a token in the Authorization header, or the console's session."""

from __future__ import annotations

from rest_framework import authentication
from rest_framework.request import Request

from config.clock import utc_now
from workspaces.access import (
    Access,
    Need,
    find_token,
    open_for_token,
    open_for_user,
)
from workspaces.models import Token, User
from workspaces.refusals import Unauthenticated

REALM = 'Bearer realm="Bellwether"'


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer sk_...`; the token becomes `request.auth`."""

    def authenticate(self, request: Request) -> tuple[None, Token] | None:
        """Return the token, or None when another way of signing in is used."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        return None, find_token(text=text.strip(), now=utc_now())

    def authenticate_header(self, request: Request) -> str:
        """Tell the client how to sign in."""
        return REALM


class SessionAuthentication(authentication.SessionAuthentication):
    """The console's session, with its protection against forged requests."""

    def authenticate_header(self, request: Request) -> str:
        """Tell the client how to sign in."""
        return REALM


def open_access(request: Request, *, slug: str, need: Need) -> Access:
    """Open the workspace of a request for whoever sent it."""
    if isinstance(request.auth, Token):
        return open_for_token(token=request.auth, slug=slug, need=need)
    if isinstance(request.user, User):
        return open_for_user(user=request.user, slug=slug, need=need)
    raise Unauthenticated(
        "Send a token in the header Authorization: Bearer <token>, or sign in."
    )
