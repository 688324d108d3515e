"""The threshold of a rule is dragged in a real browser, over the simulated market."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, Route, expect

from tests.browser.accessibility import AXE, wrongs

#: No price of the simulated market is negative; its two days take a moment to judge.
ALWAYS = (
    "/w/DEMO/rules/new?rows=1&c-0-fact=CORE:STOCK:MSFT:latestPrice"
    "&c-0-op=gte&c-0-value=1"
)
PREPARED_MS = 60_000


@pytest.fixture
def dragged(page: Page) -> Page:
    """The form, once the history is at hand."""
    return _opened(page)


@pytest.fixture
def touched(browser: Browser, browser_context_args: dict[str, Any]) -> Iterator[Page]:
    """The same on a telephone."""
    small = {"width": 375, "height": 740}
    telephone = {"viewport": small, "has_touch": True, "is_mobile": True}
    context = browser.new_context(**{**browser_context_args, **telephone})
    yield _opened(context.new_page())
    context.close()


def _opened(page: Page) -> Page:
    page.goto(ALWAYS)
    expect(page.locator("#threshold-rows tr").nth(1)).to_be_attached(
        timeout=PREPARED_MS
    )
    return page


def test_threshold_is_moved_by_keyboard_and_in_the_chart(dragged: Page) -> None:
    answer = dragged.locator("#threshold-answer")
    expect(answer).to_have_text(re.compile(r"^Would have raised [\d,]+ alerts in "))
    slider = dragged.get_by_label("Threshold, to be dragged")
    value = dragged.locator("#c-0-value")
    everything = answer.inner_text()

    slider.focus()
    dragged.keyboard.press("End")

    expect(answer).not_to_have_text(everything)
    expect(value).to_have_value(slider.input_value())
    expect(dragged.locator("#sentence")).to_contain_text(slider.input_value())
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Would have raised"))

    at_most = float(value.input_value())
    x, y = _handle(dragged)
    dragged.mouse.move(x, y)
    dragged.mouse.down()
    dragged.mouse.move(x, y + 80, steps=4)
    dragged.mouse.up()

    expect(value).to_have_value(slider.input_value())
    assert float(value.input_value()) < at_most
    expect(dragged.locator("#sentence")).to_contain_text(slider.input_value())


def test_threshold_is_dragged_by_a_finger(touched: Page) -> None:
    value = touched.locator("#c-0-value")
    slider = touched.get_by_label("Threshold, to be dragged")
    x, y = _handle(touched)
    scrolled = touched.evaluate("scrollY")

    finger = touched.context.new_cdp_session(touched)
    _touch(finger, "touchStart", x, y)
    for step in range(1, 5):
        _touch(finger, "touchMove", x, y - 20 * step)
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    expect(value).to_have_value(slider.input_value())
    assert float(value.input_value()) > 1
    assert touched.evaluate("scrollY") == scrolled
    expect(touched.locator("#sentence")).to_contain_text(slider.input_value())


def test_picture_of_a_threshold_is_for_everybody(dragged: Page) -> None:
    dragged.locator(".threshold-table summary").click()
    expect(dragged.get_by_role("columnheader", name="Alerts")).to_be_visible()
    dragged.evaluate(AXE.read_text())

    assert wrongs(dragged) == []


def test_curve_that_is_still_being_counted_has_a_name(page: Page) -> None:
    waiting: list[Route] = []
    page.route(
        "**/threshold",
        lambda route: (
            waiting.append(route)
            if "\r\n\r\ncurve\r\n" in (route.request.post_data or "")
            else route.continue_()
        ),
    )
    page.goto(ALWAYS)
    curve = page.get_by_role("img", name="Alerts by threshold, not counted yet.")
    expect(curve).to_be_attached(timeout=PREPARED_MS)
    page.evaluate(AXE.read_text())

    assert wrongs(page) == []

    assert waiting
    page.unroute("**/threshold")  # which lets go of what waits
    expect(page.get_by_role("img", name="by threshold.")).to_be_attached()


def test_rule_without_one_threshold_shows_no_picture(dragged: Page) -> None:
    expect(dragged.locator("#threshold")).to_be_visible()

    dragged.get_by_label("Comparison").select_option("eq")

    expect(dragged.locator("#threshold")).to_be_hidden()


def _handle(page: Page) -> tuple[float, float]:
    """Return the middle of what is dragged, once it can be seen."""
    handle = page.locator(".threshold-handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def _touch(finger: CDPSession, kind: str, x: float, y: float) -> None:
    finger.send(
        "Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]}
    )
