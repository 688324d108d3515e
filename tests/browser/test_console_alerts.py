"""From the first page to the first alert, and life with the feed, in a real browser."""

from __future__ import annotations

import json
import re
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, WebSocketRoute, expect

from tests.browser.accessibility import AXE, looked, wrongs
from tests.installations import Installation, until

#: Somebody who opens the page for the first time waits no longer for an alert.
FIRST_ALERT_MS = 60_000

#: Rows as they are compared: without what runs on, belongs to a form's session, or only
#: says for a moment that a row is new.
ROWS = """(doc) => [...doc.querySelectorAll('#feed > article')].map((row) => {
  const copy = row.cloneNode(true);
  for (const gone of copy.querySelectorAll('input')) gone.remove();
  for (const time of copy.querySelectorAll('time')) {
    time.textContent = '';
    time.dateTime = new Date(time.dateTime).toISOString();
    time.removeAttribute('title');
  }
  delete copy.dataset.fresh;
  for (const one of [copy, ...copy.querySelectorAll('*')]) {
    if (one.hidden) one.textContent = '';
    if (one.hasAttribute('href')) one.href = new URL(one.href, location.href);
    if (one.hasAttribute('action')) one.action = new URL(one.action, location.href);
    const attributes = [...one.attributes].map(({name, value}) => [name, value]).sort();
    for (const [name] of attributes) one.removeAttribute(name);
    for (const [name, value] of attributes) one.setAttribute(name, value);
  }
  return copy.outerHTML.replace(/\\s+/g, ' ').replace(/> </g, '><');
})"""
LIVE_ROWS = f"() => ({ROWS})(document)"
RELOADED_ROWS = f"""async () => {{
  const answer = await fetch(location.href);
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
  return ({ROWS})(page);
}}"""
#: Keeps the number of every entry that the page's own socket passes on.
LISTEN = """async () => {
  const {feed} = await import('bellwether/connection.js');
  window.heard = [];
  feed.addEventListener('frame', ({detail}) => detail.seq && heard.push(detail.seq));
  return feed.since;
}"""


def create_rule(bellwether: Installation, **changes: Any) -> None:
    """Create a rule as Apperate's clients do."""
    body = {
        "token": bellwether.manage("issue_token", "DEMO").strip(),
        "ruleName": "Any trade",
        "type": "any",
        "index": ["CORE:STOCK:*:latestPrice"],
        "conditions": [["$index[0]", ">", 0]],
        "outputs": [],
        **changes,
    }
    request = urllib.request.Request(
        f"{bellwether.url}/v1/rules/create",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 200


@pytest.fixture(scope="session")
def busy(session: Any, bellwether: Installation) -> Installation:
    """A rule that every trade passes, told by mail once a minute for each share."""
    mail = {"method": "Email", "to": "ana@example.com", "frequency": 60}
    create_rule(bellwether, outputs=[mail])
    until(
        lambda: any((bellwether.data_dir / "mailbox").glob("DEMO/new/*")),
        seconds=30,
        what="a mail",
    )
    return bellwether


def rows(page: Page) -> Any:
    return page.locator("#feed > article")


def test_first_alert_comes_in_three_clicks_after_the_set_up(page: Page) -> None:
    page.goto("/")

    examples = page.get_by_role("region", name="Rules to try")
    examples.get_by_role("button", name=re.compile("Turn on Microsoft")).click()
    expect(examples.get_by_text("On", exact=True)).to_be_visible()
    page.get_by_role("link", name="Open the live feed").click()

    first = rows(page).filter(has_text="Microsoft price alert").first
    expect(first).to_be_visible(timeout=FIRST_ALERT_MS)
    expect(first).to_contain_text("Simulated")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()


def test_home_counts_and_lists_by_itself(page: Page, busy: Installation) -> None:
    page.goto("/w/DEMO/")
    tile = page.get_by_role("link", name="Alerts today").locator(".tile-number")
    before = int(tile.inner_text())

    expect(tile).not_to_have_text(str(before), timeout=20_000)

    assert int(tile.inner_text()) > before
    expect(
        page.get_by_role("region", name="Latest alerts").locator("article")
    ).to_have_count(8)


def test_what_was_pushed_stands_as_a_reload_would_draw_it(
    page: Page, busy: Installation
) -> None:
    page.goto("/w/DEMO/feed")
    known = set(rows(page).evaluate_all("rows => rows.map((row) => row.dataset.id)"))
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    until(
        lambda: len(pushed(page, known)) > 2, seconds=30, what="arrival of three alerts"
    )
    # Held still, so that both show the same moment.
    page.get_by_role("button", name="Pause").click()

    live = page.evaluate(LIVE_ROWS)
    reloaded = set(page.evaluate(RELOADED_ROWS))

    without_place = re.compile(r' aria-posinset="\d+"')
    as_reloaded = {without_place.sub("", row) for row in reloaded}
    assert len(pushed(page, known)) > 2
    assert [
        row for row in live[:10] if without_place.sub("", row) not in as_reloaded
    ] == []


def pushed(page: Page, known: set[str]) -> list[str]:
    """Return the rows that were not there when the page was drawn."""
    ids = rows(page).evaluate_all("rows => rows.map((row) => row.dataset.id)")
    return [one for one in ids if one not in known]


def test_socket_that_broke_goes_on_without_a_gap_or_a_double(
    page: Page, busy: Installation
) -> None:
    sockets: list[WebSocketRoute] = []

    def carry(route: WebSocketRoute) -> None:
        route.connect_to_server()
        sockets.append(route)

    page.route_web_socket(re.compile("/ws/v1/"), carry)
    page.goto("/w/DEMO/feed")
    started_at = page.evaluate(LISTEN)
    for is_left_alone in (False, True):
        hear_more(page)
        sockets[-1].close(code=1012)
        expect(page.get_by_text("Reconnecting")).to_be_visible()
        if not is_left_alone:
            page.get_by_role("button", name="Retry now").click()
        expect(page.get_by_text("Live", exact=True)).to_be_visible(timeout=30_000)
    hear_more(page)

    heard = page.evaluate("heard")
    assert len(sockets) == 3
    assert heard == list(range(started_at + 1, started_at + 1 + len(heard)))


def hear_more(page: Page) -> None:
    """Wait until another entry has arrived."""
    known = page.evaluate("heard.length")
    page.wait_for_function("known => heard.length > known", arg=known, timeout=30_000)


def test_paused_feed_holds_arrivals_back_and_counts_them(
    page: Page, busy: Installation
) -> None:
    page.goto("/w/DEMO/feed")
    expect(rows(page).first).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    first = rows(page).first.get_attribute("data-id")

    arrivals = page.get_by_role("button", name=re.compile(r"\d+ new"))
    expect(arrivals).to_be_visible(timeout=20_000)
    assert rows(page).first.get_attribute("data-id") == first
    arrivals.click()

    expect(rows(page).first).not_to_have_attribute("data-id", first or "")


def test_acknowledged_alert_leaves_the_feed_and_names_who_took_it_on(
    page: Page, busy: Installation
) -> None:
    page.goto("/w/DEMO/feed")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    page.get_by_role("button", name="Pause").click()
    row = rows(page).filter(has_text="Any trade").first
    address = row.get_by_role("link").get_attribute("href")
    row_id = row.get_attribute("id")

    row.get_by_role("button", name="Acknowledge").click()

    expect(page.locator(f"#{row_id}")).to_have_count(0)
    page.goto(str(address))
    state = page.get_by_role("list", name="State")
    expect(state).to_contain_text("Acknowledged by ana@example.com")
    expect(page.get_by_role("button", name="Acknowledge")).to_have_count(0)


def test_feed_reads_and_acknowledges_without_script(
    browser: Browser, busy: Installation, session: Any
) -> None:
    context = browser.new_context(
        base_url=busy.url, storage_state=session, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/w/DEMO/feed?show=all&q=Any+trade")
    row = page.locator("#feed > article").filter(has_text="Raised").first
    row_id = row.get_attribute("id")

    row.get_by_role("button", name="Acknowledge").click()

    expect(page).to_have_url(re.compile(r"/w/DEMO/feed\?show=all&q=Any\+trade$"))
    expect(page.locator(f"#{row_id}")).to_contain_text(
        "Acknowledged by ana@example.com"
    )
    context.close()


def test_alert_tells_its_values_and_leads_to_its_mail(
    page: Page, busy: Installation
) -> None:
    page.goto("/w/DEMO/mailbox")
    page.locator("tbody a").first.click()
    text = page.locator("pre").inner_text()
    address = re.search(r"http://\S+/alerts/\S+", text)
    assert address is not None

    page.goto(address[0])

    shown = page.get_by_role("region", name="Values at that moment")
    fact = re.search(r"(CORE:STOCK:\S+:latestPrice)\s+(\S+)", text)
    assert fact is not None
    expect(shown).to_contain_text(fact[1])
    expect(shown).to_contain_text(fact[2])
    told = page.get_by_role("region", name="Who was told")
    expect(told).to_contain_text("Sent")
    expect(told).to_contain_text("Mail is kept in the built-in mailbox, not sent")


def test_pages_of_a_workspace_have_no_barriers(page: Page, busy: Installation) -> None:
    page.goto("/w/DEMO/feed?show=all")
    alert = rows(page).first.get_by_role("link").get_attribute("href")
    page.goto("/w/DEMO/mailbox")
    mail = page.locator("tbody a").first.get_attribute("href")

    found = looked(
        page,
        "/w/DEMO/",
        "/w/DEMO/feed",
        "/w/DEMO/feed?show=undelivered",
        "/w/DEMO/feed?q=nothing+like+it",
        str(alert),
        "/w/DEMO/mailbox",
        str(mail),
    )

    assert found == {}


def test_pages_before_the_console_have_no_barriers(
    browser: Browser, blank: Installation, busy: Installation
) -> None:
    context = browser.new_context()
    context.add_init_script(path=AXE)
    page = context.new_page()

    for address in (f"{blank.url}/setup", f"{busy.url}/login"):
        assert looked(page, address) == {}
        page.get_by_label("E-mail address").fill("ana@example.com")
        page.get_by_label("Password", exact=True).fill("wrong")
        page.get_by_role("main").get_by_role("button").last.click()
        expect(page.locator(".error-summary")).to_be_focused()
        assert (address, wrongs(page)) == (address, [])
    context.close()
