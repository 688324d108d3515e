"""The API reference, which everybody may read: with script, without, in every look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import AXE, barriers, wrongs
from tests.installations import Installation

ADDRESS = "/api/docs"
UNFOLD = "document.querySelectorAll('details').forEach((one) => { one.open = true; })"


@pytest.fixture
def plain(browser: Browser, bellwether: Installation) -> Iterator[Page]:
    """A stranger's page in a browser that runs no script."""
    context = browser.new_context(base_url=bellwether.url, java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_everybody_can_read_the_reference(
    browser: Browser, bellwether: Installation
) -> None:
    context = browser.new_context(base_url=bellwether.url)
    context.add_init_script(path=AXE)
    page = context.new_page()
    page.goto(ADDRESS)

    assert wrongs(page) == []
    page.evaluate(UNFOLD)
    assert barriers(page) == []
    context.close()


def test_reference_reads_the_same_without_script(plain: Page) -> None:
    plain.goto(ADDRESS)

    plain.get_by_role("link", name="GET /rules/{rule}/versions").click()

    title = plain.locator("#versions_list")
    expect(title).to_be_in_viewport()
    call = plain.locator("[data-operation=versions_list]")
    expect(call.get_by_role("row", name="rule required")).to_be_visible()
    expect(call.locator("pre")).to_contain_text("/rules/RULE/versions")
    expect(plain.get_by_label("Find a call")).to_be_hidden()
    expect(plain.get_by_role("button", name="Copy")).to_have_count(0)


def test_filter_keeps_the_calls_that_bear_every_word(page: Page) -> None:
    page.goto(ADDRESS)
    contents = page.get_by_role("navigation", name="Contents")

    page.get_by_label("Find a call").fill("if-match put")

    expect(page.locator("[data-operation]:visible")).to_have_count(1)
    expect(page.get_by_role("heading", name="PUT")).to_be_visible()
    expect(contents.get_by_role("link", name="PUT /rules/{rule}")).to_be_visible()
    expect(contents.get_by_role("link", name="Datasets")).to_be_hidden()
    expect(contents.get_by_role("status")).to_contain_text("1 of ")
    assert barriers(page) == []
    page.get_by_label("Find a call").fill("")
    expect(page.locator("[data-operation][hidden]")).to_have_count(0)


def test_command_is_copied_with_its_lines(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(ADDRESS)

    page.get_by_role("button", name="Copy the command to try").click()

    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.splitlines()[1] == "  -H 'Authorization: Bearer TOKEN'"
