"""Browser tests run in the machine's own Chromium; nothing is downloaded.

They meet a real installation with its simulated market, set up once by Ana through the
page that a newcomer sees. Whatever a page's scripts complain of fails the test.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.accessibility import AXE
from tests.browser.pages import set_up
from tests.installations import Installation, installed
from tests.services.chromium import ARGUMENTS


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium: Path
) -> dict[str, Any]:
    """Point pytest-playwright at the Chromium that was found."""
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium),
        "args": [*ARGUMENTS],
    }


@pytest.fixture(scope="session")
def blank(
    prepared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    """An installation that nobody has set up; tests leave it so."""
    data_dir = tmp_path_factory.mktemp("blank") / "data"
    with installed(data_dir, prepared=prepared_data) as installation:
        installation.start()
        yield installation


@pytest.fixture(scope="session")
def bellwether(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation whose simulated market trades, from its very first start."""
    one = Installation(
        data_dir=tmp_path_factory.mktemp("market") / "data",
        settings={"BELLWETHER_SIMULATOR": "on", "BELLWETHER_CANARY": "on"},
    )
    try:
        one.start()
        yield one
    finally:
        one.end()


@pytest.fixture(scope="session")
def session(browser: Browser, bellwether: Installation) -> dict[str, Any]:
    """Ana's session, as the set-up page began it."""
    context = browser.new_context(base_url=bellwether.url)
    page = context.new_page()
    set_up(page)
    state = context.storage_state()
    context.close()
    return dict(state)


@pytest.fixture
def browser_context_args(
    browser_context_args: dict[str, Any],
    bellwether: Installation,
    session: dict[str, Any],
) -> dict[str, Any]:
    """Let pages begin signed in."""
    return {
        **browser_context_args,
        "base_url": bellwether.url,
        "storage_state": session,
        "viewport": {"width": 1280, "height": 800},
    }


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page of Ana's, with axe at hand, that must not complain."""
    context.add_init_script(path=AXE)
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    yield page
    assert complaints == []
