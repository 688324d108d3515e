"""The console's pages of this app."""

from django.urls import URLPattern

app_name = "datasets"
urlpatterns: list[URLPattern] = []
