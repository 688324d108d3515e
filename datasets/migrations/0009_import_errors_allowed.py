"""An import may say how many of its rows may be set aside."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("datasets", "0008_lane_moved_at")]

    operations = [
        migrations.AddField(
            model_name="job",
            name="errors_allowed",
            field=models.PositiveIntegerField(
                blank=True,
                help_text="Rows that may be set aside until it fails; empty: any number.",
                null=True,
            ),
        ),
    ]
