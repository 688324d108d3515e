"""Say whether parts of this host work: `manage.py working PART...`."""

from __future__ import annotations

import platform
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.services import silent_parts
from alerts.up import plan
from config.clock import database_now


class Command(BaseCommand):
    """End with code 1 unless every named part of this host has just shown life."""

    help = (
        "Ask whether parts of this host work, as their supervisor would: the exit code"
        " is 1 if one of them is silent. `drain` stands for every slot."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the parts."""
        parser.add_argument("parts", nargs="+", metavar="PART")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look at the heartbeats."""
        try:
            names = plan.chosen_parts(",".join(options["parts"]))
        except (plan.HalfConfigured, plan.UnknownPart) as problem:
            raise CommandError(str(problem)) from problem
        if plan.WEB in names:
            raise CommandError("Of web ask /healthz.")
        silent = silent_parts(names, host=platform.node(), now=database_now())
        if silent:
            raise CommandError(f"Silent: {', '.join(silent)}.")
        self.stdout.write(f"{', '.join(names)}: working.")
