"""Make an installation ready to serve: `manage.py prepare`; `up` does it by itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import OperationalError

from alerts.management.commands.up import say_how_to_set_up
from alerts.up.preparing import prepare_database, prepare_pages
from config.clock import utc_now


class Command(BaseCommand):
    """Bring database and pages to where the program can serve; then end."""

    help = (
        "Make the database's schema, what a new installation finds, and what pages"
        " load. Once for each version, before the parts of several hosts start; a"
        " second time does nothing."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, and say how to go on."""
        try:
            prepare_database(report=self.stdout.write, now=utc_now())
        except OperationalError as problem:
            raise CommandError(f"The database does not answer: {problem}") from problem
        prepare_pages(report=self.stdout.write)
        say_how_to_set_up()
        self.stdout.write("Everything is prepared.")
