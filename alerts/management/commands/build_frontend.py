"""Build the console's style sheet, icons and fonts; `up` does it by itself."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.frontend import FrontendFailed, build


class Command(BaseCommand):
    """Install the npm packages and fill static/build/, unless nothing changed."""

    help = "Build the console's style sheet, icons and fonts into static/build/."

    def handle(self, *args: Any, **options: Any) -> None:
        """Run the build and say what it does."""
        try:
            build(settings.BASE_DIR, report=self.stdout.write)
        except FrontendFailed as problem:
            raise CommandError(str(problem)) from problem
        self.stdout.write("The front end is up to date.")
