"""Apperate's own paths that this app answers, below each version word."""

from django.urls import URLPattern

from datasets.api.apperate.data import DataCall, ReadCall
from datasets.api.apperate.datasets import DatasetCall, DatasetListCall, DatasetsCall
from datasets.api.apperate.jobs import JobCall
from datasets.api.apperate.records import RecordCall
from workspaces.api.apperate import call

_ONE = "<str:workspace>/<str:dataset>"

urlpatterns: list[URLPattern] = [
    *call("datasets/<str:workspace>", DatasetsCall),
    *call(f"datasets/{_ONE}", DatasetCall),
    *call("jobs/<str:workspace>/ingest/<str:job>", JobCall),
    # `write` and `query` are the older names.
    *(
        pattern
        for name in ("record", "write")
        for pattern in call(f"{name}/{_ONE}", RecordCall)
    ),
    *(
        pattern
        for name in ("data", "query")
        for pattern in (
            *call(f"{name}/<str:workspace>", DatasetListCall),
            *call(f"{name}/{_ONE}", DataCall),
            *call(f"{name}/{_ONE}/<str:key>", ReadCall),
            *call(f"{name}/{_ONE}/<str:key>/<str:subkey>", ReadCall),
        )
    ),
]
