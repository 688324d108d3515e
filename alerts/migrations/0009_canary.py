"""Where the canary flies, and what came back of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0001_squashed_0008_sweep_backtests"),
        ("datasets", "0001_squashed_0004_timer_batches"),
    ]

    operations = [
        migrations.CreateModel(
            name="Proof",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "sent_at",
                    models.DateTimeField(help_text="When the event was received."),
                ),
                ("delivered_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["sent_at"], name="proof_newest")],
            },
        ),
        migrations.CreateModel(
            name="Canary",
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
                ("due_at", models.DateTimeField()),
                (
                    "dataset",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="datasets.dataset",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "canary",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("pk", 1)), name="canary_is_single"
                    )
                ],
            },
        ),
    ]
