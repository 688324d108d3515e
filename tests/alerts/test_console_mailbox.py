"""The built-in mailbox: what was kept is read safely, and by its workspace alone."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

from alerts.outputs.mailbox import SIMULATED_HEADER, WORKSPACE_HEADER, list_mails
from tests.alerts.market import Market

pytestmark = pytest.mark.django_db

HERE = "/w/DEMO/mailbox"


@pytest.fixture(autouse=True)
def emptied() -> Iterator[None]:
    """Leave no mail for others."""
    yield
    shutil.rmtree(Path(settings.BELLWETHER_MAILBOX_DIR), ignore_errors=True)


def keep(subject: str, html: str = "", workspace: str = "DEMO", **headers: str) -> str:
    """Keep a mail and return its key."""
    mail = EmailMultiAlternatives(
        subject=subject,
        body=f"{subject}, as text",
        from_email="bell@example.com",
        to=["ana@example.com"],
        headers={WORKSPACE_HEADER: workspace, **headers},
        connection=get_connection("alerts.outputs.mailbox.EmailBackend"),
    )
    if html:
        mail.attach_alternative(html, "text/html")
    mail.send()
    return list_mails(workspace=workspace)[0].key


def test_newest_mail_stands_first_and_says_that_it_was_kept(
    market: Market, owner: Client
) -> None:
    keep("First")
    keep("Second")

    page = owner.get(HERE).content.decode()

    assert page.index(">Second</a>") < page.index(">First</a>")
    assert "in the built-in mailbox, and not sent" in page


def test_mail_about_simulated_data_is_marked_in_the_list_and_over_itself(
    market: Market, owner: Client
) -> None:
    real = keep("Real")
    key = keep("Price drop", **{SIMULATED_HEADER: "yes"})
    mark, band = 'data-chip="simulated"', "Simulated data"

    pages = [
        owner.get(address).content.decode()
        for address in (HERE, f"{HERE}/{key}", f"{HERE}/{real}")
    ]

    assert [page.count(mark) for page in pages] == [1, 1, 0]
    assert [band in page for page in pages] == [True, True, False]


def test_empty_mailbox_says_what_would_fill_it(market: Market, owner: Client) -> None:
    assert "No mail yet" in owner.get(HERE).content.decode()


def test_mail_is_shown_as_text_with_its_headers(market: Market, owner: Client) -> None:
    key = keep("Price <b>drop</b>", html="<p>Drop</p>")

    page = owner.get(f"{HERE}/{key}").content.decode()

    assert "Price &lt;b&gt;drop&lt;/b&gt;, as text" in page
    assert f'sandbox src="{HERE}/{key}/body"' in page
    assert "X-Bellwether-Workspace" in page


def test_mail_s_own_page_can_do_nothing(market: Market, owner: Client) -> None:
    key = keep("Evil", html="<script>alert(1)</script><p style='color:red'>Evil</p>")

    body = owner.get(f"{HERE}/{key}/body")

    policy = body.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none';")
    assert "script-src" not in policy
    assert body.headers["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize("more", ["", "/body"])
def test_mail_of_another_workspace_is_missing(
    market: Market, owner: Client, more: str
) -> None:
    key = keep("Secret", workspace="OTHER")

    assert owner.get(f"{HERE}/{key}{more}").status_code == 404
    assert owner.get(f"{HERE}/..%2F{key}{more}").status_code == 404


def test_stranger_finds_no_mailbox(market: Market, stranger: Client) -> None:
    key = keep("Mine")

    assert stranger.get(HERE).status_code == 404
    assert stranger.get(f"{HERE}/{key}").status_code == 404
    assert stranger.get(f"{HERE}/{key}/body").status_code == 404
