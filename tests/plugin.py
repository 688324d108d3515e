"""How the suite runs: two databases side by side, and real servers.

`pytest` alone starts two workers (pyproject.toml, addopts). Both get every test and run
those that use the database, one on SQLite, the other on PostgreSQL; what is left runs
once (tests/shares.py). PostgreSQL and Redis are started once, here in the controller,
before the workers are, and every process finds their addresses in its environment.

`pytest --dist no` runs in this process, on SQLite, and starts a server only when a
test asks for it.
"""

import contextlib
import gc
import os
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from tests.services.chromium import find_chromium
from tests.services.postgresql import postgresql
from tests.services.process import ServerDidNotStartError
from tests.services.redis import redis_server
from tests.shares import in_browser, is_worker

POSTGRES_URL = "BELLWETHER_TEST_POSTGRES_URL"
REDIS_URL = "BELLWETHER_TEST_REDIS_URL"
NO_BROWSER = "no Chromium on this machine (Debian: apt-get install chromium)"


def pytest_configure(config: pytest.Config) -> None:
    """Start the servers in the controller; they end with it, also upon Ctrl-C."""
    _make_data_directory(config)
    if os.environ.get("BELLWETHER_REQUIRE_BROWSER") == "1" and not find_chromium():
        raise pytest.UsageError(f"BELLWETHER_REQUIRE_BROWSER is 1, but {NO_BROWSER}.")
    starts_workers = config.getoption("dist") != "no" and not is_worker(config)
    if not starts_workers or config.getoption("collectonly"):
        return
    servers = contextlib.ExitStack()
    config.add_cleanup(servers.close)
    try:
        os.environ[POSTGRES_URL] = servers.enter_context(postgresql())
        os.environ[REDIS_URL] = servers.enter_context(redis_server())
    except ServerDidNotStartError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the browser tests where there is none."""
    if find_chromium() is None:
        for item in filter(in_browser, items):
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def pytest_collection_finish() -> None:
    """Let the collector pass over what stays until the end: modules and tests."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it where it is read when the browser tests did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_BROWSER in str(report.longrepr) for report in skipped):
        terminalreporter.section("browser tests did not run", yellow=True)
        terminalreporter.line(f"All of tests/browser was skipped: {NO_BROWSER}.")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """Give the address of a real PostgreSQL, for a test that needs it by itself."""
    yield from _given_or_started(POSTGRES_URL, postgresql())


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Give the address of a real Redis; all tests share it, so take own keys."""
    yield from _given_or_started(REDIS_URL, redis_server())


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Give the browser's program."""
    found = find_chromium()
    if found is None:
        pytest.skip(NO_BROWSER)
    return found


def _make_data_directory(config: pytest.Config) -> None:
    take_away = partial(shutil.rmtree, settings.DATA_DIR, ignore_errors=True)
    take_away()  # a killed run of the same process id may have left one
    settings.DATA_DIR.mkdir(mode=0o700)
    config.add_cleanup(take_away)


def _given_or_started(
    name: str, server: contextlib.AbstractContextManager[str]
) -> Iterator[str]:
    if name in os.environ:
        yield os.environ[name]
    else:
        with server as url:
            yield url
