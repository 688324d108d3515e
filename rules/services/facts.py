"""From a fact path to its dataset, and from stored facts to the engine's."""

from __future__ import annotations

from datetime import UTC, datetime

from datasets.models import Dataset, KeyForm
from datasets.services import StoredFacts
from rules.engine import FactPath, FactValue, KeyFacts
from workspaces.models import Workspace


def dataset_of(fact: FactPath, *, own: Workspace) -> Dataset | None:
    """Return the dataset of a fact that `own` may watch, or None.

    A workspace watches its own datasets and those of shared workspaces.
    """
    if fact.workspace.upper() == own.slug.upper():
        workspace: Workspace | None = own
    else:
        workspace = (
            Workspace.objects.named(fact.workspace).filter(is_shared=True).first()
        )
    if workspace is None:
        return None
    return (
        Dataset.objects.alive()
        .filter(workspace=workspace)
        .named(fact.dataset)
        .select_related("workspace")
        .first()
    )


def facts_from(stored: StoredFacts) -> KeyFacts:
    """Return stored facts as the engine reads them."""
    return KeyFacts(
        values={
            name: FactValue(
                value=value,
                previous=previous,
                at=datetime.fromisoformat(str(at)).astimezone(UTC),
            )
            for name, (value, previous, at) in stored.fields.items()
        },
        watermark=stored.watermark,
    )


def series_of(dataset: Dataset) -> str:
    """Return the name under which the engine knows a dataset."""
    return f"{dataset.workspace.slug}:{dataset.slug}".upper()


def folds_of(dataset: Dataset) -> frozenset[str]:
    """Return the dataset's series if its keys are stored in capitals, else nothing."""
    is_folded = dataset.key_form == KeyForm.UPPER
    return frozenset([series_of(dataset)] if is_folded else ())
