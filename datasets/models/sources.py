"""Places to fetch events from, and each fetch."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.db import models

from datasets.models.dataset import Dataset
from datasets.schedules import At, CronInvalid, Every, Schedule, read_cron
from datasets.times import TimeInvalid, read_zone


class SourceQuerySet(models.QuerySet["Source"]):
    """Sources by what keeps them from running."""

    def running(self) -> SourceQuerySet:
        """Leave out what is turned off, held or without a dataset."""
        return self.filter(is_enabled=True, is_held=False, dataset__deleted_at=None)


class Source(models.Model):
    """A configured place to fetch events from, and when."""

    dataset = models.ForeignKey(
        Dataset, on_delete=models.CASCADE, related_name="sources"
    )
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=40)
    config = models.JSONField(default=dict, blank=True)
    every_seconds = models.PositiveIntegerField(
        default=60, null=True, blank=True, help_text="Nothing if `cron` says when."
    )
    cron = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Minute, hour, day, month and weekday, like 30 9 * * MON-FRI.",
    )
    zone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Whose clocks `cron` means, like Asia/Kathmandu.",
    )
    is_enabled = models.BooleanField(default=True)
    is_held = models.BooleanField(
        default=False,
        help_text="Kept from running by the installation's settings, switch or not.",
    )
    next_run_at = models.DateTimeField(
        help_text="When to look next: its slot, or while its past is being written, "
        "when whoever writes it is taken for dead.",
    )
    past_until = models.DateTimeField(
        null=True,
        blank=True,
        help_text="What it brings of the past, up to here, is still being written; "
        "its slots begin after that.",
    )
    runs_kept = models.PositiveIntegerField(default=10_000)
    created_at = models.DateTimeField()

    objects: ClassVar[models.Manager[Source]] = SourceQuerySet.as_manager()

    class Meta:
        indexes = [
            # The sources sweep asks what is due.
            models.Index(
                fields=["next_run_at"],
                condition=models.Q(is_enabled=True, is_held=False),
                name="source_due",
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(
                    every_seconds__isnull=False, every_seconds__gt=0, cron="", zone=""
                )
                | models.Q(every_seconds=None)
                & ~models.Q(cron="")
                & ~models.Q(zone=""),
                name="source_has_one_schedule",
                violation_error_message="Say either every how many seconds, or a cron "
                "expression and a zone.",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def schedule(self) -> Schedule:
        """Return when it runs.

        Raises:
            CronInvalid, TimeInvalid: if what is stored cannot be read here.
        """
        if self.every_seconds is not None:
            return Every(timedelta(seconds=self.every_seconds))
        return At(read_cron(self.cron), read_zone(self.zone))

    @property
    def schedule_problem(self) -> str:
        """Return why its schedule cannot be read here; nothing if it can.

        Zones come and go with the machine's data, and staff may write any.
        """
        try:
            _ = self.schedule
        except (CronInvalid, TimeInvalid) as error:
            return error.detail
        return ""

    @property
    def schedule_sentence(self) -> str:
        """Return when it runs, in words; if that cannot be read here, why not."""
        if problem := self.schedule_problem:
            return f"at no time: {problem.removesuffix('.')}"
        return self.schedule.sentence

    @staticmethod
    def columns_of(schedule: Schedule) -> dict[str, object]:
        """Return what is stored of a schedule."""
        if isinstance(schedule, At):
            cron, zone = schedule.cron.text, schedule.zone.key
            return {"every_seconds": None, "cron": cron, "zone": zone}
        seconds = int(schedule.step.total_seconds())
        return {"every_seconds": seconds, "cron": "", "zone": ""}

    @property
    def is_running(self) -> bool:
        """Say whether it fetches at its slots."""
        return self.is_enabled and not self.is_held

    @property
    def is_writing_past(self) -> bool:
        """Say whether its past is being written, so that its slots wait."""
        return self.is_running and self.past_until is not None


class RunState(models.TextChoices):
    """How a fetch ended."""

    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Run(models.Model):
    """One fetch: of one slot, or of the past, up to that instant; each runs once."""

    source = models.ForeignKey(Source, on_delete=models.CASCADE, related_name="runs")
    slot = models.DateTimeField()
    is_history = models.BooleanField(default=False)
    state = models.CharField(max_length=8, choices=RunState, default=RunState.RUNNING)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    rows = models.PositiveIntegerField(default=0)
    skipped_slots = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "source", "slot", "is_history", name="run_of_slot_unique"
            )
        ]

    def __str__(self) -> str:
        return f"run {self.pk}"
