"""What an installation needs before it serves; each step does nothing when done."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from alerts.services import seed_canary, seed_installation
from config import frontend
from workspaces.models import Workspace

Report = Callable[[str], None]

#: How long a database that starts beside us may take to answer.
DATABASE_SECONDS = 30.0
#: How long another host may take to prepare the database that it shares with this one.
PREPARED_SECONDS = 300.0
#: What no page of ours loads: sources of the build, and other pages' files.
_NOT_SERVED = ("src", "redoc", "rest_framework")


class NotPrepared(Exception):
    """The database has not the program's schema, and nobody gives it to it."""


def prepare_database(*, report: Report, now: datetime) -> None:
    """Make the database ready; a second time costs next to nothing.

    Raises:
        OperationalError: if the database does not answer.
    """
    await_database(report=report)
    migrate(report=report)
    seed(now=now)


def prepare_pages(*, report: Report) -> None:
    """Make ready what pages load; a second time costs next to nothing."""
    build_front_end(report=report)
    collect_static(report=report)


def await_database(*, report: Report) -> None:
    """Wait until the database answers.

    Raises:
        OperationalError: if it did not answer in time.
    """
    deadline = time.monotonic() + DATABASE_SECONDS
    said = False
    while True:
        try:
            connection.ensure_connection()
        except OperationalError:
            if time.monotonic() > deadline:
                raise
        else:
            return
        if not said:
            report("Waiting for the database")
            said = True
        time.sleep(0.5)


def await_prepared(*, report: Report) -> None:
    """Wait until the database is what this program needs; another host prepares it.

    Raises:
        OperationalError: if the database does not answer.
        NotPrepared: if nobody has prepared it in time.
    """
    await_database(report=report)
    deadline = time.monotonic() + PREPARED_SECONDS
    said = False
    while _waits_for_migrations() or not Workspace.objects.exists():
        if time.monotonic() > deadline:
            raise NotPrepared("Nobody prepared the database. Run `manage.py prepare`.")
        if not said:
            report("Waiting until `manage.py prepare` has made the database ready")
            said = True
        time.sleep(1)


def _waits_for_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def migrate(*, report: Report) -> None:
    """Bring the database to the program's schema, if it is not there yet."""
    if _waits_for_migrations():
        report("Preparing the database")
        call_command("migrate", interactive=False, verbosity=0)


def build_front_end(*, report: Report) -> None:
    """Build what pages load; without it pages are plain, but the product works."""
    try:
        frontend.build(settings.BASE_DIR, report=report)
    except frontend.FrontendFailed as problem:
        report(f"The console will look plain: {problem}")


def collect_static(*, report: Report) -> None:
    """Collect and compress static files, if one of them changed since last time."""
    stamp = Path(settings.DATA_DIR) / "static.stamp"
    wanted = _fingerprint()
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    report("Collecting static files")
    stamp.unlink(missing_ok=True)
    call_command(
        "collectstatic",
        interactive=False,
        verbosity=0,
        clear=True,
        ignore_patterns=list(_NOT_SERVED),
    )
    stamp.write_text(wanted)


def seed(*, now: datetime) -> None:
    """Make what a new installation finds."""
    seed_installation(now=now)
    if settings.BELLWETHER_CANARY:
        seed_canary(now=now)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list(list(_NOT_SERVED)):
            facts = Path(storage.path(path)).stat()
            digest.update(f"{path} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()
