"""What there is to watch: visible datasets, their keys, and values of a field."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from datasets.models import Dataset, Fact
from workspaces.models import Workspace

#: Facts looked at for the values of a field; a list of choices is not for more.
_FACTS_READ = 5_000


def visible_datasets(*, workspace: Workspace) -> Iterable[Dataset]:
    """Return the datasets that a workspace may watch: its own and the shared ones."""
    return (
        Dataset.objects.alive()
        .filter(Q(workspace=workspace) | Q(workspace__is_shared=True))
        .select_related("workspace")
        .order_by("workspace__slug", "slug")
    )


def known_keys(*, dataset: Dataset, limit: int) -> list[str]:
    """Return the first keys of a dataset, in order."""
    keys = Fact.objects.own().filter(dataset=dataset)
    return list(keys.order_by("key").values_list("key", flat=True)[:limit])


def distinct_values(*, dataset: Dataset, field: str) -> list[str]:
    """Return the different texts that a field has now, in order."""
    facts = Fact.objects.own().filter(dataset=dataset)
    found = (
        row.get(field) for row in facts.values_list("fields", flat=True)[:_FACTS_READ]
    )
    values = {entry[0] for entry in found if entry}
    return sorted(value for value in values if isinstance(value, str))
