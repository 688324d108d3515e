"""A source may run by the clocks of a zone instead of in equal steps."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datasets", "0006_shards")]

    operations = [
        migrations.AlterField(
            model_name="source",
            name="every_seconds",
            field=models.PositiveIntegerField(
                blank=True,
                default=60,
                help_text="Nothing if `cron` says when.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="cron",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Minute, hour, day, month and weekday, like 30 9 * * MON-FRI.",
                max_length=200,
            ),
        ),
        migrations.AddField(
            model_name="source",
            name="zone",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Whose clocks `cron` means, like Asia/Kathmandu.",
                max_length=64,
            ),
        ),
        migrations.AddConstraint(
            model_name="source",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cron", ""),
                        ("every_seconds__gt", 0),
                        ("every_seconds__isnull", False),
                        ("zone", ""),
                    ),
                    models.Q(
                        ("every_seconds", None),
                        models.Q(("cron", ""), _negated=True),
                        models.Q(("zone", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="source_has_one_schedule",
                violation_error_message="Say either every how many seconds, or a cron expression and a zone.",
            ),
        ),
    ]
