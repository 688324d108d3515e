"""Lists in pages: `{data, next, previous, has_more}` and `Link`.

A cursor holds the place of a row in the list's order, signed, so a page costs the same
wherever it lies, and rows that come or go meanwhile shift nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.core import signing
from django.db.models import Model, Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from workspaces.api.parameters import ParameterInvalid, Parameters

DEFAULT_LIMIT = 100
MOST = 1_000
_SALT = "bellwether.cursor"
_TIME = "time"

Row = TypeVar("Row", bound=Model)

#: For `extend_schema(parameters=...)` of every list.
PAGE_PARAMETERS = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": MOST},
        description=f"Rows of a page, 1 to {MOST:,}.",
    ),
    OpenApiParameter(
        "cursor", OpenApiTypes.STR, description="The `next` or `previous` of a page."
    ),
]
#: The names of these two, for `Parameters(known=...)`.
PAGE_NAMES = ("limit", "cursor")


def page_schema(
    row: type[serializers.BaseSerializer[Any]],
    *,
    name: str,  # Any: of any row
) -> serializers.Serializer[object]:
    """Describe a page of such rows in the OpenAPI document."""
    return inline_serializer(
        name,
        {
            "data": row(many=True),
            "next": serializers.CharField(allow_null=True),
            "previous": serializers.CharField(allow_null=True),
            "has_more": serializers.BooleanField(),
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[Row]):
    """Some rows of a list, and the cursors of those after and before them."""

    rows: list[Row]
    next: str | None
    previous: str | None


def page_of(
    rows: QuerySet[Row], *, parameters: Parameters, order: Sequence[str]
) -> Page[Row]:
    """Cut the page that a request asks for out of a list.

    `order` names the fields that order the list, each with a minus for the greatest
    first as in Django; together they are unique, and all go the same way.

    Raises:
        ParameterInvalid: for a cursor that is not one of ours, or a wrong limit.
    """
    limit = parameters.number("limit", least=1, most=MOST) or DEFAULT_LIMIT
    cursor = parameters.text("cursor")
    place, backwards = _read(cursor, order) if cursor else ((), False)
    names = [field.lstrip("-") for field in order]
    descends = order[0].startswith("-") != backwards
    wanted = rows.order_by(*(f"-{name}" if descends else name for name in names))
    if place:
        wanted = wanted.filter(_beyond(names, place, descends=descends))
    found = list(wanted[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    if backwards:
        found.reverse()
    has_next, has_previous = (bool(place), more) if backwards else (more, bool(place))
    return Page(
        rows=found,
        next=_write(found[-1], order, backwards=False) if has_next and found else None,
        previous=_write(found[0], order, backwards=True)
        if has_previous and found
        else None,
    )


def page_response(
    request: Request, page: Page[Row], show: Callable[[Row], Mapping[str, object]]
) -> Response:
    """Answer a page, with its neighbours also in the header `Link`."""
    response = Response(
        {
            "data": [show(row) for row in page.rows],
            "next": page.next,
            "previous": page.previous,
            "has_more": page.next is not None,
        }
    )
    links = [
        f'<{_address(request, cursor)}>; rel="{name}"'
        for name, cursor in (("next", page.next), ("prev", page.previous))
        if cursor
    ]
    if links:
        response["Link"] = ", ".join(links)
    return response


def _beyond(names: Sequence[str], place: Sequence[object], *, descends: bool) -> Q:
    """Return what comes after a place: later in the first field, or equal and so on.

    The first field's bound is also said alone, which is what an index can use.
    """
    sign = "lt" if descends else "gt"
    after = Q()
    equal = Q()
    for name, value in zip(names, place, strict=True):
        after |= equal & Q(**{f"{name}__{sign}": value})
        equal &= Q(**{name: value})
    return Q(**{f"{names[0]}__{sign}e": place[0]}) & after


def _write(row: Model, order: Sequence[str], *, backwards: bool) -> str:
    plain = [_plain(getattr(row, field.lstrip("-"))) for field in order]
    return signing.dumps([backwards, *plain], salt=_salt(order), compress=True)


def _plain(value: object) -> object:
    """Return a value as JSON holds it; the field of a UUID takes its text as well."""
    if isinstance(value, datetime):
        return {_TIME: value.isoformat()}
    return str(value) if isinstance(value, UUID) else value


def _read(cursor: str, order: Sequence[str]) -> tuple[tuple[object, ...], bool]:
    try:
        backwards, *plain = signing.loads(cursor, salt=_salt(order))
    except signing.BadSignature as error:
        raise ParameterInvalid(
            "cursor",
            "This is not a cursor of this list; send next or previous of one of its "
            "pages, or begin without.",
        ) from error
    values = (
        datetime.fromisoformat(value[_TIME]) if isinstance(value, dict) else value
        for value in plain
    )
    return tuple(values), backwards


def _salt(order: Sequence[str]) -> str:
    """Return a salt by which cursors of differently ordered lists are told apart."""
    return ":".join([_SALT, *order])


def _address(request: Request, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return f"{request.path}?{urlencode(list(query.items()))}"
