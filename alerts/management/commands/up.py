"""Run Bellwether: `manage.py up`."""

from __future__ import annotations

import platform
import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from alerts.up import plan
from alerts.up.loading import freeze, load_program, load_server
from alerts.up.lock import AlreadyRunning, take_lock
from alerts.up.parent import Parent, Part, say
from alerts.up.parts import run_part
from alerts.up.preparing import (
    NotPrepared,
    await_prepared,
    prepare_database,
    prepare_pages,
)
from alerts.up.watching import leave
from config import env
from config.clock import utc_now
from config.metrics import begin_counting
from workspaces.services import is_set_up, new_setup_code


class Command(BaseCommand):
    """Prepare the installation and keep all its parts running."""

    help = (
        "Run Bellwether: on SQLite in one process, or with DATABASE_URL and REDIS_URL"
        " set as web, workers, beat and runner on PostgreSQL and Redis."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Say where to listen, or which part to be."""
        env.add_up_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Be a part, or become the parent of all of them, or of those of this host."""
        where = {"host": options["host"], "port": options["port"]}
        try:
            names = plan.chosen_parts(
                options["only"] or options["parts"] or ",".join(plan.part_names())
            )
        except (plan.HalfConfigured, plan.UnknownPart) as problem:
            raise CommandError(str(problem)) from problem
        if options["only"]:
            if len(names) > 1:
                raise CommandError(f"--only is for one part, not {', '.join(names)}.")
            leave(run_part(names[0], **where))
        try:
            take_lock(_own_directory())
        except AlreadyRunning as problem:
            raise CommandError(str(problem)) from problem
        begin_counting()
        parts = [
            Part(name=name, work=partial(run_part, name, **where)) for name in names
        ]
        sys.exit(self._parent(parts, is_some=bool(options["parts"])).run())

    def _parent(self, parts: list[Part], *, is_some: bool) -> Parent:
        """Return the parent of these parts; of some, another host prepares the rest."""
        serves = any(part.name in (plan.WEB, plan.EVERYTHING) for part in parts)
        database = self._await_database if is_some else self._prepare_database
        pages = {"prepare-pages": self._prepare_pages} if serves else {}
        return Parent(
            parts=parts,
            preparations={"prepare": database, **pages},
            load=load_program,
            load_prepared=load_server if serves else freeze,
        )

    def _prepare_pages(self) -> int:
        prepare_pages(report=say)
        return 0

    def _prepare_database(self) -> int:
        try:
            prepare_database(report=say, now=utc_now())
        except OperationalError as problem:
            self.stderr.write(f"The database does not answer: {problem}")
            return 1
        say_how_to_set_up()
        return 0

    def _await_database(self) -> int:
        try:
            await_prepared(report=say)
        except OperationalError as problem:
            self.stderr.write(f"The database does not answer: {problem}")
            return 1
        except NotPrepared as problem:
            self.stderr.write(str(problem))
            return 1
        return 0


def say_how_to_set_up() -> None:
    """Print the link at which the first owner makes their account, if there is none."""
    if not is_set_up():
        say(f"Set it up at {settings.BELLWETHER_URL}/setup?code={new_setup_code()}")


def _own_directory() -> Path:
    """Return where one `up` alone works: hosts may share a data directory.

    Not on SQLite, which hosts cannot share.
    """
    data: Path = settings.DATA_DIR
    return data / "hosts" / platform.node() if plan.is_full() else data
