"""The schema of alerts, transitions, deliveries and the feed; and beat's schedule."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import datasets.exact

# Task's name -> beat rings every so many seconds.
SWEEPS = {
    "alerts.sweep_lanes": 5,
    "alerts.sweep_deliveries": 5,
    "alerts.sweep_feed": 5,
    "alerts.sweep_timers": 5,
    "datasets.sweep_sources": 1,
    "datasets.sweep_jobs": 5,
    "rules.sweep_segments": 15,
    "rules.sweep_backtests": 5,
    "alerts.sweep_upkeep": 60,
    "alerts.heartbeat": 15,
}


def add_sweeps(apps, schema_editor):
    interval_schedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    for task, seconds in SWEEPS.items():
        interval, _ = interval_schedule.objects.get_or_create(
            every=seconds, period="seconds"
        )
        periodic_task.objects.update_or_create(
            name=task,
            defaults={
                "task": task,
                "interval": interval,
                "expire_seconds": 30,
                "enabled": True,
            },
        )


def remove_sweeps(apps, schema_editor):
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    periodic_task.objects.filter(name__in=SWEEPS).delete()


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("datasets", "0001_squashed_0004_timer_batches"),
        ("rules", "0001_squashed_0007_keep_backtests"),
        ("workspaces", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Alert",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signal", "Signal: one alert per qualifying event"),
                            ("state", "State: opens and resolves"),
                        ],
                        max_length=6,
                    ),
                ),
                ("key", models.CharField(max_length=1500)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("raised", "Raised"),
                            ("open", "Open"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[
                            ("critical", "Critical"),
                            ("warning", "Warning"),
                            ("info", "Info"),
                        ],
                        default="warning",
                        max_length=8,
                    ),
                ),
                ("reason", models.TextField(help_text="The finding in one sentence.")),
                ("values", datasets.exact.ExactJSONField(default=dict)),
                ("subject", models.CharField(max_length=1700)),
                ("opened_at", models.DateTimeField(help_text="Event time.")),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("recorded_at", models.DateTimeField()),
                ("is_historical", models.BooleanField(default=False)),
                ("is_simulated", models.BooleanField(default=False)),
                ("acknowledged_at", models.DateTimeField(blank=True, null=True)),
                (
                    "acknowledged_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="rules.rule",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="rules.version",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="alerts",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["workspace", "-recorded_at", "-id"], name="alert_newest"
                    ),
                    models.Index(
                        fields=["rule", "-recorded_at", "-id"], name="alert_of_rule"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("rule"),
                        models.F("key"),
                        condition=models.Q(("state", "open")),
                        name="alert_one_open_per_instance",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FeedHead",
            fields=[
                (
                    "workspace",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="feed_head",
                        serialize=False,
                        to="workspaces.workspace",
                    ),
                ),
                ("next_seq", models.BigIntegerField(default=1)),
                ("epoch", models.UUIDField()),
            ],
        ),
        migrations.CreateModel(
            name="Heartbeat",
            fields=[
                (
                    "part",
                    models.CharField(max_length=60, primary_key=True, serialize=False),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="Output",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("slug", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=200)),
                ("kind", models.CharField(max_length=40)),
                ("config", models.JSONField(default=dict)),
                ("sealed_secret", models.TextField(blank=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("disabled_reason", models.TextField(blank=True)),
                (
                    "failures",
                    models.PositiveIntegerField(default=0, help_text="In a row."),
                ),
                (
                    "open_until",
                    models.DateTimeField(
                        blank=True,
                        help_text="The circuit is open until then.",
                        null=True,
                    ),
                ),
                ("max_in_flight", models.PositiveSmallIntegerField(default=4)),
                ("created_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="outputs",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        models.F("slug"),
                        condition=models.Q(("deleted_at__isnull", True)),
                        name="output_slug_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="FeedEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("seq", models.BigIntegerField(blank=True, null=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("raised", "Raised"),
                            ("opened", "Opened"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                            ("no_data", "Went silent"),
                            ("reminded", "Reminded"),
                            ("escalated", "Escalated"),
                            ("eased", "Eased"),
                            ("acknowledged", "Acknowledged"),
                            ("imported", "History imported"),
                        ],
                        max_length=12,
                    ),
                ),
                ("details", models.JSONField(blank=True, default=dict)),
                ("at", models.DateTimeField()),
                (
                    "alert",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="entries",
                        to="alerts.alert",
                    ),
                ),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="feed_entries",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "feed entries",
                "indexes": [
                    models.Index(
                        condition=models.Q(("seq__isnull", True)),
                        fields=["workspace", "id"],
                        name="feed_unnumbered",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"), models.F("seq"), name="feed_seq_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Transition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("raised", "Raised"),
                            ("opened", "Opened"),
                            ("resolved", "Resolved"),
                            ("closed", "Closed"),
                            ("no_data", "Went silent"),
                            ("reminded", "Reminded"),
                            ("escalated", "Escalated"),
                            ("eased", "Eased"),
                        ],
                        max_length=12,
                    ),
                ),
                ("key", models.CharField(max_length=1500)),
                ("seq", models.BigIntegerField()),
                ("ord", models.PositiveIntegerField()),
                ("at", models.DateTimeField(help_text="Event time.")),
                ("recorded_at", models.DateTimeField()),
                ("reason", models.TextField(blank=True)),
                ("verdict", datasets.exact.ExactJSONField(default=dict)),
                (
                    "alert",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="transitions",
                        to="alerts.alert",
                    ),
                ),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.lane",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="rules.rule",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("alert"),
                        models.F("number"),
                        name="transition_number_unique",
                    ),
                    models.UniqueConstraint(
                        models.F("rule"),
                        models.F("lane"),
                        models.F("seq"),
                        models.F("ord"),
                        models.F("key"),
                        models.F("kind"),
                        models.F("at"),
                        name="transition_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("failed", "Failed, will be tried again"),
                            ("dead", "Given up"),
                            ("suppressed", "Held back"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("subject", models.TextField(blank=True)),
                ("message", models.TextField(blank=True)),
                ("due_at", models.DateTimeField()),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                ("leased_by", models.CharField(blank=True, max_length=64)),
                ("error", models.TextField(blank=True)),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="workspaces.workspace",
                    ),
                ),
                (
                    "output",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="alerts.output",
                    ),
                ),
                (
                    "transition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="alerts.transition",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "deliveries",
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("status__in", ["queued", "failed", "sending"])
                        ),
                        fields=["due_at"],
                        name="delivery_due",
                    ),
                    models.Index(
                        fields=["workspace", "-created_at", "-id"],
                        name="delivery_newest",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("transition"), models.F("output"), name="delivery_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField()),
                (
                    "status_code",
                    models.PositiveSmallIntegerField(blank=True, null=True),
                ),
                (
                    "answer",
                    models.TextField(
                        blank=True, help_text="The first 4 kB of the answer."
                    ),
                ),
                ("error", models.TextField(blank=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tries",
                        to="alerts.delivery",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("delivery"), models.F("number"), name="attempt_unique"
                    )
                ],
            },
        ),
        migrations.RunPython(add_sweeps, remove_sweeps),
    ]
