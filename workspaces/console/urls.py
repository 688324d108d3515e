"""Signing in and out, and what problems mean."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from workspaces.console.problems import problem_list
from workspaces.console.views import LoginView

app_name = "workspaces"
urlpatterns = [
    path("docs/problems", problem_list, name="problems"),
    path("login", LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(next_page="workspaces:login"), name="logout"),
]
