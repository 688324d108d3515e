"""Apperate's calls that make, list, read, load and delete datasets."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from config.clock import database_now
from datasets.api.apperate.loading import LoadingView
from datasets.models import Dataset
from datasets.schemas import Index
from datasets.services import (
    Answer,
    DatasetDraft,
    answer_once,
    count_contents,
    create_dataset,
    delete_dataset,
    find_dataset,
    read_key,
)
from workspaces.access import Access
from workspaces.api.apperate import ApperateView
from workspaces.api.repeats import repeatable, replayed


class _Word(serializers.CharField):
    """A text that clients may also leave out or send as null."""

    def __init__(self) -> None:
        super().__init__(
            required=False, allow_blank=True, allow_null=True, default="", initial=""
        )


class _MappingSerializer(serializers.Serializer[Any]):  # any: it only reads
    key = _Word()
    subkey = _Word()
    date = _Word()


class _DraftSerializer(serializers.Serializer[Any]):  # any: it only reads
    """What clients say about a dataset; what else they say is ignored."""

    datasetId = serializers.CharField()  # noqa: N815 - their word
    title = _Word()
    description = _Word()
    source = _Word()  # type: ignore[assignment] # their word
    schema = serializers.DictField(required=False, default=dict)
    columnMapping = _MappingSerializer(required=False, default=dict)  # noqa: N815

    def to_draft(self) -> DatasetDraft:
        """Return the validated body as the service takes it."""
        said = self.validated_data
        mapping = said["columnMapping"]
        return DatasetDraft(
            slug=said["datasetId"],
            schema=said["schema"],
            title=said["title"] or "",
            description=said["description"] or "",
            supplier=said["source"] or "",
            index=Index(
                key=mapping.get("key") or "",
                subkey=mapping.get("subkey") or "",
                date=mapping.get("date") or "",
            ),
            zone="UTC",
        )


class DatasetListCall(ApperateView):
    """All datasets of a workspace, to be read."""

    cross_origin = frozenset(("GET",))

    def get(self, request: Request, workspace: str) -> Response:
        """List the datasets."""
        datasets = list(
            Dataset.objects.alive()
            .filter(workspace=self.access.workspace)
            .order_by("pk")
        )
        counts = count_contents(datasets)
        return Response([_shown(one, counts[one.pk]) for one in datasets])


class DatasetsCall(DatasetListCall):
    """All datasets of a workspace."""

    def post(self, request: Request, workspace: str) -> Response:
        """Make a dataset from `{"dataset": {...}}`."""
        body = self.read_object()
        asked = _DraftSerializer(data=body.get("dataset", body))
        asked.is_valid(raise_exception=True)
        now = database_now()

        def create() -> Answer:
            dataset = create_dataset(
                access=self.access, draft=asked.to_draft(), now=now
            )
            return Answer(
                status=200,
                body={
                    "success": True,
                    "message": "Dataset has been created",
                    "datasetId": dataset.slug,
                },
            )

        told = repeatable(request, access=self.access, body=self.raw_body)
        return replayed(answer_once(key=read_key(**told), act=create, now=now))


class DatasetCall(LoadingView):
    """One dataset."""

    takes_files = frozenset(("PUT",))
    cross_origin = frozenset(("GET",))

    def get(self, request: Request, workspace: str, dataset: str) -> Response:
        """Return the dataset."""
        found = find_dataset(access=self.access, slug=dataset)
        counts = count_contents([found])
        return Response(_shown(found, counts[found.pk]))

    def put(self, request: Request, workspace: str, dataset: str) -> Response:
        """Load the rows in the body."""
        return self.load(dataset)

    def delete(self, request: Request, workspace: str, dataset: str) -> Response:
        """Hide the dataset; its name is free at once."""
        return Response(_delete(self.access, dataset))


def _delete(access: Access, slug: str) -> dict[str, object]:
    dataset = find_dataset(access=access, slug=slug)
    delete_dataset(access=access, dataset=dataset, now=database_now())
    return {
        "success": True,
        "message": f"Dataset {dataset.slug} has been deleted",
        "datasetId": dataset.slug,
    }


def _shown(dataset: Dataset, counts: tuple[int, int]) -> dict[str, object]:
    keys, records = counts
    named = {
        "key": dataset.key_field,
        "subkey": dataset.subkey_field,
        "date": dataset.date_field,
    }
    return {
        "datasetId": dataset.slug,
        "title": dataset.title,
        "description": dataset.description,
        "source": dataset.supplier,
        "schema": dataset.schema,
        "columnMapping": {role: name for role, name in named.items() if name},
        "smartLinkAttributes": [],
        "parentDatasetId": None,
        "date": int(dataset.created_at.timestamp() * 1000),
        "updated": int(dataset.updated_at.timestamp() * 1000),
        "keys": keys,
        "records": records,
    }
