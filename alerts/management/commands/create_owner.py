"""Set up without a browser: `manage.py create_owner --email E --password P`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clock import utc_now
from workspaces.services import OwnerInvalid, create_owner


class Command(BaseCommand):
    """Make the account of a person who runs this installation."""

    help = "Make an owner's account, and a workspace if there is none of that name."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for what `/setup` asks for."""
        parser.add_argument("--email", required=True, help="the login")
        parser.add_argument("--password", required=True)
        parser.add_argument("--workspace", default="DEMO", help="joined, or made")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the owner and say where they belong."""
        try:
            user, workspace = create_owner(
                email=options["email"],
                password=options["password"],
                workspace=options["workspace"],
                now=utc_now(),
            )
        except OwnerInvalid as problem:
            raise CommandError(f"--{problem.field}: {problem}") from problem
        self.stdout.write(f"{user.email} owns workspace {workspace.slug}.")
