"""Workspaces and tokens in the native API."""

from django.urls import path

from workspaces.api import openapi  # noqa: F401 - registers itself when imported
from workspaces.api.workspaces import TokensView, WorkspacesView, WorkspaceView

urlpatterns = [
    path("workspaces", WorkspacesView.as_view()),
    path("workspaces/<str:workspace>", WorkspaceView.as_view()),
    path("workspaces/<str:workspace>/tokens", TokensView.as_view()),
]
