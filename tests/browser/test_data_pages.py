"""Records come in by hand, in a real browser: pasted, and as a file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.accessibility import barriers, looked, wrongs

DATA = "/w/DEMO/data"
PRICES = """symbol,price,at
MSFT,309.20,2026-03-02T15:30:00Z
AAPL,187.45,2026-03-02T15:30:01Z
TSLA,1
"""
#: The page is left while it speaks, so what it says is kept beside it.
NOTE_WHAT_IS_SAID = """() => {
  const line = document.querySelector('[data-sent]');
  const note = () => sessionStorage.setItem(
    'said', (sessionStorage.getItem('said') ?? '') + line.textContent + '|');
  new MutationObserver(note).observe(line, {childList: true});
}"""
WHAT_WAS_SAID = "() => sessionStorage.getItem('said')"


def paste(page: Page, text: str) -> None:
    """Paste records and look at what was found."""
    page.goto(f"{DATA}/new")
    page.get_by_role("textbox", name="Records").fill(text)
    page.get_by_role("button", name="Look at these records").click()
    page.wait_for_url(f"**{DATA}/new/*")


def make(page: Page, name: str) -> None:
    """Agree to what was found, under a name, and wait until all is judged."""
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_role("button", name="Create and import").click()
    page.wait_for_url("**/w/DEMO/jobs/*")
    expect(page.locator("#import [data-chip=done]")).to_be_visible(timeout=30_000)


def test_pasted_records_become_a_dataset_to_look_through(page):
    paste(page, PRICES)
    expect(page.get_by_label("Key (optional)")).to_have_value("symbol")
    expect(page.get_by_text("1 of 3 rows does not fit")).to_be_visible()

    make(page, "PASTED")

    expect(page.get_by_text("2 of 2 records stored")).to_be_visible()
    expect(page.get_by_text("Line 4 has 2 values")).to_be_visible()
    expect(page.locator("#import")).not_to_have_attribute("hx-trigger", "every 1s")
    page.get_by_role("link", name="Records").click()
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("2026-03-02 15:30:01 UTC")
    expect(rows.last).to_contain_text("309.20")


def test_a_file_is_sent_with_its_progress_and_imported(
    page: Page, tmp_path: Path
) -> None:
    first = datetime(2020, 1, 1, tzinfo=UTC)
    seconds = range(9_000)
    lines = (f"{(first + timedelta(seconds=n)).isoformat()},{n}" for n in seconds)
    file = tmp_path / "ticks.csv"
    file.write_text("\n".join(["at,price", *lines]))
    page.goto(f"{DATA}/new?from=file")
    page.evaluate(NOTE_WHAT_IS_SAID)

    page.get_by_label("Choose a file").set_input_files(file)
    page.get_by_role("button", name="Look at this file").click()
    page.wait_for_url(f"**{DATA}/new/*")
    expect(page.get_by_label("Name", exact=True)).to_have_value("TICKS")
    assert "Received. Reading the file…" in page.evaluate(WHAT_WAS_SAID)
    make(page, "TICKS")

    expect(page.get_by_text("9,000 of 9,000 records stored")).to_be_visible()
    page.goto(f"{DATA}/TICKS/browse")
    page.get_by_role("link", name="Older").click()
    expect(page.locator("tbody tr").first).to_contain_text("8949")
    page.get_by_role("link", name="Newer").click()
    expect(page.locator("tbody tr").first).to_contain_text("8999")


def test_a_file_that_cannot_be_read_leaves_the_form_with_the_reason(page, tmp_path):
    file = tmp_path / "broken.json"
    file.write_text('[{"a": 1}, {"b": ]')
    page.goto(f"{DATA}/new?from=file")

    page.get_by_label("Choose a file").set_input_files(file)
    page.get_by_role("button", name="Look at this file").click()

    expect(page.locator(".caret").first).to_contain_text('{"b": ]')
    expect(page.locator(".error-summary")).to_be_focused()
    assert barriers(page) == []


def test_records_come_in_without_script(browser, bellwether, session):
    context = browser.new_context(
        base_url=bellwether.url, storage_state=session, java_script_enabled=False
    )
    page = context.new_page()

    paste(page, "symbol,price\nMSFT,1\n")
    page.get_by_label("Name", exact=True).fill("PLAIN")
    page.get_by_role("button", name="Create and import").click()

    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Import of pasted records")
    context.close()


@pytest.fixture(scope="module")
def filled(browser: Browser, bellwether: Any, session: Any) -> None:
    """A dataset with records, some of which were left out."""
    context = browser.new_context(base_url=bellwether.url, storage_state=session)
    page = context.new_page()
    paste(page, PRICES)
    make(page, "FILLED")
    context.close()


@pytest.mark.usefixtures("filled")
def test_everybody_can_read_the_pages_of_data(page):
    found = looked(
        page,
        DATA,
        f"{DATA}/FILLED",
        f"{DATA}/FILLED/browse",
        f"{DATA}/FILLED/browse?key=NOBODY",
        "/w/CORE/data/STOCK/browse",
        "/w/DEMO/jobs",
    )

    assert found == {}


@pytest.mark.usefixtures("filled")
def test_everybody_can_bring_records_in(page):
    forms = (f"{DATA}/new", f"{DATA}/new?from=file", f"{DATA}/FILLED/import")
    assert looked(page, *forms) == {}
    page.goto("/w/DEMO/jobs")
    page.locator("tbody a").first.click()
    page.wait_for_url("**/jobs/*")
    assert wrongs(page) == []
    paste(page, PRICES)
    assert wrongs(page) == []
