"""Every page that sends mail says where the mail goes while no mail server is set."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from alerts.services import create_output
from tests.alerts.market import Market
from tests.factories import NOW
from workspaces.models import Installation

pytestmark = pytest.mark.django_db

KEPT = "Mail is kept in the built-in mailbox, not sent"
LINK = 'href="/w/DEMO/mailbox">Open the mailbox'
NEW = "/w/DEMO/data/new"

Place = Callable[[Market, Client], str]


@pytest.fixture(autouse=True)
def uploads(settings: Settings, tmp_path: Path) -> None:
    """Keep what is pasted where it is swept away."""
    settings.MEDIA_ROOT = tmp_path


def rules(market: Market, owner: Client) -> str:
    """Return the list, whose switch turns a rule on."""
    market.watch()
    return "/w/DEMO/rules"


def rule(market: Market, owner: Client) -> str:
    return f"/w/DEMO/rules/{market.watch().uuid}/edit"


def new_rule(market: Market, owner: Client) -> str:
    return "/w/DEMO/rules/new"


def draft(market: Market, owner: Client) -> str:
    """Return the page that asks whether records are history or news."""
    pasted = "symbol,price\nMSFT,309.20\n"
    return str(owner.post(NEW, {"text": pasted}).headers["Location"])


def news(market: Market, owner: Client) -> str:
    """Return the import of records that happen now."""
    said = {"name": "NEWS", "key": "symbol", "date": "", "zone": "UTC"}
    types = {"type-0": "string", "type-1": "number"}
    address = draft(market, owner)
    answer = owner.post(address, {**said, **types, "records": "live"})
    return str(answer.headers["Location"])


def alert(market: Market, owner: Client) -> str:
    """Return an alert of which a mail tells."""
    output = create_output(
        access=market.access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    market.watch(outputs=[{"output": output.slug}])
    return f"/w/DEMO/alerts/{market.alert().pk}"


@pytest.mark.parametrize("place", [rules, rule, new_rule, draft, news, alert])
def test_page_that_sends_mail_says_that_it_is_kept_and_leads_to_it(
    market: Market, owner: Client, settings: Settings, place: Place
) -> None:
    address = place(market, owner)

    settings.BELLWETHER_MAIL_IS_KEPT = True
    kept = " ".join(owner.get(address).content.decode().split())
    settings.BELLWETHER_MAIL_IS_KEPT = False
    sent = owner.get(address)

    assert KEPT in kept
    assert LINK in kept
    assert sent.status_code == 200
    assert KEPT not in " ".join(sent.content.decode().split())


def test_set_up_says_that_mail_is_kept_before_there_is_a_mailbox(
    client: Client, settings: Settings
) -> None:
    Installation.objects.all().delete()
    settings.BELLWETHER_MAIL_IS_KEPT = True

    assert KEPT in " ".join(client.get("/setup").content.decode().split())
