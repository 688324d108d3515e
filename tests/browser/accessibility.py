"""Whether everybody can use a page: axe, and that nothing sticks out sideways."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.installations import ROOT

#: Comes with the console's packages, which `up` installs.
AXE = ROOT / "node_modules/axe-core/axe.min.js"
_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
#: What is still fading in has not got its colours yet, so axe waits for it.
_RUN = """async (tags) => {
  const moves = document.getAnimations();
  const ending = moves.filter((one) => one.effect.getComputedTiming().endTime < 5000);
  await Promise.allSettled(ending.map((one) => one.finished));
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}});
  return found.violations.map((one) =>
    `${one.id}: ${one.nodes.map((node) => node.target.join(' ')).join(', ')}`);
}"""


def barriers(page: Page) -> list[str]:
    """Return what axe finds wrong with a page as it stands, each with its places."""
    found: list[str] = page.evaluate(_RUN, _TAGS)
    return found


def overhang(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    width: int = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return width
