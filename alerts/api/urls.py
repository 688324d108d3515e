"""The native endpoints of this app, below a workspace's path."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
