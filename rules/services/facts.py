"""From a fact path to its dataset, and from stored facts to the engine's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from datasets.models import Dataset, KeyForm
from datasets.services import StoredFacts, read_zone, visible_datasets
from rules.engine import FactPath, FactPathInvalid, FactValue, KeyFacts, Series
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


def simulation_of(*, workspace: Workspace) -> Callable[[str], bool]:
    """Return what says of a fact, as written, whether its data are simulated."""
    visible = visible_datasets(workspace=workspace)
    simulated = {series_of(one) for one in visible if one.is_simulated}

    def is_simulated(text: str) -> bool:
        try:
            fact = FactPath.parse(text, workspace.slug)
        except FactPathInvalid:
            return False
        return f"{fact.workspace}:{fact.dataset}".upper() in simulated

    return is_simulated


def facts_from(stored: StoredFacts) -> KeyFacts:
    """Return stored facts as the engine reads them."""
    return KeyFacts(
        values={
            name: FactValue.from_json(written)
            for name, written in stored.fields.items()
        },
        watermark=stored.watermark,
    )


def series_of(dataset: Dataset) -> str:
    """Return the name under which the engine knows a dataset."""
    return f"{dataset.workspace.slug}:{dataset.slug}".upper()


def traits_of(
    dataset: Dataset, *, lateness_seconds: int | None = None
) -> dict[str, Series]:
    """Return what the engine must know of a dataset, by its series.

    `lateness_seconds` is what is in effect where that is asked about; else what was
    last saved counts.
    """
    seconds = dataset.lateness_seconds if lateness_seconds is None else lateness_seconds
    traits = Series(
        lateness=timedelta(seconds=seconds),
        folds=dataset.key_form == KeyForm.UPPER,
        zone=read_zone(dataset.zone),
    )
    return {series_of(dataset): traits}
