"""From a fact path to its dataset, and from stored facts to the engine's."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from datasets.models import Dataset, KeyForm, Lane
from datasets.services import (
    StoredFacts,
    is_own_key,
    load_facts,
    read_zone,
    visible_datasets,
)
from rules.engine import FactPath, FactPathInvalid, FactValue, KeyFacts, Series, Subject
from rules.models import Forward, Version
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


def datasets_of(version: Version) -> list[Dataset]:
    """Return the datasets that a version reads: its home's, then those of others."""
    return [version.lane.dataset, *foreign_datasets_of(version.pk)]


def foreign_datasets_of(version_id: int) -> list[Dataset]:
    """Return the datasets that a version reads and that are not its home's."""
    forwards = Forward.objects.filter(version=version_id).order_by("pk")
    rows = forwards.select_related("lane__dataset__workspace")
    return [row.lane.dataset for row in rows]


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


class KnownDatasets:
    """The datasets of which a lane holds facts: its own, and those it is told of."""

    def __init__(self, own: Dataset) -> None:
        self._ids: dict[str, int] = {}
        self._series: dict[int, str] = {}
        self.add(own)

    def add(self, dataset: Dataset) -> None:
        """Take in a dataset as it is now."""
        series = series_of(dataset)
        self._ids[series], self._series[dataset.pk] = dataset.pk, series

    def __contains__(self, series: object) -> bool:
        """Tell whether a dataset of this name was taken in."""
        return series in self._ids

    def id_of(self, series: str) -> int:
        """Return the id of a dataset by the name under which the engine knows it."""
        return self._ids[series]

    def series_of(self, dataset_id: int) -> str | None:
        """Return that name by the id; None if it was never taken in."""
        return self._series.get(dataset_id)


def facts_from(stored: StoredFacts) -> KeyFacts:
    """Return stored facts as the engine reads them."""
    return KeyFacts(
        values={
            name: FactValue.from_json(written)
            for name, written in stored.fields.items()
        },
        watermark=stored.watermark,
    )


def facts_to_keep(dataset_id: int, key: str, facts: KeyFacts) -> StoredFacts:
    """Return the engine's facts of a key in the form in which a lane keeps them."""
    return StoredFacts(
        dataset_id=dataset_id,
        key=key,
        fields={name: fact.to_json() for name, fact in facts.values.items()},
        watermark=facts.watermark,
    )


def facts_as_forwarded(
    fields: Mapping[str, Sequence[Any]],  # Any: JSON as decoded
    seen: datetime,
) -> KeyFacts:
    """Return the facts that a record brings as they stood in another lane."""
    return KeyFacts(
        values={name: FactValue.from_json(written) for name, written in fields.items()},
        watermark=seen,
    )


def series_of(dataset: Dataset) -> str:
    """Return the name under which the engine knows a dataset."""
    return f"{dataset.workspace.slug}:{dataset.slug}".upper()


def all_traits(datasets: Iterable[Dataset]) -> dict[str, Series]:
    """Return what the engine must know of several datasets."""
    traits: dict[str, Series] = {}
    for dataset in datasets:
        traits |= traits_of(dataset)
    return traits


def facts_of_lanes(
    lanes: Iterable[Lane], subjects: Collection[Subject]
) -> dict[Subject, KeyFacts]:
    """Return facts of subjects, each as the lane of its own dataset knows them."""
    found: dict[Subject, KeyFacts] = {}
    for lane in lanes:
        series = series_of(lane.dataset)
        keys = {
            (lane.dataset_id, key)
            for name, key in subjects
            if name == series and is_own_key(lane, key)
        }
        stored = load_facts(lane=lane, keys=keys) if keys else {}
        found |= {(series, key): facts_from(one) for (_, key), one in stored.items()}
    return found


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
