"""What there is to watch: visible datasets, their keys, and values of a field."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from datasets.models import Dataset, Fact
from datasets.schemas import Field, FieldType, read_schema
from workspaces.models import Workspace

#: Keys that are listed of a dataset, the first ones; people search all of them.
KEYS_LISTED = 200
#: Values of a field that are listed; a list of choices is not for more.
VALUES_LISTED = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """What rules can be made of in one dataset: its first keys, and its fields.

    `lookups` names the fields of which `find_values` lists the values.
    """

    dataset: Dataset
    keys: Sequence[str]
    fields: Sequence[Field]
    lookups: frozenset[str]


def visible_datasets(*, workspace: Workspace) -> QuerySet[Dataset]:
    """Return the datasets that a workspace may watch: its own and the shared ones."""
    return (
        Dataset.objects.alive()
        .filter(Q(workspace=workspace) | Q(workspace__is_shared=True))
        .select_related("workspace")
        .order_by("workspace__slug", "slug")
    )


def list_vocabulary(*, workspace: Workspace) -> list[Vocabulary]:
    """Return what rules can be made of in each dataset that a workspace may watch."""
    datasets = visible_datasets(workspace=workspace).prefetch_related("lanes")
    return [_vocabulary_of(dataset) for dataset in datasets]


def find_values(*, workspace: Workspace, field: str) -> list[str]:
    """Return the different texts that a field has now in any visible dataset, in order.

    Keys are listed of every dataset, because an index holds them in order; other fields
    only where the keys are few, so that no large dataset is ever read through.
    """
    values: set[str] = set()
    for dataset in visible_datasets(workspace=workspace).prefetch_related("lanes"):
        if len(values) >= VALUES_LISTED:
            break
        if read_schema(dataset.schema).field(field) is not None:
            values.update(_values_of(dataset, field))
    return sorted(values)[:VALUES_LISTED]


def _vocabulary_of(dataset: Dataset) -> Vocabulary:
    fields = read_schema(dataset.schema).fields
    keys = _first_keys(dataset, KEYS_LISTED + 1)
    texts = {field.name for field in fields if field.type is FieldType.STRING}
    if not keys:
        texts.clear()
    elif len(keys) > KEYS_LISTED:
        texts &= {dataset.key_field}
    return Vocabulary(
        dataset=dataset,
        keys=keys[:KEYS_LISTED],
        fields=fields,
        lookups=frozenset(texts),
    )


def _values_of(dataset: Dataset, field: str) -> Iterable[str]:
    vocabulary = _vocabulary_of(dataset)
    if field not in vocabulary.lookups:
        return ()
    if field == dataset.key_field:
        return _first_keys(dataset, VALUES_LISTED)
    facts = Fact.objects.own().filter(dataset=dataset, key__in=vocabulary.keys)
    entries = (row.get(field) for row in facts.values_list("fields", flat=True))
    return (entry[0] for entry in entries if entry and isinstance(entry[0], str))


def _first_keys(dataset: Dataset, count: int) -> list[str]:
    """Return the first keys of a dataset, in order.

    Lane by lane: each is read in the order of its index, and no further.
    """
    rows = Fact.objects.filter(dataset=dataset, is_guest=False).order_by("key")
    keys = rows.values_list("key", flat=True)
    found = (keys.filter(lane=lane)[:count] for lane in dataset.lanes.all())
    return sorted(key for some in found for key in some)[:count]
