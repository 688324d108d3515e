"""A workspace with one dataset, and its owner at the console."""

from __future__ import annotations

import pytest
from django.test import Client

from datasets.models import Dataset
from tests.factories import DatasetFactory, MembershipFactory
from workspaces.models import User


@pytest.fixture
def owner(db: None) -> User:
    return MembershipFactory(workspace__slug="DEMO").user


@pytest.fixture
def prices(owner: User) -> Dataset:
    workspace = owner.memberships.get().workspace
    return DatasetFactory(workspace=workspace, slug="PRICES")


@pytest.fixture
def client(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client
