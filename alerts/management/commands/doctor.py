"""Say what is wrong with this installation: `manage.py doctor`."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.services import Finding, Verdict, examine
from config.clock import utc_now


class Command(BaseCommand):
    """Look at all that an operator would; the exit code says if anything is broken."""

    help = (
        "Look at settings, disk, database, broker, parts and work, and say how to mend"
        " what is wrong. Ends with code 1 if anything is broken."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each finding as it comes, and below it how to mend it."""
        broken = 0
        for one in examine(now=utc_now()):
            self.stdout.write(f"{self._mark(one)} {one.subject:<14} {one.seen}")
            if one.mend:
                self.stdout.write(f"       {one.mend}")
            broken += one.verdict is Verdict.BROKEN
        if broken:
            raise CommandError(f"{broken} of these must be mended.")

    def _mark(self, one: Finding) -> str:
        styles = {
            Verdict.OK: self.style.SUCCESS,
            Verdict.LOOK: self.style.WARNING,
            Verdict.BROKEN: self.style.ERROR,
        }
        return styles[one.verdict](f"{one.verdict.value:<6}")
