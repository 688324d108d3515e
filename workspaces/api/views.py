"""The base of every native endpoint inside a workspace."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.http import HttpRequest
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request
from rest_framework.views import APIView

from workspaces.access import Access, Need
from workspaces.api.authentication import open_access
from workspaces.api.parameters import refuse_nul
from workspaces.refusals import Missing


class WorkspaceAPIView(APIView):
    """Opens the workspace of its path before anything else happens.

    Reading needs what `reading` says, anything else `Need.WRITE`, unless `needs` says
    more.
    """

    reading: ClassVar[Need] = Need.READ
    needs: ClassVar[dict[str, Need]] = {}
    access: Access

    def initialize_request(
        self, request: HttpRequest, *args: object, **kwargs: object
    ) -> Request:
        """Let a body be read that comes in chunks and so without its length.

        REST framework would take it for none; how long it is is checked while reading.
        """
        if request.headers.get("Transfer-Encoding", "").lower() == "chunked":
            most = str(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)
            request.META.setdefault("CONTENT_LENGTH", most)
        return super().initialize_request(request, *args, **kwargs)

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Authenticate, then open the workspace for this method."""
        super().initial(request, *args, **kwargs)
        refuse_nul(request)
        method = request.method or "GET"
        usual = self.reading if method in SAFE_METHODS else Need.WRITE
        self.access = open_access(
            request,
            slug=str(kwargs["workspace"]),
            need=self.needs.get(method, usual),
        )


class UnknownAddressView(APIView):
    """Everything below the native API that is no address of it."""

    schema = None  # there is nothing to describe

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Answer 404 in the API's own form, with or without a token."""
        raise Missing(f"There is nothing at {request.path}; see /api/docs.")
