"""Apperate's own paths that this app answers, below each version word."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
