"""Sweep each second from the database: `manage.py runner`; `up` starts one itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from alerts.up import runner


class Command(BaseCommand):
    """Find what is due in the database, whatever happened to the broker."""

    help = (
        "Sweep each second: judge waiting lanes, send due deliveries, number the feed."
        " Any number of runners may run; none needs Redis."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        """Sweep until SIGTERM or Ctrl-C."""
        runner.run()
