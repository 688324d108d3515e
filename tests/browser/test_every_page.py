"""Pages and parts that no journey ends at: empty, refused, opened, or for readers."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.accessibility import AXE, looked, wrongs
from tests.browser.pages import (
    ERRORS,
    PREPARE,
    QUIET,
    READER,
    READING,
    TROUBLE,
    sign_in,
)
from tests.installations import Installation


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
    assert looked(page, *QUIET) == {}


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

    assert looked(page, *(f"/error/{code}" for code in error_pages), *ERRORS) == {}


@pytest.mark.usefixtures("error_pages")
def test_everybody_can_read_the_pages_that_a_reader_sees(
    browser: Browser, bellwether: Installation
) -> None:
    context = browser.new_context(base_url=bellwether.url)
    context.add_init_script(path=AXE)
    page = context.new_page()
    sign_in(page, READER)

    assert looked(page, *READING) == {}
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
