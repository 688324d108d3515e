import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Plain rules in effect are written as numbers too; the next drain writes them."""

    dependencies = [
        ("datasets", "0004_timer_batches"),
        ("rules", "0005_count_by_tally"),
        ("workspaces", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
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
            ],
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
            ],
        ),
        migrations.AddField(
            model_name="rule",
            name="is_tabled",
            field=models.BooleanField(default=False),
        ),
        migrations.AddIndex(
            model_name="rule",
            index=models.Index(
                models.F("in_effect"),
                condition=models.Q(("in_effect__isnull", False), ("is_tabled", False)),
                name="rule_untabled",
            ),
        ),
        migrations.AddField(
            model_name="place",
            name="lane",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="datasets.lane",
            ),
        ),
        migrations.AddField(
            model_name="predicate",
            name="lane",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="datasets.lane",
            ),
        ),
        migrations.AddField(
            model_name="predicate",
            name="place",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="rules.place",
            ),
        ),
        migrations.AddField(
            model_name="predicate",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="+",
                to="rules.rule",
            ),
        ),
        migrations.AddConstraint(
            model_name="place",
            constraint=models.UniqueConstraint(
                models.F("lane"),
                models.F("key"),
                models.F("field"),
                name="place_unique",
            ),
        ),
        migrations.AddIndex(
            model_name="predicate",
            index=models.Index(
                models.F("lane"), models.F("rule"), name="predicate_by_lane"
            ),
        ),
    ]
