"""Try rules on events: `manage.py test_rules FILE...`; see docs/rule-tests.md."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from rules.services import CaseFileInvalid, CaseResult, run_rule_tests


class Command(BaseCommand):
    """Run files of rule tests; the exit code is 1 unless every case passes."""

    help = (
        "Run files of rule tests: events in, transitions out, through the engine that "
        "judges live. docs/rule-tests.md describes the format."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the files."""
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Run each file, and say of each case what became of it."""
        passed, failed, unread = 0, 0, 0
        for path in options["files"]:
            try:
                results = run_rule_tests(text=_read(path))
            except CaseFileInvalid as error:
                unread += 1
                for one in error.mistakes:
                    self.stdout.write(f"{path}:{one.line}: {one.detail}")
                continue
            for result in results:
                self.stdout.write(f"{path}:{result.case.line}: {_said(result)}")
            passed += sum(result.has_passed for result in results)
            failed += sum(not result.has_passed for result in results)
        total = f"{passed} passed, {failed} failed, {unread} files could not be read."
        if failed or unread:
            raise CommandError(total)
        self.stdout.write(total)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}.") from error


def _said(result: CaseResult) -> str:
    if result.has_passed:
        return f"passed, {result.case.name}"
    found = [f"{one} did not come" for one in result.missing]
    found += [f"{one} came unasked" for one in result.unexpected]
    found += [f"the rule could not be judged, {error}" for error in result.errors]
    return f"FAILED, {result.case.name}: {'; '.join(found)}."
