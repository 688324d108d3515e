"""Print rules as YAML: `manage.py export_rules WORKSPACE [RULE...]`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rules.management.opening import open_named
from rules.services import export_rules, find_rule
from workspaces.refusals import Refusal


class Command(BaseCommand):
    """Print what `import_rules` reads."""

    help = "Print the rules of a workspace, or some of them, as YAML."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the workspace, and for rules."""
        parser.add_argument("workspace", help="the workspace's name, as in DEMO")
        parser.add_argument("rules", nargs="*", metavar="RULE", help="slugs or ids")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export."""
        access = open_named(options["workspace"])
        try:
            rules = [
                find_rule(access=access, identifier=name) for name in options["rules"]
            ]
        except Refusal as error:
            raise CommandError(error.detail) from error
        self.stdout.write(export_rules(access=access, rules=rules or None), ending="")
