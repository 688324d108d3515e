"""Take rules from YAML: `manage.py import_rules WORKSPACE FILE`."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clock import utc_now
from rules.management.opening import open_named
from rules.services import RulesFileInvalid, import_rules


class Command(BaseCommand):
    """Make or change the rules of a file, all of them or none."""

    help = (
        "Make or change the rules that a file of export_rules names, all of them or "
        "none. Rules that it does not name stay as they are."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the workspace and the file."""
        parser.add_argument("workspace", help="the workspace's name, as in DEMO")
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument(
            "--check",
            action="store_true",
            help="only say what would become of each rule",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Import."""
        access = open_named(options["workspace"])
        path = options["file"]
        try:
            text = path.read_bytes()
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror}.") from error
        try:
            carried = import_rules(
                access=access,
                text=text,
                now=utc_now(),
                only_check=options["check"],
            )
        except RulesFileInvalid as error:
            for one in error.errors:
                self.stdout.write(f"{path}: {one.detail}")
            raise CommandError("Nothing was stored.") from error
        for rule in carried:
            self.stdout.write(f"{rule.action}: {rule.slug} ({rule.name})")
