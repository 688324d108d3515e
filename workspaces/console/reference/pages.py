"""The page that explains the native API; everybody may read it."""

from __future__ import annotations

from functools import cache

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from workspaces.console.reference.operations import read_reference
from workspaces.console.reference.shapes import Json


@require_safe
@gzip_page
def api_reference(request: HttpRequest) -> HttpResponse:
    """Show every call, with commands that call the address the reader came by."""
    host = request.build_absolute_uri("/").rstrip("/")
    context = {
        "title": "API reference",
        "host": host,
        "reference": read_reference(_document(), host=host),
    }
    return TemplateResponse(request, "workspaces/reference/page.html", context)


@cache
def _document() -> Json:
    """Generate the document, which changes only with the program."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call] # the library's
    document: Json = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # the library's
    return document
