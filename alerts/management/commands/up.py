"""Run Bellwether: `manage.py up`."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from alerts.up import plan
from alerts.up.lock import AlreadyRunning, take_lock
from alerts.up.parent import command_line
from alerts.up.parts import run_part
from alerts.up.preparing import prepare
from alerts.up.watching import leave_with_parent
from config import env
from config.clock import utc_now
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
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument(
            "--only",
            metavar="PART",
            help="be one part, prepare nothing and watch nobody: web, drain.<slot>,"
            " calls, upkeep, beat or runner; for compose and systemd",
        )
        parser.add_argument(
            "--leashed",
            action="store_true",
            help="leave when standard input ends, as it does with the parent of `up`",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Be a part, or prepare and become the parent of all of them."""
        try:
            names = plan.part_names()
        except plan.HalfConfigured as problem:
            raise CommandError(str(problem)) from problem
        host, port = options["host"], options["port"]
        if part := options["only"]:
            if part not in names:
                raise CommandError(f"{part} is not one of {', '.join(names)}.")
            if options["leashed"]:
                leave_with_parent()
            sys.exit(run_part(part, host=host, port=port))
        self._become_parent(host, port)

    def _become_parent(self, host: str, port: int) -> None:
        # The children inherit both: links in messages lead to where we listen.
        env.propose("BELLWETHER_LISTEN", host)
        url = env.propose("BELLWETHER_URL", plan.address(host, port))
        try:
            lock = take_lock(settings.DATA_DIR)
            prepare(report=self._say, now=utc_now())
        except AlreadyRunning as problem:
            raise CommandError(str(problem)) from problem
        except OperationalError as problem:
            raise CommandError(f"The database does not answer: {problem}") from problem
        if not is_set_up():
            self._say(f"Set it up at {url}/setup?code={new_setup_code()}")
        command = command_line(plan.commands(host=host, port=port), lock=lock)
        # The parent is small because it is another program: this one goes.
        os.execv(command[0], command)  # noqa: S606 - our own command line

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
