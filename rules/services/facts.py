"""From a fact path to the dataset it names."""

from __future__ import annotations

from datasets.models import Dataset
from rules.engine import FactPath
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
