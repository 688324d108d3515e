"""Make an API token: `manage.py issue_token WORKSPACE`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clock import utc_now
from workspaces.access import open_for_system
from workspaces.models import TokenKind, Workspace
from workspaces.services import issue_token


class Command(BaseCommand):
    """Print a new token of a workspace and nothing else."""

    help = "Make an API token of a workspace and print it, and nothing else."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the workspace and what the token may do."""
        parser.add_argument("workspace", help="the workspace's name, as in DEMO")
        parser.add_argument(
            "--kind",
            choices=TokenKind.values,
            default=TokenKind.SECRET.value,
            help="secret may do everything in the workspace, publishable only reads",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Issue the token."""
        slug = options["workspace"]
        workspace = Workspace.objects.named(slug).first()
        if workspace is None:
            known = ", ".join(
                Workspace.objects.order_by("slug").values_list("slug", flat=True)
            )
            raise CommandError(
                f"There is no workspace {slug}; there are: {known or 'none'}."
            )
        _, text = issue_token(
            access=open_for_system(workspace=workspace),
            kind=TokenKind(options["kind"]),
            now=utc_now(),
            name="issued on the command line",
        )
        self.stdout.write(text)
