"""The schema of rules, versions, instances and what they are loaded from."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import datasets.exact


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("datasets", "0001_squashed_0004_timer_batches"),
        ("workspaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BacktestRun",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("request", datasets.exact.ExactJSONField()),
                ("digest", models.CharField(max_length=64)),
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
                ("read", models.PositiveIntegerField(default=0)),
                ("total", models.PositiveIntegerField(default=0)),
                ("found", datasets.exact.ExactJSONField(blank=True, null=True)),
                ("error", models.TextField(blank=True)),
                ("tries", models.PositiveSmallIntegerField(default=0)),
                ("created_at", models.DateTimeField(db_index=True)),
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="backtests",
                        to="workspaces.workspace",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["queued", "running"])),
                        fields=["created_at"],
                        name="backtest_unfinished",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Place",
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
                ("key", models.CharField(blank=True, max_length=1500)),
                ("field", models.CharField(max_length=200)),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.lane",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("lane"),
                        models.F("key"),
                        models.F("field"),
                        name="place_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Tally",
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
                ("interest", models.CharField(max_length=16)),
                ("runs", models.BigIntegerField()),
                ("run_at", models.DateTimeField()),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.lane",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("lane"),
                        models.F("key"),
                        models.F("interest"),
                        name="tally_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Rule",
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
                ("uuid", models.UUIDField(unique=True)),
                ("slug", models.CharField(max_length=80)),
                ("name", models.CharField(max_length=200)),
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
                ("is_enabled", models.BooleanField(default=True)),
                (
                    "health",
                    models.CharField(
                        choices=[("ok", "OK"), ("error", "Error")],
                        default="ok",
                        max_length=5,
                    ),
                ),
                ("error", models.TextField(blank=True)),
                ("errors_in_a_row", models.PositiveIntegerField(default=0)),
                ("ran_apart", models.BigIntegerField(default=0)),
                ("passed_apart", models.BigIntegerField(default=0)),
                ("unknown_apart", models.BigIntegerField(default=0)),
                ("sent", models.BigIntegerField(default=0)),
                ("evaluated_apart_at", models.DateTimeField(blank=True, null=True)),
                ("tallied_truth", models.BooleanField(blank=True, null=True)),
                ("is_tabled", models.BooleanField(default=False)),
                ("last_alert_at", models.DateTimeField(blank=True, null=True)),
                ("done_at", models.DateTimeField(blank=True, null=True)),
                (
                    "expires_at",
                    models.DateTimeField(blank=True, db_index=True, null=True),
                ),
                ("changes", models.PositiveIntegerField(default=0)),
                ("judged_change", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField()),
                ("updated_at", models.DateTimeField()),
                ("deleted_at", models.DateTimeField(blank=True, null=True)),
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
                    "workspace",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="rules",
                        to="workspaces.workspace",
                    ),
                ),
                (
                    "tally",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="rules.tally",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("workspace"),
                        models.F("slug"),
                        condition=models.Q(("deleted_at__isnull", True)),
                        name="rule_slug_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Instance",
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
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("inactive", "Inactive"),
                            ("pending", "Pending"),
                            ("firing", "Firing"),
                            ("recovering", "Recovering"),
                        ],
                        default="inactive",
                        max_length=10,
                    ),
                ),
                ("memory", datasets.exact.ExactJSONField(default=dict)),
                ("due_at", models.DateTimeField(blank=True, null=True)),
                ("wake_at", models.DateTimeField(blank=True, null=True)),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="instances",
                        to="rules.rule",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        models.F("key"),
                        models.F("due_at"),
                        condition=models.Q(("due_at__isnull", False)),
                        name="instance_armed",
                    ),
                    models.Index(
                        models.F("wake_at"),
                        condition=models.Q(("wake_at__isnull", False)),
                        name="instance_waking",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("rule"), models.F("key"), name="instance_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Predicate",
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
                    "operator",
                    models.SmallIntegerField(
                        choices=[
                            (0, "above"),
                            (1, "at or above"),
                            (2, "below"),
                            (3, "at or below"),
                        ]
                    ),
                ),
                ("constant", models.FloatField()),
                ("is_all", models.BooleanField()),
                (
                    "lane",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.lane",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="rules.place",
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
                "indexes": [
                    models.Index(
                        models.F("lane"), models.F("rule"), name="predicate_by_lane"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Version",
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
                ("definition", datasets.exact.ExactJSONField()),
                ("sentence", models.TextField()),
                ("effective_seq", models.BigIntegerField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
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
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="datasets.lane",
                    ),
                ),
                (
                    "rule",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="versions",
                        to="rules.rule",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("rule"), models.F("number"), name="version_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Forward",
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
                ("change", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "lane",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="forwards",
                        to="datasets.lane",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="forwards",
                        to="rules.version",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        models.F("version"), models.F("lane"), name="forward_unique"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="rule",
            name="in_effect",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="rules.version",
            ),
        ),
        migrations.AddField(
            model_name="rule",
            name="latest",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="rules.version",
            ),
        ),
        migrations.AddIndex(
            model_name="rule",
            index=models.Index(
                models.F("in_effect"),
                condition=models.Q(("in_effect__isnull", False), ("is_tabled", False)),
                name="rule_untabled",
            ),
        ),
    ]
