"""Run Bellwether: `manage.py up`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from alerts.up import plan
from alerts.up.loading import load_program, load_server
from alerts.up.lock import AlreadyRunning, take_lock
from alerts.up.parent import Parent, Part, say
from alerts.up.parts import run_part
from alerts.up.preparing import prepare_database, prepare_pages
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
        """Be a part, or become the parent of all of them."""
        try:
            names = plan.part_names()
        except plan.HalfConfigured as problem:
            raise CommandError(str(problem)) from problem
        where = {"host": options["host"], "port": options["port"]}
        if part := options["only"]:
            if part not in names:
                raise CommandError(f"{part} is not one of {', '.join(names)}.")
            sys.exit(run_part(part, **where))
        try:
            take_lock(settings.DATA_DIR)
        except AlreadyRunning as problem:
            raise CommandError(str(problem)) from problem
        begin_counting()
        parts = [
            Part(name=name, work=partial(run_part, name, **where)) for name in names
        ]
        parent = Parent(
            parts=parts,
            preparations={
                "prepare": self._prepare_database,
                "prepare-pages": self._prepare_pages,
            },
            load=load_program,
            load_prepared=load_server,
        )
        sys.exit(parent.run())

    def _prepare_pages(self) -> int:
        prepare_pages(report=say)
        return 0

    def _prepare_database(self) -> int:
        try:
            prepare_database(report=say, now=utc_now())
        except OperationalError as problem:
            self.stderr.write(f"The database does not answer: {problem}")
            return 1
        if not is_set_up():
            say(f"Set it up at {settings.BELLWETHER_URL}/setup?code={new_setup_code()}")
        return 0
