"""How much of a rule an output is told, and the summaries of what is too much."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0010_sweep_canary"),
        ("rules", "0001_squashed_0007_keep_backtests"),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="summary",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="gathered",
                to="alerts.delivery",
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("summary__isnull", False)),
                fields=["summary", "transition"],
                name="delivery_gathered",
            ),
        ),
        migrations.CreateModel(
            name="Storm",
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
                ("minute", models.BigIntegerField(help_text="Since 1970.")),
                (
                    "told",
                    models.PositiveIntegerField(
                        help_text="In that minute, held ones included."
                    ),
                ),
                (
                    "earlier",
                    models.PositiveIntegerField(
                        default=0, help_text="In the minute before."
                    ),
                ),
                (
                    "next_at",
                    models.DateTimeField(
                        blank=True, help_text="No summary leaves before.", null=True
                    ),
                ),
                (
                    "gathering",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="alerts.delivery",
                    ),
                ),
                (
                    "output",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="storms",
                        to="alerts.output",
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
                        condition=models.Q(("gathering__isnull", False)),
                        fields=["gathering"],
                        name="storm_gathering",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("rule"),
                        models.F("output"),
                        name="storm_of_rule_and_output",
                    )
                ],
            },
        ),
    ]
