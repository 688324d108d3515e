"""Write a picture of every page: `python -m tests.browser.pictures DIRECTORY`.

Starts an installation with its simulated market in a directory of its own, sets it up
as a newcomer does, lets rules, imports and mail come about, and writes one PNG for each
page, theme and width. Pictures are for eyes: what can be asserted, the tests assert.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import re
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from playwright.sync_api import Browser, Page, Route, sync_playwright
from playwright.sync_api import TimeoutError as TookTooLong

from tests.browser.accessibility import LOOKS
from tests.browser.pages import (
    ERRORS,
    PREPARE,
    QUIET,
    READER,
    READING,
    TROUBLE,
    set_up,
    sign_in,
)
from tests.installations import Installation, until
from tests.services.chromium import ARGUMENTS, find_chromium

HEIGHT = 800
#: What a longer page has below that is more of the same.
TALLEST = 6_000
#: What a page still fetches for itself is there by then, or its own poll goes on.
SETTLED_MS = 5_000

#: Has every trade told by mail, once an hour for each share.
MAILING = """
from config.clock import utc_now
from alerts.services import create_output
from rules.services import create_rule
from workspaces.access import open_for_system
from workspaces.models import Workspace

access = open_for_system(workspace=Workspace.objects.get(slug="DEMO"))
to = {"to": "ana@example.com"}
output = create_output(access=access, kind="email", config=to, now=utc_now())
create_rule(
    access=access,
    definition={
        "kind": "signal",
        "name": "Any trade",
        "watch": {"facts": ["CORE:STOCK:*:latestPrice"]},
        "when": {"fact": 0, "op": "gt", "value": 0},
        "outputs": [{"output": output.slug, "at_most_every": "1h"}],
    },
    now=utc_now(),
)
"""
PASTED = """symbol,price,at
MSFT,309.20,2026-03-02T15:30:00Z
AAPL,171.05,2026-03-02T15:31:00Z
SHOP,cheap,2026-03-02T15:32:00Z
"""
#: Pages of the filled workspaces by their names; those that rows have follow below.
FILLED = {
    "home": "/w/DEMO/",
    "feed": "/w/DEMO/feed?show=all",
    "feed-filtered-empty": "/w/DEMO/feed?q=nothing+like+it",
    "rules": "/w/DEMO/rules",
    "rules-filtered-empty": "/w/DEMO/rules?q=nothing+like+it",
    "rule-new": "/w/DEMO/rules/new",
    "rules-import": "/w/DEMO/rules/import",
    "data": "/w/DEMO/data",
    "data-core": "/w/CORE/data",
    "data-new": "/w/DEMO/data/new",
    "data-new-file": "/w/DEMO/data/new?from=file",
    "dataset": "/w/CORE/data/STOCK",
    "records": "/w/CORE/data/STOCK/browse",
    "jobs": "/w/DEMO/jobs",
    "mailbox": "/w/DEMO/mailbox",
    "operations": "/ops",
    "api-docs": "/api/docs",
}
#: Pages of single rows: on which page a link leads there, and to what.
LED_TO = {
    "rule": ("/w/DEMO/rules", r"/w/DEMO/rules/[^/]+/edit"),
    "rule-explained": ("/w/DEMO/rules", r"/w/DEMO/rules/[^/]+/explain"),
    "alert": ("/w/DEMO/feed?show=all", r"/w/DEMO/alerts/[^/]+"),
    "mail": ("/w/DEMO/mailbox", r"/w/DEMO/mailbox/[^/]+"),
    "job": ("/w/DEMO/jobs", r"/w/DEMO/jobs/[^/]+"),
    "source": ("/w/CORE/data/STOCK", r"/w/CORE/data/STOCK/sources/\d+"),
}


def main() -> int:
    """Take the pictures that the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.browser.pictures", description=__doc__
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--only", default="", help="pages whose name holds this")
    options = parser.parse_args()
    program = find_chromium()
    if program is None:
        parser.error("there is no Chromium here; install one")
    # Whoever ends us ends the installation, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    options.directory.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright, _installation() as bellwether:
        browser = playwright.chromium.launch(
            executable_path=str(program), args=[*ARGUMENTS]
        )
        _Camera(browser, bellwether, options.directory, options.only).take_all()
        browser.close()
    return 0


@contextlib.contextmanager
def _installation() -> Iterator[Installation]:
    """Start an installation whose market trades, and leave nothing of it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        bellwether = Installation(
            data_dir=Path(directory) / "data",
            settings={"BELLWETHER_SIMULATOR": "on", "BELLWETHER_CANARY": "on"},
        )
        try:
            bellwether.start()
            yield bellwether
        finally:
            bellwether.end()


class _Camera:
    """Goes from page to page, in each look, as one person after the other."""

    def __init__(
        self, browser: Browser, bellwether: Installation, directory: Path, only: str
    ) -> None:
        self._browser = browser
        self._bellwether = bellwether
        self._directory = directory
        self._only = only

    def take_all(self) -> None:
        """Take strangers' pages first, then the owner's, then a reader's."""
        stranger = self._person()
        self._take(stranger, {"set-up": "/setup"})
        owner = self._person()
        set_up(owner)
        self._take(stranger, {"login": "/login"})
        error_pages = self._fill(owner)
        self._take(owner, {**FILLED, **_led_to(owner), "draft": _draft(owner)})
        self._take(owner, _named("quiet", QUIET))
        self._take(owner, _named("error", ERRORS))
        for code, body in error_pages.items():
            owner.route(f"**/error/{code}", _answering(body))
            self._take(owner, {f"error-{code}": f"/error/{code}"})
        reader = self._person()
        sign_in(reader, READER)
        self._take(reader, _named("reader", READING))

    def _person(self) -> Page:
        return self._browser.new_context(base_url=self._bellwether.url).new_page()

    def _fill(self, owner: Page) -> Mapping[str, str]:
        """Let things happen; return the error pages that no address leads to."""
        manage = self._bellwether.manage
        printed = manage("shell", "--verbosity=0", "-c", PREPARE)
        manage("shell", "--verbosity=0", "-c", TROUBLE + MAILING)
        owner.goto("/w/DEMO/")
        examples = owner.get_by_role("region", name="Rules to try")
        examples.get_by_role("button", name=re.compile("Turn on Microsoft")).click()
        examples.get_by_text("On", exact=True).wait_for()
        owner.goto(_draft(owner))
        owner.get_by_label("Name", exact=True).fill("PRICES")
        owner.get_by_role("button", name="Create and import").click()
        owner.wait_for_url("**/jobs/*")
        kept = self._bellwether.data_dir / "mailbox"
        until(lambda: any(kept.glob("DEMO/new/*")), seconds=60, what="a mail")
        return dict(json.loads(printed))

    def _take(self, page: Page, addresses: Mapping[str, str]) -> None:
        wanted = {
            name: where for name, where in addresses.items() if self._only in name
        }
        for name, address in wanted.items():
            for theme, width in LOOKS:
                page.emulate_media(color_scheme=theme, reduced_motion="reduce")
                page.set_viewport_size({"width": width, "height": HEIGHT})
                page.goto(address)
                # A page that reads itself again each second never rests.
                with contextlib.suppress(TookTooLong):
                    page.wait_for_load_state("networkidle", timeout=SETTLED_MS)
                # In a window as high as the page, its bars stand where they end.
                high = page.evaluate("document.documentElement.scrollHeight")
                height = min(high, TALLEST)
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=self._directory / f"{name}-{theme}-{width}.png")
            sys.stdout.write(f"{name}: {address}\n")
            sys.stdout.flush()


def _led_to(page: Page) -> dict[str, str]:
    """Return the pages of single rows, and the test that the alert became."""
    found = {}
    for name, (address, pattern) in LED_TO.items():
        page.goto(address)
        links = page.locator("main a[href]")
        paths: list[str] = links.evaluate_all(
            "all => all.map((one) => new URL(one.href).pathname)"
        )
        found[name] = next(path for path in paths if re.fullmatch(pattern, path))
    return {**found, "alert-as-test": f"{found['alert']}/test"}


def _draft(page: Page) -> str:
    """Paste records, and return the page that says what they hold."""
    page.goto("/w/DEMO/data/new")
    page.locator("textarea").fill(PASTED)
    page.get_by_role("button", name="Look at these records").click()
    page.wait_for_url("**/data/new/*")
    return page.url


def _named(who: str, addresses: list[str]) -> dict[str, str]:
    """Name pages by whose they are and by where they lie."""
    return {f"{who}-{_place(address)}": address for address in addresses}


def _place(address: str) -> str:
    first, *others = address.strip("/").split("/")
    # What follows the name of a workspace, or of the documentation.
    return "-".join(others[1:] if first == "w" else others) or "home"


def _answering(body: str) -> Callable[[Route], None]:
    def answer(route: Route) -> None:
        route.fulfill(body=body, content_type="text/html")

    return answer


if __name__ == "__main__":
    sys.exit(main())
