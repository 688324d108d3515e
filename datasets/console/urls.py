"""The console's pages of this app."""

from django.urls import path, register_converter

from datasets.console.imports import check_draft, import_into, new_dataset
from datasets.console.pages import (
    browse,
    dataset_detail,
    dataset_list,
    job_detail,
    job_list,
    retry_job,
)
from datasets.console.schedules import source_detail
from datasets.console.sources import turn

app_name = "datasets"


class DatasetName:
    """A dataset's name in an address; one called "new" is written in capitals.

    Names are found in any letter case, and `data/new` makes another one.
    """

    regex = "[^/]+"

    def to_python(self, value: str) -> str:
        """Return the name as it stands in the address."""
        return value

    def to_url(self, value: str) -> str:
        """Return the name as an address writes it."""
        return value.upper() if value == "new" else value


register_converter(DatasetName, "dataset")

_DATA = "w/<str:workspace>/data"
_JOBS = "w/<str:workspace>/jobs"
urlpatterns = [
    path(_DATA, dataset_list, name="list"),
    path(f"{_DATA}/new", new_dataset, name="new"),
    path(f"{_DATA}/new/<uuid:draft>", check_draft, name="draft"),
    path(f"{_DATA}/<dataset:dataset>", dataset_detail, name="detail"),
    path(f"{_DATA}/<dataset:dataset>/browse", browse, name="browse"),
    path(f"{_DATA}/<dataset:dataset>/import", import_into, name="import"),
    path(
        f"{_DATA}/<dataset:dataset>/sources/<int:source_id>",
        source_detail,
        name="source",
    ),
    path(
        f"{_DATA}/<dataset:dataset>/sources/<int:source_id>/turn",
        turn,
        name="turn-source",
    ),
    path(_JOBS, job_list, name="jobs"),
    path(f"{_JOBS}/<uuid:job>", job_detail, name="job"),
    path(f"{_JOBS}/<uuid:job>/retry", retry_job, name="retry-job"),
]
