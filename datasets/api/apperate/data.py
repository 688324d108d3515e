"""`GET /data`: records by dataset, key and subkey; `POST` loads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.api.apperate.loading import LoadingView
from datasets.models import Dataset, Record
from datasets.services import (
    ANSWER_LIMIT,
    Part,
    Selection,
    read_batch,
    received_times,
    shown_fields,
)
from workspaces.api.apperate import ApperateView
from workspaces.api.parameters import ParameterInvalid, Parameters

_ORDERS: Mapping[str, bool] = {"asc": True, "desc": False}
#: What would change the answer and is not served: better refused than ignored.
_NOT_SERVED = (
    "callback",
    "dateField",
    "interval",
    "next",
    "offset",
    "queryId",
    "subattribute",
    "transform",
    "transforms",
    "updated",
)
_FLAGS_NOT_SERVED = ("calendar", "forward", "future", "schema")


class ReadCall(ApperateView):
    """Records of datasets, of keys and of subkeys, each a list with commas."""

    cross_origin = frozenset(("GET",))

    def get(
        self,
        request: Request,
        workspace: str,
        dataset: str,
        key: str = "",
        subkey: str = "",
    ) -> Response:
        """Return the records as a flat array, dataset by dataset and key by key."""
        asked = self.parameters
        _refuse_what_is_not_served(asked)
        parts = read_batch(
            access=self.access,
            slugs=_parts_of(dataset),
            selection=_selection(asked, keys=_parts_of(key), subkeys=_parts_of(subkey)),
        )
        return Response(
            list(
                _rows(
                    parts,
                    kept=asked.words("filter"),
                    described=asked.flag(
                        "includeSystemRecordProperties", default=False
                    ),
                )
            )
        )


class DataCall(ReadCall, LoadingView):
    """A whole dataset: read like a key's records, and loaded from a body."""

    takes_files = frozenset(("POST",))
    token_in_body = False

    def post(self, request: Request, workspace: str, dataset: str) -> Response:
        """Load the rows in the body."""
        return self.load(dataset)


def _parts_of(text: str) -> list[str]:
    return [part for part in text.split(",") if part]


def _refuse_what_is_not_served(asked: Parameters) -> None:
    named = [name for name in _NOT_SERVED if asked.text(name)]
    named += [name for name in _FLAGS_NOT_SERVED if asked.flag(name, default=False)]
    if asked.text("format", "json").lower() != "json":
        named.append("format")
    if named:
        raise ParameterInvalid(
            named[0],
            "This is not served here; use last, first, limit, from, to, on, range, "
            "sort and filter.",
        )


def _selection(asked: Parameters, *, keys: list[str], subkeys: list[str]) -> Selection:
    """Return what a query wants: one record, unless it says how many or since when."""
    first, last, limit = (
        asked.number(name, least=1, most=ANSWER_LIMIT)
        for name in ("first", "last", "limit")
    )
    since, until, on = (asked.text(name) for name in ("from", "to", "on"))
    named = asked.text("range")
    if named and (since or until or on):
        raise ParameterInvalid("range", "Send either this, or from, to or on.")
    ascending = asked.choice("sort", _ORDERS, default=first is not None)
    everything = None if since or until or on or named else 1
    return Selection(
        keys=tuple(keys),
        subkeys=tuple(subkeys),
        since=since,
        until=until,
        on=on,
        named=named,
        now=database_now() if named else None,
        count=first or last or limit or everything,
        oldest_first=first is not None or (last is None and ascending),
        ascending=ascending,
    )


def _rows(
    parts: list[Part], *, kept: list[str], described: bool
) -> Iterator[dict[str, object]]:
    received: Mapping[int, datetime] = {}
    if described:
        received = received_times([row for part in parts for row in part.records])
    for part in parts:
        if part.dataset is None:
            continue
        for record in part.records:
            fields = shown_fields(part.dataset, record)
            row = {name: fields[name] for name in kept or fields if name in fields}
            if described:
                row["_systemRecordProperties"] = _system_properties(
                    part.dataset, record, received[record.batch_id]
                )
            yield row
    for part in parts:
        if part.dataset is None:
            yield {"_system_error": f"There is no dataset {part.slug}."}


def _system_properties(
    dataset: Dataset, record: Record, received_at: datetime
) -> dict[str, object]:
    return {
        "id": dataset.slug,
        "key": record.key,
        "subkey": record.subkey,
        "date": int(record.event_time.timestamp() * 1000),
        "updated": int(received_at.timestamp() * 1000),
    }
