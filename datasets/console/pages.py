"""The pages of datasets: all of them, one, its records, and what is imported."""

from __future__ import annotations

import re
import shlex
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from config.clock import database_now
from datasets.console.cells import (
    COLUMNS_MOST,
    cells_of,
    columns_of,
    is_by_day,
    show_time,
)
from datasets.console.forms import PasteForm
from datasets.json import encode
from datasets.models import Dataset, Job, JobState
from datasets.services import (
    COUNT_LIMIT,
    DatasetPage,
    NotRetryable,
    RecordCursor,
    RecordPage,
    browse_records,
    find_job,
    follow_import,
    list_datasets,
    list_imports,
    read_dataset,
    retry_import,
)
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CURSOR = re.compile(r"(older|newer)\.(-?\d{1,17})\.(\d{1,18})\.(\d{1,9})")
_LONGEST_KEY = 1_500
#: Fields of a record in the example of the API.
_EXAMPLE_FIELDS = 8
_EXAMPLE_VALUES: Mapping[str, object] = {
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
}


@require_safe
@in_workspace(Need.READ)
def dataset_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the workspace's datasets and the shared ones."""
    summaries = list_datasets(access=access)
    mine = access.workspace.pk
    own = [one for one in summaries if one.dataset.workspace_id == mine]
    context = {
        "title": "Data",
        "own": own,
        "shared": [one for one in summaries if one.dataset.workspace_id != mine],
        "is_simulated": any(one.dataset.is_simulated for one in summaries),
        "form": PasteForm() if not own else None,
        "count_limit": COUNT_LIMIT,
    }
    return TemplateResponse(request, "datasets/list.html", context)


@require_safe
@in_workspace(Need.READ)
def dataset_detail(request: HttpRequest, access: Access, dataset: str) -> HttpResponse:
    """Show what a dataset holds, what fills it and how to add to it."""
    page = read_dataset(access=access, slug=dataset)
    found, fields = page.summary.dataset, page.summary.fields
    context = {
        "title": found.slug,
        "crumbs": _crumbs(access),
        "page": page,
        "summary": page.summary,
        "dataset": found,
        "is_simulated": found.is_simulated,
        "newest_text": _in_zone(
            found, page.summary.newest_at, by_day=is_by_day(fields, found.date_field)
        ),
        "curl": _curl(request, page),
        "why_no_switch": ""
        if access.gives >= Need.MANAGE
        else f"Only owners of {access.workspace.slug} turn sources on and off.",
        "count_limit": COUNT_LIMIT,
    }
    return TemplateResponse(request, "datasets/detail.html", context)


@require_safe
@in_workspace(Need.READ)
def browse(request: HttpRequest, access: Access, dataset: str) -> HttpResponse:
    """Show records, newest first."""
    key = request.GET.get("key", "").replace("\0", "")[:_LONGEST_KEY]
    cursor = read_cursor(request.GET.get("at", ""))
    page = browse_records(access=access, slug=dataset, key=key, cursor=cursor)
    found = page.dataset
    address = reverse("datasets:detail", args=[access.workspace.slug, found.slug])
    context = {
        "title": "Records",
        "crumbs": [*_crumbs(access), (found.slug, address)],
        "dataset": found,
        "is_simulated": found.is_simulated,
        "key": key,
        "is_newest": cursor is None,
        **_table(page),
        **_ways(page, key),
    }
    return TemplateResponse(request, "datasets/browse.html", context)


@require_safe
@in_workspace(Need.READ)
def job_list(request: HttpRequest, access: Access) -> HttpResponse:
    """Show the newest imports."""
    jobs = list_imports(access=access)
    context = {
        "title": "Imports",
        "crumbs": _crumbs(access),
        "jobs": jobs,
        "is_moving": any(_is_unfinished(job) for job in jobs),
    }
    return TemplateResponse(request, "datasets/jobs.html", context)


@require_safe
@in_workspace(Need.READ)
def job_detail(request: HttpRequest, access: Access, job: uuid.UUID) -> HttpResponse:
    """Show how far an import is; the page asks again until it is judged."""
    progress = follow_import(access=access, job_id=str(job))
    found = progress.job
    slug = access.workspace.slug
    context = {
        "title": f"Import of {found.file_name or 'pasted records'}",
        "crumbs": [
            *_crumbs(access),
            ("Imports", reverse("datasets:jobs", args=[slug])),
        ],
        "job": found,
        "progress": progress,
        "dataset": found.dataset,
        "is_simulated": found.dataset.is_simulated,
        "is_moving": _is_unfinished(found) or bool(progress.unjudged),
        "is_reading": found.state == JobState.RUNNING and not found.rows_total,
        "is_given_up": found.state == JobState.FAILED and found.tries > 0,
    }
    return TemplateResponse(request, "datasets/job.html", context)


@require_POST
@in_workspace(Need.WRITE)
def retry_job(request: HttpRequest, access: Access, job: uuid.UUID) -> HttpResponse:
    """Let an import that was given up go on, and lead back to its page."""
    found = find_job(access=access, job_id=str(job))
    try:
        retry_import(access=access, job=found, now=database_now())
    except NotRetryable as refusal:
        messages.error(request, str(refusal))
    return redirect("datasets:job", access.workspace.slug, job)


def read_cursor(text: str) -> RecordCursor | None:
    """Read where a page begins; what is no cursor begins at the newest record."""
    found = _CURSOR.fullmatch(text)
    if found is None:
        return None
    way, micros, batch_id, place = found.groups()
    try:
        at = _EPOCH + timedelta(microseconds=int(micros))
    except OverflowError:
        return None
    return RecordCursor(
        at=at, batch_id=int(batch_id), ord=int(place), is_older=way == "older"
    )


def write_cursor(cursor: RecordCursor) -> str:
    """Write a place among records, to the microsecond."""
    way = "older" if cursor.is_older else "newer"
    micros = (cursor.at - _EPOCH) // timedelta(microseconds=1)
    return f"{way}.{micros}.{cursor.batch_id}.{cursor.ord}"


def _table(page: RecordPage) -> Mapping[str, object]:
    """Return columns and rows, and how many columns there is no place or need for."""
    dataset = page.dataset
    by_day = is_by_day(page.fields, dataset.date_field)
    beside = (dataset.key_field, dataset.date_field if by_day else "")
    declared = columns_of(page.fields, without=beside)
    sent = [
        column
        for column in declared
        if any(column.name in record.body for record in page.records)
    ]
    columns = sent[:COLUMNS_MOST]
    return {
        "columns": columns,
        "columns_left_out": len(sent) - len(columns),
        "columns_unsent": len(declared) - len(sent),
        "rows": [
            {
                "key": record.key if dataset.key_field else "",
                "time": _in_zone(dataset, record.event_time, by_day=by_day),
                "is_late": record.is_late,
                "cells": cells_of(columns, record.body),
            }
            for record in page.records
        ],
    }


def _ways(page: RecordPage, key: str) -> Mapping[str, str]:
    """Return the addresses of the pages beside this one, blank where there is none."""
    asked = {"key": key} if key else {}
    return {
        name: "?" + urlencode({**asked, "at": write_cursor(cursor)}) if cursor else ""
        for name, cursor in (("newer", page.newer), ("older", page.older))
    }


def _crumbs(access: Access) -> list[tuple[str, str]]:
    return [("Data", reverse("datasets:list", args=[access.workspace.slug]))]


def _is_unfinished(job: Job) -> bool:
    return job.state in (JobState.QUEUED, JobState.RUNNING)


def _in_zone(dataset: Dataset, at: datetime | None, *, by_day: bool) -> str:
    zone = ZoneInfo(dataset.zone)
    return show_time(at.astimezone(zone), by_day=by_day) if at else ""


def _curl(request: HttpRequest, page: DatasetPage) -> str:
    """Return the command that sends a record like the newest one."""
    dataset = page.summary.dataset
    path = (
        f"/api/v1/workspaces/{dataset.workspace.slug}/datasets/{dataset.slug}/records"
    )
    body = encode(_example(page)).decode()
    return (
        f"curl {shlex.quote(request.build_absolute_uri(path))} \\\n"
        '  -H "Authorization: Bearer $BELLWETHER_TOKEN" \\\n'
        '  -H "Content-Type: application/json" \\\n'
        f"  -d {shlex.quote(body)}"
    )


def _example(page: DatasetPage) -> Mapping[str, object]:
    """Return some fields of the newest record, or made-up ones; key and date first."""
    dataset, fields = page.summary.dataset, page.summary.fields
    kinds = {field.name: field.type.value for field in fields}
    body = page.example or {
        name: _EXAMPLE_VALUES.get(kind, "…") for name, kind in kinds.items()
    }
    first = [dataset.key_field, dataset.subkey_field, dataset.date_field]
    names = [name for name in dict.fromkeys([*first, *body]) if name in body]
    return {name: body[name] for name in names[:_EXAMPLE_FIELDS]}
