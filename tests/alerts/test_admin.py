"""Every model has its place in the admin, and every page of it opens."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import Client

from datasets.models import Record
from tests.factories import DatasetFactory, MembershipFactory, UserFactory
from workspaces.models import Membership

OURS = [
    model
    for label in ("workspaces", "datasets", "rules", "alerts")
    for model in apps.get_app_config(label).get_models()
]
# Shown inside another page: members with their workspace, tries with their delivery,
# and records, whose composite key the admin cannot address, with their batch.
INSIDE_ANOTHER = {"Membership", "Attempt", Record.__name__}


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_model_is_registered(model: type[models.Model]) -> None:
    assert admin.site.is_registered(model) or model.__name__ in INSIDE_ANOTHER


@pytest.mark.django_db
@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_every_list_opens_and_can_be_searched(model: type[models.Model]) -> None:
    if not admin.site.is_registered(model):
        return
    DatasetFactory(workspace=MembershipFactory().workspace)
    client = Client()
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    meta = model._meta

    answer = client.get(f"/admin/{meta.app_label}/{meta.model_name}/?q=1")

    assert answer.status_code == 200


@pytest.mark.django_db
def test_people_who_are_not_staff_see_no_admin() -> None:
    client = Client()
    client.force_login(Membership.objects.get(pk=MembershipFactory().pk).user)

    assert client.get("/admin/rules/rule/").status_code == 302
