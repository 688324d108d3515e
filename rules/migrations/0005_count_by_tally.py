import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """Quiet rules are counted by the tally of their key; failed follows from the rest."""

    dependencies = [
        ("datasets", "0001_initial"),
        ("rules", "0004_done"),
    ]

    operations = [
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
        migrations.RenameField("rule", "ran", "ran_apart"),
        migrations.RenameField("rule", "passed", "passed_apart"),
        migrations.RenameField("rule", "unknown", "unknown_apart"),
        migrations.AlterField(
            "rule", "unknown_apart", models.BigIntegerField(default=0)
        ),
        migrations.RenameField("rule", "evaluated_at", "evaluated_apart_at"),
        migrations.RemoveField("rule", "failed"),
        migrations.AddField(
            "rule",
            "tally",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="rules.tally",
            ),
        ),
        migrations.AddField(
            "rule", "tallied_truth", models.BooleanField(blank=True, null=True)
        ),
    ]
