"""Signing in and out."""

from django.contrib.auth.views import LogoutView
from django.urls import path

from workspaces.console.views import LoginView

app_name = "workspaces"
urlpatterns = [
    path("login", LoginView.as_view(), name="login"),
    path("logout", LogoutView.as_view(next_page="workspaces:login"), name="logout"),
]
