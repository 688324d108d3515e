#!/usr/bin/env python3
"""Bellwether's command line: `up`, `issue_token` and Django's own commands."""

import gc
import os
import sys

from django.core.management import execute_from_command_line

from config import env


def main() -> None:
    """Run the command named on the command line."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
    env.propose_listening(sys.argv[1:])
    if sys.argv[1:2] == ["up"]:
        # What is loaded stays; to look through it again and again while it grows takes
        # a tenth of the time. Once it is there, alerts/up/loading.py begins with that.
        gc.disable()
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
