"""Whether everybody can use a page: axe, and that nothing sticks out sideways."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from playwright.sync_api import Page

from tests.installations import ROOT

#: Comes with the console's packages, which `up` installs.
AXE = ROOT / "node_modules/axe-core/axe.min.js"
#: Each page is looked at in both themes, at a desk and in the hand.
LOOKS: tuple[tuple[Literal["light", "dark"], int], ...] = (
    ("light", 1280),
    ("light", 375),
    ("dark", 375),
    ("dark", 1280),
)
#: What a page at 1280 pixels has left of them when it is zoomed to 400 %.
_NARROWEST = 320
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_EVERYTHING = {"type": "tag", "values": _TAGS}
#: A theme is another set of colours, and nothing else.
_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
#: What is still fading in has not got its colours yet, so axe waits for it.
_RUN = """async (rules) => {
  const moves = document.getAnimations();
  const ending = moves.filter((one) => one.effect.getComputedTiming().endTime < 5000);
  await Promise.allSettled(ending.map((one) => one.finished));
  const found = await axe.run(document, {runOnly: rules});
  return found.violations.map((one) =>
    `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}"""


def barriers(page: Page, rules: Mapping[str, object] = _EVERYTHING) -> list[str]:
    """Return what axe finds wrong with a page as it stands, each with its places."""
    found: list[str] = page.evaluate(_RUN, rules)
    return found


def overhang(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width


def wrongs(page: Page) -> list[str]:
    """Return what is wrong with a page as it stands, in each look.

    The first theme is looked over for everything, the second for its colours.
    """
    found: list[str] = []
    for scheme, width in LOOKS:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 800})
        rules = _EVERYTHING if scheme == LOOKS[0][0] else _COLOURS
        wrong = [*barriers(page, rules), *_too_wide(page)]
        found += [f"{scheme} {width}: {one}" for one in wrong]
    page.set_viewport_size({"width": _NARROWEST, "height": 800})
    found += [f"{_NARROWEST}: {one}" for one in _too_wide(page)]
    page.set_viewport_size({"width": 1280, "height": 800})
    return found


def looked(page: Page, *addresses: str) -> dict[str, list[str]]:
    """Go to each address and return what is wrong there, in each look."""
    found = {}
    for address in addresses:
        page.goto(address)
        found[address] = wrongs(page)
    return {address: wrong for address, wrong in found.items() if wrong}


def _too_wide(page: Page) -> list[str]:
    wide = overhang(page)
    return [f"{wide} px too wide"] if wide else []
