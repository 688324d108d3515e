"""The pages that bring records in: paste or choose a file, look at it, import it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.clock import database_now
from datasets.console.cells import NUMBERS, show
from datasets.console.forms import (
    DatasetForm,
    FileForm,
    PasteForm,
    RecordsForm,
    say_refusal,
    suggest_name,
)
from datasets.schemas import InferredField, SchemaInvalid
from datasets.services import (
    AlreadyImported,
    DatasetTaken,
    FileUnreadable,
    ImportDraft,
    Upload,
    find_dataset,
    import_draft,
    keep_upload,
    open_draft,
)
from workspaces.access import Access, Need
from workspaces.console.pastes import refusing_long_pastes
from workspaces.console.views import in_workspace
from workspaces.refusals import Invalid, TooLarge

_PASTED = "the pasted text"


@refusing_long_pastes
@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.READ)
def new_dataset(
    request: HttpRequest, access: Access, *, is_too_long: bool = False
) -> HttpResponse:
    """Take records for a new dataset."""
    crumbs = [("Data", reverse("datasets:list", args=[access.workspace.slug]))]
    context = {"title": "New dataset", "crumbs": crumbs}
    return _take(request, access, context, is_too_long=is_too_long)


@refusing_long_pastes
@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.READ)
def import_into(
    request: HttpRequest, access: Access, dataset: str, *, is_too_long: bool = False
) -> HttpResponse:
    """Take records for a dataset that is there."""
    found = find_dataset(access=access, slug=dataset)
    slug = access.workspace.slug
    crumbs = [
        ("Data", reverse("datasets:list", args=[slug])),
        (found.slug, reverse("datasets:detail", args=[slug, found.slug])),
    ]
    context = {
        "title": "Import",
        "crumbs": crumbs,
        "dataset": found,
        "is_simulated": found.is_simulated,
    }
    return _take(request, access, context, is_too_long=is_too_long)


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.WRITE)
def check_draft(request: HttpRequest, access: Access, draft: uuid.UUID) -> HttpResponse:
    """Show what a file holds; make its dataset and import it when that is agreed."""
    try:
        opened = open_draft(access=access, draft_id=draft, now=database_now())
        form = _form_of(opened, access, request)
        if request.method == "POST" and form.is_valid():
            return _import(request, access, opened, form)
    except AlreadyImported as done:
        messages.info(request, "This file is being imported already; here it is.")
        return redirect("datasets:job", access.workspace.slug, done.job.pk)
    return _draft_page(request, access, opened, form)


def _import(
    request: HttpRequest, access: Access, draft: ImportDraft, form: RecordsForm
) -> HttpResponse:
    """Start the import, or show what is wrong with what the form says."""
    try:
        job = import_draft(
            access=access,
            draft=draft,
            making=form.to_draft(),
            is_live=form.is_live,
            now=database_now(),
        )
    except DatasetTaken as taken:
        form.add_error("name", f"{taken.detail} Choose another name.")
    except (Invalid, SchemaInvalid) as refusal:
        say_refusal(form, refusal)
    else:
        return redirect("datasets:job", access.workspace.slug, job.pk)
    return _draft_page(request, access, draft, form)


def _take(
    request: HttpRequest,
    access: Access,
    context: Mapping[str, Any],
    *,
    is_too_long: bool,
) -> HttpResponse:
    """Show the form for a paste or a file, and keep what it brings."""
    is_file = "file" in request.FILES or request.GET.get("from") == "file"
    form = _taking_form(request, is_file=is_file)
    unreadable = None
    status = 200
    if request.method == "POST" and form.is_valid():
        dataset = context.get("dataset")
        try:
            kept = keep_upload(
                access=access,
                upload=_upload_of(form),
                slug=dataset.slug if dataset else None,
                now=database_now(),
            )
            return redirect("datasets:draft", access.workspace.slug, kept.id)
        except FileUnreadable as error:
            unreadable = error
        except (Invalid, TooLarge) as error:
            status = 413 if isinstance(error, TooLarge) else 200
            say_refusal(form, error)
    shown = {
        "form": form,
        "is_file": is_file,
        "unreadable": unreadable,
        "is_too_long": is_too_long,
        "upload_limit": settings.BELLWETHER_UPLOAD_BYTES // 1_000_000,
        **context,
    }
    return TemplateResponse(request, "datasets/take.html", shown, status=status)


def _taking_form(request: HttpRequest, *, is_file: bool) -> PasteForm | FileForm:
    if request.method != "POST":
        return FileForm() if is_file else PasteForm()
    if is_file:
        return FileForm(request.POST, request.FILES)
    return PasteForm(request.POST)


def _upload_of(form: PasteForm | FileForm) -> Upload:
    if isinstance(form, PasteForm):
        return Upload(pieces=[form.cleaned_data["text"].encode()])
    file = form.cleaned_data["file"]
    return Upload(
        pieces=file.chunks(),
        file_name=file.name or "",
        content_type=file.content_type or "",
    )


def _form_of(draft: ImportDraft, access: Access, request: HttpRequest) -> RecordsForm:
    posted = request.POST if request.method == "POST" else None
    if draft.dataset is not None:
        return RecordsForm(posted)
    return DatasetForm(
        posted,
        preview=draft.preview,
        workspace=access.workspace,
        initial={"name": suggest_name(draft.file.file_name)},
    )


def _draft_page(
    request: HttpRequest, access: Access, draft: ImportDraft, form: RecordsForm
) -> HttpResponse:
    slug = access.workspace.slug
    dataset = draft.dataset
    again = (
        reverse("datasets:import", args=[slug, dataset.slug])
        if dataset
        else reverse("datasets:new", args=[slug])
    )
    fields = draft.preview.inferred.fields
    context = {
        "title": "Check and import",
        "crumbs": [
            ("Data", reverse("datasets:list", args=[slug])),
            (f"Import into {dataset.slug}" if dataset else "New dataset", again),
        ],
        "form": form,
        "draft": draft,
        "preview": draft.preview,
        "dataset": dataset,
        "is_simulated": bool(dataset and dataset.is_simulated),
        "file_name": draft.file.file_name or _PASTED,
        "again_url": again,
        "names": [seen.name for seen in fields],
        "sample": [_sample_row(row, fields) for row in draft.preview.rows],
    }
    return TemplateResponse(request, "datasets/draft.html", context)


def _sample_row(
    row: Mapping[str, object], fields: Sequence[InferredField]
) -> list[tuple[str, str, bool]]:
    """Return name, text and whether it is a column of numbers, for each cell."""
    return [
        (
            seen.name,
            show(row[seen.name]) if seen.name in row else "",
            seen.type in NUMBERS,
        )
        for seen in fields
    ]
