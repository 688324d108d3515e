"""Home: whether it works, what is new, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Exists, OuterRef, Q

from alerts.models import Alert, Delivery, FeedHead, Output
from alerts.services.browsing import FeedFilter, Row, Show, browse_feed
from alerts.services.examples import Card, example_cards
from alerts.services.seeding import may_start_market
from datasets.models import Dataset
from datasets.services import SourceState, events_last_minute, source_states
from rules.models import Health, Rule
from workspaces.access import Access
from workspaces.models import Workspace

#: Alerts that Home shows.
LATEST = 8
#: Deliveries that failed longer ago worry nobody on Home any more.
WORRY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What the tiles say; alerts of today by the workspace's own clock."""

    alerts_today: int
    rules_on: int
    rules_off: int
    rules_in_error: int
    events_last_minute: int
    failed_deliveries: int
    outputs_off: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far somebody has come who starts with the product."""

    has_rule: bool
    has_alert: bool
    has_acknowledged: bool
    has_output: bool
    has_dataset: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Everything on the page."""

    numbers: Numbers
    progress: Progress
    rows: list[Row]
    head: FeedHead
    sources: list[SourceState]
    examples: Sequence[Card]
    may_start_market: bool
    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What can be said where there is no alert to show."""

    has_alerts: bool
    last_alert_at: datetime | None
    rules_on: int
    events_last_minute: int


def read_quiet(*, access: Access, now: datetime) -> Quiet:
    """Say what goes on in a workspace while nothing is to be shown."""
    workspace = access.workspace
    live = Alert.objects.filter(workspace=workspace, is_historical=False)
    last = live.order_by("-recorded_at", "-pk").values_list("recorded_at", flat=True)
    last_alert_at = last.first()
    rules = Rule.objects.alive().filter(workspace=workspace, is_enabled=True)
    return Quiet(
        has_alerts=last_alert_at is not None,
        last_alert_at=last_alert_at,
        rules_on=rules.count(),
        events_last_minute=events_last_minute(workspace=workspace, now=now),
    )


def read_home(*, access: Access, now: datetime) -> Home:
    """Look at a workspace as a whole."""
    latest = browse_feed(
        access=access, wanted=FeedFilter(show=Show.ALL), limit=LATEST, with_notes=False
    )
    examples = example_cards(workspace=access.workspace)
    return Home(
        numbers=_numbers(access.workspace, now),
        progress=_progress(access.workspace),
        rows=latest.rows,
        head=latest.head,
        sources=source_states(workspace=access.workspace, now=now),
        examples=examples,
        may_start_market=not examples and may_start_market(access=access),
        zone=access.workspace.zone,
    )


def _numbers(workspace: Workspace, now: datetime) -> Numbers:
    local = now.astimezone(ZoneInfo(workspace.zone))
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    rules = (
        Rule.objects.alive()
        .filter(workspace=workspace)
        .aggregate(
            rules_on=Count("pk", filter=Q(is_enabled=True)),
            rules_off=Count("pk", filter=Q(is_enabled=False)),
            rules_in_error=Count("pk", filter=Q(health=Health.ERROR)),
        )
    )
    return Numbers(
        **rules,
        alerts_today=Alert.objects.filter(
            workspace=workspace, recorded_at__gte=midnight, is_historical=False
        ).count(),
        events_last_minute=events_last_minute(workspace=workspace, now=now),
        failed_deliveries=Delivery.objects.undelivered()
        .filter(workspace=workspace, created_at__gte=now - WORRY)
        .count(),
        outputs_off=Output.objects.alive()
        .filter(workspace=workspace, is_enabled=False)
        .count(),
    )


def _progress(workspace: Workspace) -> Progress:
    alerts = Alert.objects.filter(workspace=OuterRef("pk"))
    rules = Rule.objects.alive().filter(workspace=OuterRef("pk"))
    outputs = Output.objects.alive().filter(workspace=OuterRef("pk"))
    datasets = Dataset.objects.alive().filter(workspace=OuterRef("pk"))
    found = (
        Workspace.objects.filter(pk=workspace.pk)
        .values(
            has_rule=Exists(rules),
            has_alert=Exists(alerts),
            has_acknowledged=Exists(alerts.exclude(acknowledged_at=None)),
            has_output=Exists(outputs),
            has_dataset=Exists(datasets),
        )
        .get()
    )
    return Progress(**found)
