"""Which tests each of the two workers runs.

Both are sent every test. Each runs those that use the database, on its own; SQLite's
those in a browser as well, PostgreSQL's those without a database. What starts programs
of its own, or only computes, is for either: each of these files goes to the worker that
comes to it first, the one from the front and the other from the back, so that none is
idle while the other has minutes to go.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from django.conf import settings

TESTS = Path(__file__).parent
CLAIMS_DIRECTORY = "BELLWETHER_TEST_CLAIMS"
DATABASE_FIXTURES = frozenset({"db", "transactional_db", "live_server"})
#: They neither use nor mind a running loop, which a browser leaves in its process.
FOR_EITHER = tuple(
    TESTS / name for name in ("chaos", "rules/columns", "rules/engine", "up")
)


class Claims:
    """The files for either worker that this one has come to, and whose they are."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._ours: dict[Path, bool] = {}

    def takes(self, path: Path) -> bool:
        """Say whether a file's tests run here; whoever asks first has them all."""
        if path not in self._ours:
            self._ours[path] = self._claim(path)
        return self._ours[path]

    def _claim(self, path: Path) -> bool:
        name = ".".join(path.relative_to(TESTS).parts)
        try:
            (self._directory / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True


_CLAIMS = pytest.StashKey[Claims]()


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Make the place of the claims before the workers start, and find it in them."""
    if is_worker(config):
        config.stash[_CLAIMS] = Claims(Path(os.environ[CLAIMS_DIRECTORY]))
        return
    place = settings.DATA_DIR / "claims"
    place.mkdir()
    os.environ[CLAIMS_DIRECTORY] = str(place)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Choose this process's tests, and put those in a browser behind those before.

    Playwright's sync API leaves a running loop in the thread, in which every later
    async test would fail.
    """
    if not is_worker(config):
        items.sort(key=in_browser)
        return
    is_on_sqlite = os.environ["BELLWETHER_TEST_DATABASE"] == "sqlite"
    takes = _sqlite_takes if is_on_sqlite else _postgresql_takes
    either = [item for item in items if is_for_either(item)]
    if is_on_sqlite:
        either = _files_backwards(either)
    mine = [item for item in items if takes(item) and not is_for_either(item)]
    chosen = [*sorted(mine, key=in_browser), *either]
    config.hook.pytest_deselected(items=[*set(items).difference(chosen)])
    items[:] = chosen


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> bool | None:
    """Pass over what the other worker runs."""
    claims = item.config.stash.get(_CLAIMS, None)
    if claims is None or not is_for_either(item) or claims.takes(item.path):
        return None
    # What only the test before needed ends here, as it does in pytest's own protocol.
    item.session._setupstate.teardown_exact(nextitem)
    return True


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process runs tests for a controller."""
    return hasattr(config, "workerinput")


def in_browser(item: pytest.Item) -> bool:
    """Return whether a test drives a browser."""
    return TESTS / "browser" in item.path.parents


def is_for_either(item: pytest.Item) -> bool:
    """Return whether one worker has to run a test, whichever."""
    return not uses_database(item) and any(
        folder in item.path.parents for folder in FOR_EITHER
    )


def uses_database(item: pytest.Item) -> bool:
    """Return whether a test uses this process's database, by its mark or fixtures."""
    marked = item.get_closest_marker("django_db") is not None
    return marked or bool(
        DATABASE_FIXTURES.intersection(getattr(item, "fixturenames", ()))
    )


def _sqlite_takes(item: pytest.Item) -> bool:
    return uses_database(item) or in_browser(item)


def _postgresql_takes(item: pytest.Item) -> bool:
    return not in_browser(item)


def _files_backwards(items: list[pytest.Item]) -> list[pytest.Item]:
    """Give the last file first, each file's tests in their order."""
    files = [*dict.fromkeys(item.path for item in items)]
    return sorted(items, key=lambda item: -files.index(item.path))
