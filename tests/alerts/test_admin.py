"""Every model has its place in the admin, and every page of it opens."""

from __future__ import annotations

import uuid

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db import models
from django.test import Client

from alerts.models import Attempt, Canary, Delivery, Heartbeat, Proof, Storm, minute_of
from alerts.services import create_output
from datasets.models import (
    Batch,
    Idempotency,
    Job,
    Lane,
    Quarantine,
    Record,
    Run,
    RunState,
    Source,
)
from rules.models import (
    BacktestRun,
    Forward,
    Instance,
    LaneRule,
    Operator,
    Place,
    Predicate,
    Rule,
    Tally,
)
from tests.alerts.market import Market
from tests.factories import NOW, MembershipFactory, TokenFactory, UserFactory
from workspaces.models import Membership
from workspaces.services import record_audit

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


def fill(market: Market) -> None:
    """Give every model a row: an alert of which a mail tells, and what is beside it."""
    MembershipFactory(workspace=market.workspace)
    TokenFactory(workspace=market.workspace)
    record_audit(access=market.access, action="rule.made", target="Cheap", now=NOW)
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    rule = market.watch(outputs=[{"output": output.slug}])
    market.alert()
    lane = Lane.objects.get(dataset=market.prices)
    Attempt.objects.create(
        delivery=Delivery.objects.get(), number=1, started_at=NOW, ended_at=NOW
    )
    minute = minute_of(NOW)
    Storm.objects.get_or_create(
        rule=rule, output=output, defaults={"minute": minute, "told": 1}
    )
    fill_datasets(market)
    fill_rules(rule, lane)
    Heartbeat.objects.create(part="calls@a_host", at=NOW)
    Canary.objects.create(pk=1, dataset=market.prices, due_at=NOW)
    Proof.objects.create(pk=uuid.uuid4(), sent_at=NOW, delivered_at=NOW)


def fill_datasets(market: Market) -> None:
    """Give a row to what is beside the events themselves."""
    batch = Batch.objects.filter(size__gt=0).latest("pk")
    Quarantine.objects.create(batch=batch, ord=0, reason="No.", created_at=NOW)
    Idempotency.objects.create(scope="write", key="1", body_hash="1", created_at=NOW)
    Job.objects.create(pk=uuid.uuid4(), dataset=market.prices, created_at=NOW)
    source = Source.objects.create(
        dataset=market.prices,
        name="Exchange",
        kind="simulator",
        next_run_at=NOW,
        created_at=NOW,
    )
    Run.objects.create(source=source, slot=NOW, state=RunState.DONE, started_at=NOW)


def fill_rules(rule: Rule, lane: Lane) -> None:
    """Give a row to what lanes keep of rules."""
    Instance.objects.get_or_create(rule=rule, key="MSFT")
    Tally.objects.create(lane=lane, key="MSFT", interest="price", runs=1, run_at=NOW)
    place = Place.objects.create(lane=lane, key="MSFT", field="price")
    Predicate.objects.create(
        lane=lane,
        rule=rule,
        place=place,
        operator=Operator.LTE,
        constant=310,
        is_all=True,
    )
    LaneRule.objects.create(rule=rule, lane=lane)
    Forward.objects.create(version=rule.versions.get(), lane=lane)
    BacktestRun.objects.create(
        pk=uuid.uuid4(),
        workspace=rule.workspace,
        request={},
        digest="1",
        created_at=NOW,
    )


def pages_of(model: type[models.Model]) -> dict[str, int]:
    """Return each page of a model, and how it answers those who may see it."""
    shown = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    row = model._default_manager.latest("pk")
    site = admin.site.get_model_admin(model)
    # Where adding is not allowed, Django shows its page to nobody.
    can_add = type(site).has_add_permission is admin.ModelAdmin.has_add_permission
    return {
        shown: 200,
        f"{shown}?q=1": 200,
        f"{shown}{quote(row.pk)}/change/": 200,
        f"{shown}add/": 200 if can_add else 403,
    }


def test_every_page_opens(market: Market, client: Client) -> None:
    fill(market)
    client.force_login(UserFactory(is_staff=True, is_superuser=True))
    registered = [model for model in OURS if admin.site.is_registered(model)]

    wanted = {
        page: status for model in registered for page, status in pages_of(model).items()
    }

    assert {page: client.get(page).status_code for page in wanted} == wanted


@pytest.mark.django_db
def test_people_who_are_not_staff_see_no_admin(client: Client) -> None:
    client.force_login(Membership.objects.get(pk=MembershipFactory().pk).user)

    assert client.get("/admin/rules/rule/").status_code == 302
