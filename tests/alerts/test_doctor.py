"""`manage.py doctor`: every finding that is not fine says how to mend it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from alerts.models import Heartbeat, Output
from alerts.services import Finding, Verdict, examine, worker_names
from config.clock import database_now, utc_now
from datasets.models import Batch, Dataset, Quarantine
from datasets.services import open_lane
from rules.models import Health, Rule
from rules.services import create_rule
from tests.factories import NOW, DatasetFactory, WorkspaceFactory
from tests.services.redis import broker
from tests.story.lane import definition, price, send
from workspaces.access import open_for_system

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def in_order(settings: Settings) -> None:
    """An installation of which every part has just shown that it works."""
    settings.BELLWETHER_MAIL_IS_KEPT = False
    for part in (*worker_names(), "beat", "runner"):
        Heartbeat.objects.create(part=part, at=database_now())


@pytest.fixture
def prices() -> Dataset:
    """DEMO:PRICES with a rule."""
    workspace = WorkspaceFactory(slug="DEMO")
    dataset = DatasetFactory(workspace=workspace, slug="PRICES")
    access = open_for_system(workspace=workspace)
    create_rule(access=access, definition=definition(), now=NOW)
    return dataset


def found() -> dict[str, Finding]:
    """Return what is not fine, by its subject; pages may be built or not."""
    return {
        one.subject: one
        for one in examine(now=utc_now())
        if one.mend and one.subject != "pages"
    }


def test_nothing_is_wrong_with_an_installation_in_order() -> None:
    assert found() == {}


def debug_elsewhere(settings: Settings) -> None:
    settings.DEBUG, settings.BELLWETHER_URL = True, "https://bw.example"


def unprotected(settings: Settings) -> None:
    settings.BELLWETHER_URL = "http://bw.example"


def kept_mail(settings: Settings) -> None:
    settings.BELLWETHER_MAIL_IS_KEPT = True


def no_redis(settings: Settings) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"


@pytest.mark.parametrize(
    ("change", "subject", "verdict"),
    [
        (debug_elsewhere, "debug pages", Verdict.BROKEN),
        (unprotected, "address", Verdict.LOOK),
        (kept_mail, "mail", Verdict.LOOK),
        (no_redis, "Redis", Verdict.BROKEN),
    ],
)
def test_a_setting_that_is_wrong_is_found(
    settings: Settings,
    change: Callable[[Settings], None],
    subject: str,
    verdict: Verdict,
) -> None:
    change(settings)

    assert found()[subject].verdict is verdict


@pytest.mark.parametrize(
    ("policy", "verdict"),
    [("noeviction", Verdict.OK), ("allkeys-lru", Verdict.BROKEN)],
)
def test_a_redis_that_forgets_when_it_is_full_is_found(
    settings: Settings, policy: str, verdict: Verdict
) -> None:
    with broker("--maxmemory-policy", policy) as own:
        settings.REDIS_URL = own.url
        by_subject = {one.subject: one for one in examine(now=utc_now())}

    found = by_subject["Redis when it is full"]
    assert found.seen == f"maxmemory-policy is {policy}"
    assert found.verdict is verdict


def test_a_full_disk_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alerts.services.doctoring._FREE_BYTES", 10**18)

    assert found()["disk"].verdict is Verdict.LOOK


def test_a_clock_that_is_wrong_is_found() -> None:
    findings = {one.subject: one for one in examine(now=utc_now() - timedelta(hours=1))}

    assert findings["clocks"].verdict is Verdict.LOOK


def test_a_part_that_is_silent_is_found() -> None:
    Heartbeat.objects.filter(part="beat").update(at=NOW)

    assert found()["beat"].verdict is Verdict.BROKEN


def test_work_that_does_not_go_on_is_found(prices: Dataset) -> None:
    send(prices, price(300))
    Batch.objects.update(received_at=database_now() - timedelta(minutes=2))
    batch = Batch.objects.earliest("pk")
    Quarantine.objects.create(batch=batch, ord=0, reason="?", created_at=NOW)
    Rule.objects.update(health=Health.ERROR)
    Output.objects.create(
        workspace=prices.workspace,
        slug="hook",
        kind="webhook",
        is_enabled=False,
        disabled_reason="410",
        created_at=NOW,
    )

    wrong = found()

    assert wrong.keys() == {"backlog", "quarantine", "rules", "outputs"}
    assert open_lane(prices).batches.count() == 2
    assert "2 batches wait" in wrong["backlog"].seen
    assert "DEMO/cheap" in wrong["rules"].seen


def test_the_command_prints_every_finding_and_its_mend(settings: Settings) -> None:
    kept_mail(settings)
    said = StringIO()

    call_command("doctor", stdout=said)

    assert "look   mail" in said.getvalue()
    assert "Set EMAIL_URL" in said.getvalue()


def test_the_command_fails_when_something_is_broken(settings: Settings) -> None:
    debug_elsewhere(settings)

    with pytest.raises(CommandError, match="1 of these must be mended"):
        call_command("doctor", stdout=StringIO())
