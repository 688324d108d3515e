"""The native endpoints of this app, below a workspace's path."""

from django.urls import path

from datasets.api.batches import BatchView
from datasets.api.datasets import DatasetsView, DatasetView
from datasets.api.facts import DatasetFactsView, FactsView
from datasets.api.jobs import JobView
from datasets.api.records import RecordsView
from datasets.api.sources import SourcesView, SourceView

urlpatterns = [
    path("datasets", DatasetsView.as_view()),
    path("datasets/<str:dataset>", DatasetView.as_view()),
    path("datasets/<str:dataset>/records", RecordsView.as_view()),
    path("datasets/<str:dataset>/facts", DatasetFactsView.as_view()),
    path("datasets/<str:dataset>/sources", SourcesView.as_view()),
    path("datasets/<str:dataset>/sources/<int:source>", SourceView.as_view()),
    path("facts", FactsView.as_view()),
    path("batches/<int:batch>", BatchView.as_view()),
    path("jobs/<str:job>", JobView.as_view()),
]
