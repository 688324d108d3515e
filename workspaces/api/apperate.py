"""The front door of Apperate's calls, as tolerant as its clients need.

Every call under `/v1`, `/stable` and `/beta` is an `ApperateView`. A token stands in
the query, in a header or in the body; a body is read as what it is, whatever its
`Content-Type` says; every answer is JSON, errors are `{"error", "message"}`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from io import BytesIO
from typing import ClassVar

from django.urls import URLPattern, path
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.permissions import SAFE_METHODS
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from config.clock import utc_now
from workspaces.access import Access, Need, TokenUnknown, find_token, open_for_token
from workspaces.api.bodies import read_body
from workspaces.api.parameters import Parameters, refuse_nul
from workspaces.api.problems import as_refusal, retry_header, status_of
from workspaces.models import Token
from workspaces.refusals import Missing, NoObject, Unauthenticated

#: How long a browser may remember the answer to its preflight.
_PREFLIGHT_SECONDS = "86400"


class AsTheyCome(BaseContentNegotiation):
    """One parser and one renderer, whatever the headers say."""

    def select_parser(
        self, request: Request, parsers: Iterable[BaseParser]
    ) -> BaseParser:
        """Return the first parser."""
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,
    ) -> tuple[BaseRenderer, str]:
        """Return the first renderer."""
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)


class ApperateView(APIView):
    """Opens the workspace of the path, else the token's own, before anything else.

    Reading needs `Need.READ`, anything else `Need.WRITE`, unless `needs` says more.
    Methods in `cross_origin` answer scripts of other sites, which carry a token and no
    cookie.
    """

    authentication_classes = ()
    content_negotiation_class = AsTheyCome
    schema = None  # the OpenAPI document describes the native API

    needs: ClassVar[dict[str, Need]] = {}
    cross_origin: ClassVar[frozenset[str]] = frozenset()
    #: Methods whose body may be as long as an uploaded file (config.bodies).
    takes_files: ClassVar[frozenset[str]] = frozenset()
    #: Whether a body may hold the token; not where it is made of the sender's fields.
    token_in_body: ClassVar[bool] = True

    access: Access

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Find the token, then open the workspace for this method."""
        super().initial(request, *args, **kwargs)
        refuse_nul(request)
        method = request.method or "GET"
        if method == "OPTIONS":
            return
        usual = Need.READ if method in SAFE_METHODS else Need.WRITE
        slug = kwargs.get("workspace")
        self.access = open_for_token(
            token=self._find_token(),
            slug=None if slug is None else str(slug),
            need=self.needs.get(method, usual),
        )

    @cached_property
    def parameters(self) -> Parameters:
        """The query; what is not known in it is ignored, as Apperate did."""
        return Parameters(self.request.query_params)

    @cached_property
    def raw_body(self) -> bytes:
        """The body's bytes, unpacked."""
        return read_body(self.request)

    def read_json(self) -> object:
        """Return the body as JSON; an empty one is an empty object.

        Raises:
            Unreadable: saying what is wrong and where.
        """
        return self._json

    def read_object(self) -> dict[str, object]:
        """Return the body as a JSON object.

        Raises:
            NoObject: if it is JSON of another kind.
        """
        body = self._json
        if not isinstance(body, dict):
            raise NoObject("The body must be a JSON object.")
        return body

    def options(  # type: ignore[override] # REST framework's requests are Django's
        self, request: Request, *args: object, **kwargs: object
    ) -> Response:
        """Answer a browser's preflight, which carries no token."""
        return Response({})

    def finalize_response(
        self, request: Request, response: Response, *args: object, **kwargs: object
    ) -> Response:
        """Let scripts of other sites read what they may."""
        response = super().finalize_response(request, response, *args, **kwargs)
        origin = request.headers.get("Origin")
        if not self.cross_origin or not origin or request.headers.get("Cookie"):
            return response
        response["Vary"] = "Origin"
        if request.method in self.cross_origin or request.method == "OPTIONS":
            response["Access-Control-Allow-Origin"] = origin
        if request.method == "OPTIONS":
            response["Access-Control-Allow-Methods"] = ", ".join(
                sorted(self.cross_origin)
            )
            response["Access-Control-Allow-Headers"] = (
                "Authorization, Content-Type, Idempotency-Key"
            )
            response["Access-Control-Max-Age"] = _PREFLIGHT_SECONDS
        return response

    def handle_exception(self, exc: Exception) -> Response:
        """Answer a refusal in Apperate's form; anything else stays an exception."""
        refusal = as_refusal(exc)
        if refusal is None:
            raise exc
        status, _ = status_of(refusal)
        if isinstance(refusal, TokenUnknown):
            status = 403
        response = Response(
            {"error": refusal.code, "message": refusal.detail},
            status=400 if status == 422 else status,
            headers=retry_header(refusal),
        )
        response.exception = True
        return response

    @cached_property
    def _json(self) -> object:
        (parser, *_) = self.get_parsers()
        return parser.parse(BytesIO(self.raw_body))

    def _find_token(self) -> Token:
        text = self.request.query_params.get("token") or _bearer_of(self.request)
        if not text and self.token_in_body and self.request.method != "GET":
            body = self._json
            said = body.get("token") if isinstance(body, dict) else None
            text = said if isinstance(said, str) else ""
        if not text:
            raise Unauthenticated(
                "Send your token as the query parameter token, in the header "
                "Authorization: Bearer <token>, or as token in a JSON body."
            )
        return find_token(text=text.strip(), now=utc_now())


class UnknownCallView(ApperateView):
    """Everything under Apperate's versions that is not served here."""

    def initial(self, request: Request, *args: object, **kwargs: object) -> None:
        """Answer 404, with or without a token."""
        raise Missing(f"There is no call {request.method} {request.path} here.")


def call(route: str, view: type[ApperateView]) -> list[URLPattern]:
    """Return the addresses of a call: without and with the last slash."""
    handler = view.as_view()
    return [path(route, handler), path(f"{route}/", handler)]


def _bearer_of(request: Request) -> str:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""
