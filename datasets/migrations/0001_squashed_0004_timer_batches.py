"""The schema of datasets, their lanes, batches, records and sources."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import datasets.exact


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("workspaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Dataset",
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
                ("slug", models.CharField(max_length=64)),
                ("title", models.CharField(blank=True, max_length=200)),
                ("description", models.TextField(blank=True)),
                (
                    "supplier",
                    models.CharField(
                        blank=True,
                        help_text="Who supplies the data, in free words.",
                        max_length=200,
                    ),
                ),
                ("schema", datasets.exact.ExactJSONField(default=dict)),
                ("key_field", models.CharField(blank=True, max_length=200)),
                ("subkey_field", models.CharField(blank=True, max_length=200)),
                ("date_field", models.CharField(blank=True, max_length=200)),
                ("zone", models.CharField(default="UTC", max_length=64)),
                (
                    "key_form",
                    models.CharField(
                        choices=[("exact", "As sent"), ("upper", "In capitals")],
                        default="exact",
                        max_length=8,
                    ),
                ),
                (
                    "duplicates",
                    models.CharField(
                        choices=[
                            ("ignore", "Keep the first"),
                            ("replace", "Keep the last"),
                            ("refuse", "Refuse the whole batch"),
                        ],
                        default="ignore",
                        max_length=8,
                    ),
                ),
                ("lateness_seconds", models.PositiveIntegerField(default=60)),
                (
                    "retention_seconds",
                    models.PositiveBigIntegerField(
                        blank=True,
                        help_text="How long records are kept; empty: for ever.",
                        null=True,
                    ),
                ),
                ("is_simulated", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
                (
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="datasets",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        django.db.models.functions.text.Upper("slug"),
                        condition=models.Q(("deleted_at__isnull", True)),
                        name="dataset_slug_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Idempotency",
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
                (
                    "scope",
                    models.CharField(help_text="Token and route.", max_length=120),
                ),
                ("key", models.CharField(max_length=255)),
                ("body_hash", models.CharField(max_length=64)),
                ("status", models.PositiveSmallIntegerField(null=True)),
                ("answer", datasets.exact.ExactJSONField(null=True)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "idempotency keys",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("scope"), models.F("key"), name="idempotency_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Job",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting"),
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("is_live", models.BooleanField(default=False)),
                (
                    "duplicates",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("ignore", "Keep the first"),
                            ("replace", "Keep the last"),
                            ("refuse", "Refuse the whole batch"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "file",
                    models.CharField(
                        help_text="Below the upload directory.", max_length=300
                    ),
                ),
                ("file_name", models.CharField(blank=True, max_length=200)),
                ("content_type", models.CharField(blank=True, max_length=100)),
                ("total_bytes", models.BigIntegerField(default=0)),
                ("read_bytes", models.BigIntegerField(default=0)),
                ("rows_total", models.PositiveIntegerField(default=0)),
                ("rows_done", models.PositiveIntegerField(default=0)),
                ("rows_rejected", models.PositiveIntegerField(default=0)),
                ("rejected", models.JSONField(blank=True, default=list)),
                ("error", models.TextField(blank=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("lease_until", models.DateTimeField(blank=True, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="jobs",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["created_at"],
                        name="job_unfinished",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Lane",
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
                ("shard", models.PositiveSmallIntegerField(default=0)),
                ("next_seq", models.BigIntegerField(default=1)),
                ("epoch", models.UUIDField()),
                ("is_paused", models.BooleanField(default=False)),
                ("crash_batch", models.BigIntegerField(blank=True, null=True)),
                ("crash_tries", models.PositiveSmallIntegerField(default=0)),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lanes",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("dataset"), models.F("shard"), name="lane_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Record",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "batch_id",
                        "ord",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("batch_id", models.BigIntegerField()),
                (
                    "ord",
                    models.PositiveIntegerField(help_text="Place inside the batch."),
                ),
                ("key", models.CharField(max_length=1500)),
                ("subkey", models.CharField(blank=True, max_length=1500)),
                ("event_time", models.DateTimeField()),
                ("body", datasets.exact.ExactJSONField()),
                ("is_current", models.BooleanField(default=True)),
                ("is_late", models.BooleanField(default=False)),
                ("superseded_by", models.BigIntegerField(blank=True, null=True)),
                (
                    "dataset",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="records",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_current", True)),
                        fields=["dataset", "key", "event_time", "batch_id", "ord"],
                        name="record_of_key",
                    ),
                    models.Index(
                        condition=models.Q(("is_current", True)),
                        fields=["dataset", "event_time", "batch_id", "ord"],
                        name="record_newest",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Source",
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
                ("name", models.CharField(max_length=120)),
                ("kind", models.CharField(max_length=40)),
                ("config", models.JSONField(blank=True, default=dict)),
                ("every_seconds", models.PositiveIntegerField(default=60)),
                ("is_enabled", models.BooleanField(default=True)),
                (
                    "is_held",
                    models.BooleanField(
                        default=False,
                        help_text="Kept from running by the installation's settings, switch or not.",
                    ),
                ),
                ("next_run_at", models.DateTimeField()),
                ("runs_kept", models.PositiveIntegerField(default=10000)),
                ("created_at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sources",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("is_enabled", True), ("is_held", False)),
                        fields=["next_run_at"],
                        name="source_due",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Batch",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "origin",
                    models.CharField(
                        choices=[
                            ("api", "API"),
                            ("source", "Source"),
                            ("import", "Import"),
                            ("output", "Output of a rule"),
                            ("forward", "Facts of another lane"),
                            ("rule", "Change of a rule"),
                            ("timer", "Timers of rules"),
                            ("schema", "Change of the schema"),
                            ("delete", "Deletion of records"),
                        ],
                        max_length=10,
                    ),
                ),
                ("is_live", models.BooleanField(default=True)),
                ("size", models.PositiveIntegerField(help_text="Number of records.")),
                ("hops", models.PositiveSmallIntegerField(default=0)),
                ("received_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("judged", "Judged"),
                            ("refused", "Refused"),
                            ("quarantined", "Quarantined"),
                        ],
                        default="pending",
                        max_length=12,
                    ),
                ),
                ("seq", models.BigIntegerField(blank=True, null=True)),
                ("options", models.JSONField(blank=True, default=dict)),
                ("outcome", models.JSONField(blank=True, default=dict)),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="batches",
                        to="datasets.lane",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "batches",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["lane", "id"],
                        name="batch_pending",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("lane"), models.F("seq"), name="batch_seq_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Fact",
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
                ("key", models.CharField(max_length=1500)),
                ("fields", datasets.exact.ExactJSONField()),
                (
                    "watermark",
                    models.DateTimeField(
                        help_text="The greatest event time of the key.", null=True
                    ),
                ),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="facts",
                        to="datasets.dataset",
                    ),
                ),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="facts",
                        to="datasets.lane",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("lane"),
                        models.F("dataset"),
                        models.F("key"),
                        name="fact_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Run",
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
                ("slot", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                        ],
                        default="running",
                        max_length=8,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("rows", models.PositiveIntegerField(default=0)),
                ("skipped_slots", models.PositiveIntegerField(default=0)),
                ("error", models.TextField(blank=True)),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="runs",
                        to="datasets.source",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("source"), models.F("slot"), name="run_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Quarantine",
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
                ("ord", models.PositiveIntegerField()),
                ("reason", models.TextField()),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                (
                    "batch",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="quarantined",
                        to="datasets.batch",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "quarantine",
                "constraints": [
                    models.UniqueConstraint(
                        models.F("batch"), models.F("ord"), name="quarantine_unique"
                    )
                ],
            },
        ),
    ]
