"""Why or why not, asked in a real browser with the keyboard."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.accessibility import wrongs
from tests.browser.test_rules_pages import ABOUT_PRICE, RULES


def test_everybody_can_ask_why_with_the_keyboard(page: Page) -> None:
    page.goto(ABOUT_PRICE)
    page.get_by_label("Comparison").select_option("lte")
    page.get_by_label("Value", exact=True).fill("1")
    page.get_by_role("textbox", name="Name").fill("Asked about")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{RULES}")

    page.get_by_role("link", name="Why or why not, of Asked about").click()
    miss = page.get_by_role("region", name="What it would have taken")
    expect(miss).to_contain_text("Fires with latestPrice at or below 1, was")
    assert wrongs(page) == []
    page.get_by_role("link", name="Last event").click()
    page.wait_for_url("**record=*")
    assert wrongs(page) == []
