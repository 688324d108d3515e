"""What has stopped working is told to its owners, once, and once when it is over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.core.mail import EmailMessage

from alerts.models import Alert, FeedEntry, Output
from alerts.pipeline import drain_lane
from alerts.services import note_heartbeat, send_due
from alerts.sweeping import sweep_timers, sweep_troubles
from datasets.models import Dataset, Lane, Source
from datasets.services import fetch_source, open_lane
from rules.models import Health, Rule
from rules.services import create_rule, delete_rule, turn_rule
from tests.factories import NOW, MembershipFactory, UserFactory
from tests.receivers import Receiver, Reply
from tests.story.lane import PATIENCE_SECONDS, definition, drain, price, send
from tests.story.sending import tell, webhook
from workspaces.access import Access
from workspaces.models import Role, Workspace

pytestmark = pytest.mark.django_db

LATER = timedelta(hours=2)
HOLD = timedelta(seconds=30)


@pytest.fixture(autouse=True)
def people(access: Access) -> None:
    """Ana owns the workspace, Ben edits it, Sam runs the installation."""
    for email, role in (("ana", Role.OWNER), ("ben", Role.EDITOR)):
        user = UserFactory(email=f"{email}@example.com")
        MembershipFactory(workspace=access.workspace, user=user, role=role)
    UserFactory(email="sam@example.com", is_staff=True)


def watch(now: datetime) -> None:
    """Look for troubles at an instant, and do all that follows within the hold."""
    sweep_troubles(now=now)
    judge()
    sweep_timers(now=now + HOLD)
    judge()
    for output in Output.objects.filter(kind="owners"):
        send_due(output_id=output.pk)


def judge() -> None:
    for lane in Lane.objects.filter(dataset__slug="_system_health"):
        drain_lane(lane_id=lane.pk, budget_seconds=PATIENCE_SECONDS)


class Gone:
    """A receiver that wants no more."""

    subject = "output hook"
    words = "was turned off. The receiver answered 410"

    def fail(self, access: Access, prices: Dataset, sink: Receiver) -> None:
        sink.replies["/hook"] = Reply(status=410)
        output = webhook(access, sink)
        Output.objects.update(slug="hook")
        output.refresh_from_db()
        tell(access, prices, output)
        send_due(output_id=output.pk)

    def mend(self, prices: Dataset) -> None:
        Output.objects.filter(slug="hook").update(is_enabled=True, disabled_reason="")


class Failing:
    """A receiver that has failed for an hour."""

    subject = "output hook"
    words = "has failed for over an hour"

    def fail(self, access: Access, prices: Dataset, sink: Receiver) -> None:
        webhook(access, sink)
        Output.objects.update(slug="hook", failures=9, opened_at=NOW)

    def mend(self, prices: Dataset) -> None:
        Output.objects.filter(slug="hook").update(failures=0, opened_at=None)


class Stale:
    """A source that brings nothing."""

    subject = "source PRICES Rates"
    words = "The source Rates of PRICES has brought nothing for too long."

    def fail(self, access: Access, prices: Dataset, sink: Receiver) -> None:
        Source.objects.create(
            dataset=prices, name="Rates", kind="url", next_run_at=NOW, created_at=NOW
        )

    def mend(self, prices: Dataset) -> None:
        Source.objects.update(created_at=NOW + LATER + LATER)


class Unreadable:
    """A source whose schedule nobody here can read."""

    subject = "source PRICES Rates"
    words = "The source Rates of PRICES cannot run. The source was turned off, because"

    def fail(self, access: Access, prices: Dataset, sink: Receiver) -> None:
        source = Source.objects.create(
            dataset=prices,
            name="Rates",
            kind="url",
            every_seconds=None,
            cron="0 9 * * *",
            zone="Mars/Olympus",
            next_run_at=NOW,
            created_at=NOW,
        )
        fetch_source(source_id=source.pk)

    def mend(self, prices: Dataset) -> None:
        Source.objects.update(zone="Asia/Kathmandu")


class InError:
    """A rule that cannot be judged."""

    subject = "rule cheap"
    words = "The rule Cheap could not be judged. Division by nothing."

    def fail(self, access: Access, prices: Dataset, sink: Receiver) -> None:
        create_rule(access=access, definition=definition(), now=NOW)
        drain(prices)
        Rule.objects.update(health=Health.ERROR, error="Division by nothing.")

    def mend(self, prices: Dataset) -> None:
        Rule.objects.update(health=Health.OK, error="")


class Behind:
    """A lane that nobody drains."""

    subject = "dataset PRICES"
    words = "PRICES is more than a minute behind"

    def fail(self, access: Access, prices: Dataset, sink: Receiver) -> None:
        send(prices, price(300))

    def mend(self, prices: Dataset) -> None:
        drain(prices)


ALL = [Gone(), Failing(), Stale(), Unreadable(), InError(), Behind()]


@pytest.mark.parametrize("trouble", ALL, ids=lambda one: type(one).__name__)
def test_owners_are_told_once_and_once_when_it_is_over(
    access: Access,
    prices: Dataset,
    sink: Receiver,
    mailoutbox: list[EmailMessage],
    trouble: Gone | Failing | Stale | Unreadable | InError | Behind,
) -> None:
    trouble.fail(access, prices, sink)
    for again in range(3):
        watch(NOW + LATER + again * HOLD)
    told = list(mailoutbox)
    trouble.mend(prices)
    for again in range(3):
        watch(NOW + LATER + LATER + again * HOLD)

    alert = Alert.objects.get(key=trouble.subject)
    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]] * 2
    (first,) = told
    assert trouble.words in first.subject
    assert mailoutbox[1].subject == f"Resolved: {first.subject}"
    entries = FeedEntry.objects.filter(alert=alert).order_by("pk")
    assert [one.kind for one in entries] == ["opened", "resolved"]
    assert alert.workspace == access.workspace
    assert trouble.words in alert.reason


def test_workspace_in_which_all_is_well_has_nothing_of_it(
    access: Access, prices: Dataset
) -> None:
    watch(NOW)

    assert list(Dataset.objects.values_list("slug", flat=True)) == ["PRICES"]
    assert not Rule.objects.exists()


def test_what_mends_itself_at_once_is_told_to_nobody(
    access: Access, prices: Dataset, mailoutbox: list[EmailMessage]
) -> None:
    send(prices, price(300))
    sweep_troubles(now=NOW + LATER)
    judge()
    drain(prices)

    watch(NOW + LATER + HOLD / 2)
    watch(NOW + LATER + HOLD)

    assert mailoutbox == []
    assert not Alert.objects.exists()


def test_report_that_waits_is_not_made_again(access: Access, prices: Dataset) -> None:
    send(prices, price(300))
    for again in range(3):
        sweep_troubles(now=NOW + LATER + again * HOLD)

    health = Dataset.objects.get(slug="_system_health")
    reports = open_lane(health).batches.exclude(origin="rule")
    assert [one.size for one in reports] == [1]


@pytest.mark.parametrize(
    "silence",
    [
        lambda access, rule: turn_rule(access=access, rule=rule, on=False, now=NOW),
        lambda access, rule: delete_rule(access=access, rule=rule, now=NOW),
    ],
    ids=["turned off", "deleted"],
)
def test_owners_who_want_to_hear_nothing_hear_nothing(
    access: Access,
    prices: Dataset,
    mailoutbox: list[EmailMessage],
    silence: Callable[[Access, Rule], object],
) -> None:
    send(prices, price(300))
    sweep_troubles(now=NOW + LATER)
    silence(access, Rule.objects.get())
    drain(prices)
    watch(NOW + LATER + HOLD)
    send(prices, price(300))

    watch(NOW + LATER + LATER)

    assert mailoutbox == []
    assert not Rule.objects.alive().filter(is_enabled=True).exists()


def test_nobody_hears_of_another_workspace(
    access: Access, prices: Dataset, mailoutbox: list[EmailMessage]
) -> None:
    other = MembershipFactory(user=UserFactory(email="eve@example.com")).workspace
    send(prices, price(300))

    watch(NOW + LATER)

    assert [mail.to for mail in mailoutbox] == [["ana@example.com"]]
    assert not Alert.objects.filter(workspace=other).exists()


def test_of_a_part_that_stopped_hears_who_runs_the_installation(
    mailoutbox: list[EmailMessage],
) -> None:
    for part, at in (("worker", NOW), ("beat", NOW + LATER), ("runner", NOW + LATER)):
        note_heartbeat(part=part, now=at)

    watch(NOW + LATER)
    note_heartbeat(part="worker", now=NOW + LATER + HOLD)
    watch(NOW + LATER + HOLD)

    words = "The part worker of this installation has stopped working."
    assert [mail.to for mail in mailoutbox] == [["sam@example.com"]] * 2
    assert [mail.subject for mail in mailoutbox] == [words, f"Resolved: {words}"]
    assert Alert.objects.get().workspace == Workspace.objects.get(slug="_system")


def test_part_that_only_starts_has_not_stopped(
    mailoutbox: list[EmailMessage],
) -> None:
    watch(NOW)

    assert not Workspace.objects.filter(slug="_system").exists()
