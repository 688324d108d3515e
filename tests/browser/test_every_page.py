"""Pages and parts that no journey ends at: empty, refused, opened, or for readers."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.accessibility import AXE, looked, wrongs
from tests.browser.conftest import PASSWORD
from tests.installations import Installation

READER = "vic@example.com"
#: Makes a workspace in which nothing ever happened, and somebody who may only look;
#: prints the error pages that no address leads to.
PREPARE = f"""
import json
from django.template.loader import render_to_string
from config.clock import utc_now
from workspaces.models import Role, User, Workspace
from workspaces.services import add_member, create_workspace

now = utc_now()
quiet = create_workspace(slug="QUIET", now=now)
ana = User.objects.get(email="ana@example.com")
reader = User.objects.create_user("{READER}", "{PASSWORD}")
demo = Workspace.objects.get(slug="DEMO")
add_member(workspace=quiet, user=ana, role=Role.OWNER, now=now)
add_member(workspace=demo, user=reader, role=Role.VIEWER, now=now)
pages = {{code: render_to_string(f"errors/{{code}}.html") for code in (429, 500, 503)}}
print(json.dumps(pages))
"""

#: Sets an event aside, and lets a source fail.
TROUBLE = """
from config.clock import utc_now
from datasets.models import Batch, Dataset, Quarantine, Record, Run, Source

now = utc_now()
market = Dataset.objects.get(workspace__slug="CORE", slug="MARKET")
batch = Batch.objects.filter(lane__dataset=market, size__gt=0).latest("pk")
why = "Division by nothing."
Quarantine.objects.create(batch=batch, ord=0, reason=why, created_at=now)
failing = Source.objects.create(
    dataset=market, name="Rates", kind="simulator", config={"feed": "market"},
    every_seconds=86_400, next_run_at=now.replace(year=now.year + 1), created_at=now,
)
Run.objects.create(
    source=failing, slot=now, state="failed", started_at=now, ended_at=now,
    error="The host does not answer.",
)
"""


@pytest.fixture(scope="module")
def error_pages(bellwether: Installation, session: Any) -> dict[str, str]:
    """Error pages by their codes; the quiet workspace and its reader are there then."""
    printed = bellwether.manage("shell", "--verbosity=0", "-c", PREPARE)
    return dict(json.loads(printed))


def answer_with(body: str, route: Route) -> None:
    """Answer a request with a page."""
    route.fulfill(body=body, content_type="text/html")


@pytest.mark.usefixtures("error_pages")
def test_everybody_can_read_the_pages_of_a_new_workspace(page: Page) -> None:
    home = "/w/QUIET/"
    pages = ("feed", "rules", "data", "mailbox", "jobs")

    assert looked(page, home, *(f"{home}{name}" for name in pages)) == {}


@pytest.mark.usefixtures("error_pages")
def test_market_is_turned_off_and_home_leads_to_other_data(page: Page) -> None:
    for dataset in ("STOCK", "MARKET"):
        page.goto(f"/w/CORE/data/{dataset}")
        assert wrongs(page) == []
        switch = page.get_by_role("switch")
        switch.click()
        expect(switch).not_to_be_checked()
    page.get_by_role("link", name="Simulated market").click()
    expect(page.get_by_text("It is off. If it were on")).to_be_visible()
    page.get_by_label("At a time of day").check()
    assert wrongs(page) == []

    page.goto("/w/QUIET/")

    expect(page.get_by_role("heading", name="Bring something to watch")).to_be_visible()
    expect(page.get_by_role("heading", name="Rules to try")).to_have_count(0)
    assert wrongs(page) == []
    page.get_by_role("button", name="Turn on the demo market").click()
    expect(page.get_by_role("heading", name="Rules to try")).to_be_visible()


def test_staff_can_read_how_the_installation_does(
    page: Page, bellwether: Installation
) -> None:
    bellwether.manage("shell", "--verbosity=0", "-c", TROUBLE)

    assert looked(page, "/ops") == {}

    row = page.get_by_role("row").filter(has_text="Division by nothing.")
    expect(row).to_have_count(1)
    again = row.get_by_role("button", name="Judge again")
    again.focus()
    with page.expect_response("**/ops"):
        pass
    expect(again).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("is on its way through its lane again.")).to_be_visible()
    expect(row).to_have_count(0)
    assert wrongs(page) == []


def test_everybody_can_read_the_error_pages(
    context: BrowserContext, error_pages: dict[str, str]
) -> None:
    context.add_init_script(path=AXE)
    page = context.new_page()
    for code, body in error_pages.items():
        page.route(f"**/error/{code}", partial(answer_with, body))

    addresses = [*(f"/error/{code}" for code in error_pages)]
    addresses += ["/w/DEMO/nowhere", "/docs/problems"]
    assert looked(page, *addresses) == {}


@pytest.mark.usefixtures("error_pages")
def test_everybody_can_read_the_pages_that_a_reader_sees(
    browser: Browser, bellwether: Installation
) -> None:
    context = browser.new_context(base_url=bellwether.url)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto("/login")
    page.get_by_label("E-mail address").fill(READER)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/DEMO/")

    home = "/w/DEMO/"
    pages = ("feed", "rules", "rules/new", "data", "data/new")
    stock = "/w/CORE/data/STOCK"
    forbidden = f"{stock}/import"
    addresses = [home, *(f"{home}{name}" for name in pages), stock, forbidden]
    assert looked(page, *addresses) == {}
    context.close()


def test_everybody_can_use_what_opens_over_a_page(page: Page) -> None:
    page.goto("/w/DEMO/")
    main = page.get_by_role("navigation", name="Main", exact=True)

    main.locator("summary").first.click()
    assert wrongs(page) == []
    page.keyboard.press("Escape")
    main.locator("summary").last.click()
    assert wrongs(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    assert wrongs(page) == []
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 375, "height": 740})
    page.get_by_text("More", exact=True).click()

    expect(page.get_by_role("link", name="Mailbox").last).to_be_visible()
    assert wrongs(page) == []
