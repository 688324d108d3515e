"""How the suite runs: two databases side by side, real servers, a browser at the end.

`pytest` alone starts two workers (pyproject.toml, addopts). Both get every test and run
those that use the database, one on SQLite, the other on PostgreSQL. What is left runs
once: in a browser beside SQLite, without a database beside PostgreSQL, so that both
have about as much to do. PostgreSQL and Redis are started once, here in the controller,
before the workers are, and every process finds their addresses in its environment.

`pytest --dist no` runs in this process, on SQLite, and starts a server only when a
test asks for it.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from django.conf import settings

from tests.services.chromium import find_chromium
from tests.services.postgresql import postgresql
from tests.services.process import ServerDidNotStartError
from tests.services.redis import redis_server

POSTGRES_URL = "BELLWETHER_TEST_POSTGRES_URL"
REDIS_URL = "BELLWETHER_TEST_REDIS_URL"
DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server"})
BROWSER_TESTS = Path(__file__).parent / "browser"
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


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Choose this process's tests, and put those in a browser last.

    Playwright's sync API leaves a running loop in the thread, in which every later
    async test would fail.
    """
    if is_worker(config):
        here = _SHARES[os.environ["BELLWETHER_TEST_DATABASE"]]
        elsewhere = [item for item in items if not here(item)]
        config.hook.pytest_deselected(items=elsewhere)
        items[:] = [item for item in items if here(item)]
    items.sort(key=in_browser)
    if find_chromium() is None:
        for item in filter(in_browser, items):
            item.add_marker(pytest.mark.skip(reason=NO_BROWSER))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say it where it is read when the browser tests did not run."""
    skipped = terminalreporter.stats.get("skipped", [])
    if any(NO_BROWSER in str(report.longrepr) for report in skipped):
        terminalreporter.section("browser tests did not run", yellow=True)
        terminalreporter.line(f"All of tests/browser was skipped: {NO_BROWSER}.")


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process runs tests for a controller."""
    return hasattr(config, "workerinput")


def in_browser(item: pytest.Item) -> bool:
    """Return whether a test drives a browser."""
    return BROWSER_TESTS in item.path.parents


def uses_database(item: pytest.Item) -> bool:
    """Return whether a test uses this process's database, by its mark or fixtures."""
    marked = item.get_closest_marker("django_db") is not None
    return marked or bool(
        DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    )


#: Which tests each of the two workers runs.
_SHARES: dict[str, Callable[[pytest.Item], bool]] = {
    "sqlite": lambda item: uses_database(item) or in_browser(item),
    "postgresql": lambda item: not in_browser(item),
}


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
