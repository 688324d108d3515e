"""Prove a lane's transitions from its log: `manage.py replay --check CORE:STOCK`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from alerts.services import ReplayReport, check_replay
from datasets.models import Dataset


class Command(BaseCommand):
    """Replay the lanes of a dataset; the exit code is 1 if anything differs."""

    help = (
        "Judge a dataset's log again, from an empty state and storing nothing, and "
        "compare every transition with what is stored, and the lane's table of "
        "predicates with its rules. Ends with code 1 if anything differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the dataset."""
        parser.add_argument(
            "--check",
            required=True,
            metavar="WORKSPACE:DATASET",
            help="the dataset whose log is replayed, as in CORE:STOCK",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Replay, and say what came of it."""
        name = options["check"]
        dataset = _find(name)
        agree = [
            self._check(dataset, shard, name.upper()) for shard in range(dataset.shards)
        ]
        if not all(agree):
            raise CommandError("The log and what is stored do not agree.")

    def _check(self, dataset: Dataset, shard: int, name: str) -> bool:
        """Replay one of the dataset's lanes, and say whether nothing differs."""
        report = check_replay(dataset=dataset, shard=shard)
        of_lane = f"{name} shard {shard}" if dataset.shards > 1 else name
        self.stdout.write(_said(of_lane, report))
        for difference in report.differences:
            self.stdout.write(f"  {difference}")
        unsaid = report.differing - len(report.differences)
        if unsaid:
            self.stdout.write(f"  and {unsaid:,} more")
        for rule in report.misread:
            self.stdout.write(f"  the table of predicates misreads rule {rule}")
        return not (report.differing or report.misread)


def _find(name: str) -> Dataset:
    workspace, _, slug = name.partition(":")
    if not slug:
        raise CommandError(f"Name a dataset as WORKSPACE:DATASET, not {name}.")
    datasets = Dataset.objects.alive().filter(workspace__slug__iexact=workspace)
    dataset = datasets.named(slug).first()
    if dataset is None:
        known = ", ".join(datasets.order_by("slug").values_list("slug", flat=True))
        raise CommandError(
            f"There is no dataset {slug} in {workspace}; there are: {known or 'none'}."
        )
    return dataset


def _said(name: str, report: ReplayReport) -> str:
    text = (
        f"{name}: replayed {report.events:,} events from seq {report.begins} to "
        f"{report.ends}; {report.same:,} transitions are the same, "
        f"{report.differing:,} differ."
    )
    if report.begins == 1:
        return f"{text} The log is whole from its beginning."
    return (
        f"{text} The log is whole from seq {report.begins} on; what was before is not "
        f"kept any more. {report.unsure:,} transitions were not compared, because what "
        "their rule and key remembered from before is not known."
    )
