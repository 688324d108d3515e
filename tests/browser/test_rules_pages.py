"""Rules are made, changed and switched in a real browser, with and without script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Route,
    expect,
)

from tests.browser.accessibility import AXE, barriers, looked, wrongs
from tests.installations import Installation, until

RULES = "/w/DEMO/rules"
PRICE = "CORE:STOCK:MSFT:latestPrice"
ABOUT_PRICE = f"{RULES}/new?fact={PRICE}"
#: Three conditions, of which the second is of any key, and two additional facts.
FILLED = (
    f"{RULES}/new?rows=3&match=any&severity=critical&new_email=ana%40example.com"
    f"&c-0-fact={PRICE}&c-0-op=gt&c-0-value=1"
    "&c-1-fact=CORE:STOCK:*:volume&c-1-op=gt&c-1-value=1"
    f"&c-2-fact={PRICE}&c-2-op=lt&c-2-against=fact&c-2-value=CORE:STOCK:MSFT:open"
    "&include=CORE:STOCK:MSFT:high&include=CORE:STOCK:MSFT:low"
)

#: Makes a rule with states that no comparison of times survives.
FAIL = """
from datetime import datetime

from config.clock import utc_now
from datasets.connectors.simulator import COMPANIES
from datasets.store.writing import writing
from rules import engine
from rules.models import Instance
from rules.services import create_rule
from workspaces.access import open_for_system
from workspaces.models import Workspace

with writing():
    rule = create_rule(
        access=open_for_system(workspace=Workspace.objects.get(slug="DEMO")),
        definition={
            "kind": "signal",
            "name": "Failing rule",
            "watch": {"facts": ["CORE:STOCK:*:latestPrice"]},
            "when": {"fact": 0, "op": "gt", "value": 0},
        },
        now=utc_now(),
    )
    for key in COMPANIES:
        told = {"~feed": datetime(2026, 3, 2)}
        kept = engine.Instance(rule_id=rule.pk, key=key, version=1, told=told)
        Instance.objects.create(rule=rule, key=key, memory=kept.to_json())
"""


@pytest.fixture
def failing(page: Page, bellwether: Installation) -> Iterator[Locator]:
    """The row of a rule that fails until it is turned off; it goes with the test."""
    bellwether.manage("shell", "--verbosity=0", "-c", FAIL)
    page.goto(f"{RULES}?q=Failing")
    row = page.get_by_role("row", name="Failing rule")

    def is_turned_off() -> bool:
        page.reload()
        return not row.get_by_role("switch", checked=True).count()

    until(is_turned_off, seconds=60, what="turning off a rule that fails")
    yield row
    page.goto(f"{RULES}?q=Failing")
    page.on("dialog", lambda dialog: dialog.accept())
    row.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No rules match")).to_be_visible()


def make(page: Page, name: str) -> None:
    """Make a rule that is not true of anything."""
    page.goto(ABOUT_PRICE)
    page.get_by_label("Comparison").select_option("gt")
    page.get_by_label("Value", exact=True).fill("999999")
    page.get_by_role("textbox", name="Name").fill(name)
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url(f"**{RULES}")


def focused(page: Page) -> str:
    """Return the id of the control that has the focus."""
    return str(page.evaluate("document.activeElement.id"))


def test_rule_is_made_with_the_keyboard_alone(page: Page) -> None:
    page.goto(f"{RULES}/new")
    page.locator("#c-0-fact").focus()

    page.keyboard.type("msft latestprice")
    expect(page.get_by_role("option").first).to_contain_text("MSFT · latestPrice")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#c-0-op")).to_be_focused()
    page.keyboard.type("is above")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("999999")
    expect(page.locator("#sentence")).to_contain_text(
        "When MSFT latestPrice is above 999999, raise a warning."
    )
    expect(page.locator("#c-0-now")).to_contain_text("False now")
    page.keyboard.press("Enter")

    page.wait_for_url(f"**{RULES}")
    row = page.get_by_role("row", name="MSFT latestPrice alert")
    expect(row.get_by_role("switch")).to_be_checked()


def test_form_looks_back_in_its_place_and_everybody_can_read_it(page: Page) -> None:
    page.goto(ABOUT_PRICE)
    page.get_by_label("Comparison").select_option("gt")
    page.get_by_label("Value", exact=True).fill("1")
    panel = page.get_by_role("region", name="Looking back")

    panel.get_by_role("button", name="What would it have done?").click()

    expect(panel).to_contain_text(re.compile(r"Would have raised [\d,]+ alerts? in"))
    expect(panel.get_by_role("listitem").first).to_contain_text("MSFT")
    expect(panel.get_by_role("button")).to_be_focused()
    expect(page.get_by_label("Value", exact=True)).to_have_value("1")
    assert wrongs(page) == []


def test_switch_turns_in_its_place_and_keeps_the_focus(page: Page) -> None:
    make(page, "Switched rule")
    page.goto(f"{RULES}?q=Switched")
    switch = page.get_by_role("switch", name="Switched rule")

    switch.click()

    expect(switch).not_to_be_checked()
    expect(switch).to_be_focused()
    expect(page.get_by_role("status")).to_contain_text(["Switched rule is off."])
    page.keyboard.press("Space")
    expect(switch).to_be_checked()
    expect(page).to_have_url(re.compile(r"\?q=Switched$"))


def test_saved_rule_is_changed(page: Page) -> None:
    make(page, "Changed rule")
    page.get_by_role("link", name="Changed rule", exact=True).click()
    expect(page.get_by_label("Value", exact=True)).to_have_value("999999")

    page.get_by_label("Value", exact=True).fill("888888")
    page.get_by_label("Critical").check()
    page.get_by_role("button", name="Save").click()

    page.wait_for_url(f"**{RULES}")
    row = page.get_by_role("row", name="Changed rule")
    expect(row).to_contain_text("is above 888888, raise a critical alert.")


def test_focus_goes_on_where_conditions_come_and_go(page: Page) -> None:
    page.goto(ABOUT_PRICE)
    page.get_by_label("Value", exact=True).fill("999999")

    page.get_by_role("button", name="Add condition").click()
    expect(page.locator("#c-1-fact")).to_be_focused()
    page.locator("#c-1-value").fill("5")
    page.get_by_role("button", name="Remove condition 1").click()
    expect(page.locator("#c-0-fact")).to_be_focused()
    expect(page.locator("#c-0-value")).to_have_value("5")
    page.get_by_role("button", name="Add condition").click()
    page.get_by_role("button", name="Remove condition 2").click()

    expect(page.get_by_role("button", name="Add condition")).to_be_focused()
    expect(page.locator("#c-0-value")).to_have_value("5")


def test_what_is_typed_while_a_part_is_drawn_again_stays(page: Page) -> None:
    page.goto(ABOUT_PRICE)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(f"**{RULES}/new*", hold)
    page.get_by_label("Comparison").select_option("gt")

    page.get_by_label("Compare with").select_option("fact")
    page.get_by_role("textbox", name="Value").fill("CORE:STOCK:MSFT:open")
    held[0].continue_()

    other = page.get_by_role("combobox", name="Other fact")
    expect(other).to_have_value("CORE:STOCK:MSFT:open")
    expect(other).to_be_focused()


def test_phrase_of_the_sentence_leads_to_its_control(page: Page) -> None:
    page.goto(FILLED)

    page.locator("#sentence").get_by_role("link", name="1", exact=True).first.click()
    assert focused(page) == "c-0-value"
    page.locator("#sentence").get_by_role("link", name="a critical alert").click()
    assert focused(page) == "severity-critical"


def test_wrong_field_is_told_in_a_summary_that_has_the_focus(
    context: BrowserContext,
) -> None:
    page = context.new_page()
    page.goto(ABOUT_PRICE)
    page.get_by_label("Value", exact=True).fill("cheap")

    page.get_by_role("button", name="Turn on").click()

    summary = page.get_by_role("group", name="Please mend this:")
    expect(summary).to_be_focused()
    summary.get_by_role("link").click()
    assert focused(page) == "c-0-value"
    expect(page.locator("#c-0-value")).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#c-0-value")).to_have_value("cheap")


def test_rule_is_made_without_script(
    browser: Browser, bellwether: Installation, session: Any
) -> None:
    context = browser.new_context(
        base_url=bellwether.url, storage_state=session, java_script_enabled=False
    )
    page = context.new_page()
    page.goto(ABOUT_PRICE)
    page.get_by_label("Value", exact=True).fill("999999")

    page.get_by_role("button", name="Add condition").click()
    expect(page.locator("#c-1-fact")).to_have_value(PRICE)
    page.locator("#c-1-value").fill("888888")
    page.get_by_role("button", name="Remove condition 1").click()
    expect(page.locator("#c-0-value")).to_have_value("888888")
    page.get_by_label("Comparison").select_option("gt")
    page.get_by_role("textbox", name="Name").fill("Plain rule")
    page.get_by_role("button", name="Turn on").click()
    page.wait_for_url(f"**{RULES}")
    page.get_by_role("switch", name="Plain rule").click()

    expect(page.get_by_role("switch", name="Plain rule")).not_to_be_checked()
    context.close()


def test_rule_that_fails_is_seen_on_home_and_in_the_list_until_turned_on(
    page: Page, failing: Locator
) -> None:
    page.goto("/w/DEMO/")
    band = page.get_by_text("In error and not judged: 1 rule.")
    expect(band).to_be_in_viewport(ratio=1)
    assert wrongs(page) == []

    page.get_by_role("link", name="See why").click()

    expect(failing).to_contain_text("In error")
    expect(failing).to_contain_text(re.compile(r"Turned off after \d+ errors in a row"))
    expect(failing).to_contain_text("Simulated")
    assert wrongs(page) == []
    failing.get_by_role("switch").click()

    expect(failing.get_by_role("switch")).to_be_checked()
    expect(failing).not_to_contain_text("In error")


def test_rules_are_taken_from_yaml_once_it_is_said_how_they_read(page: Page) -> None:
    page.goto(f"{RULES}/import")
    page.get_by_label("Rules").fill(
        "rules:\n"
        "  - slug: dear-for-an-hour\n"
        "    definition:\n"
        "      kind: signal\n"
        "      name: Dear for an hour\n"
        "      when: {fact: CORE:STOCK:*:latestPrice, op: gt, value: 500000,\n"
        "             over: {take: avg, length: 1h}}\n"
    )

    page.get_by_role("button", name="Check").click()

    becomes = page.get_by_role("region", name="What would become of each")
    expect(becomes).to_contain_text("When the average of latestPrice of any STOCK key")
    expect(becomes).to_be_focused()
    assert wrongs(page) == []
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_text("Rules imported: 1 created.")).to_be_visible()
    page.get_by_role("link", name="Edit Dear for an hour").click()
    page.get_by_role("link", name="Change as YAML").click()
    expect(page.get_by_label("Rules")).to_have_value(re.compile("value: 500000"))


def test_everybody_can_use_the_pages_of_rules(context: BrowserContext) -> None:
    context.add_init_script(path=AXE)
    page = context.new_page()
    make(page, "Looked at")
    expect(page.get_by_role("row", name="Looked at").first).to_be_visible()
    assert wrongs(page) == []

    assert looked(page, f"{RULES}?q=nothing+of+the+kind", f"{RULES}/new", FILLED) == {}

    page.goto(f"{RULES}/new")
    page.locator("#c-0-fact").fill("price")
    expect(page.get_by_role("option").first).to_be_visible()
    assert barriers(page) == []

    page.locator("#c-0-fact").fill("nonsense")
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_role("group", name="Please mend this:")).to_be_focused()
    assert wrongs(page) == []
