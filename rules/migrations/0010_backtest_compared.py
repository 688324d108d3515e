"""A back-test of an edit keeps how that differs from the rule as it stands."""

from django.db import migrations

import datasets.exact


class Migration(migrations.Migration):
    dependencies = [("rules", "0009_lane_rules")]

    operations = [
        migrations.AddField(
            model_name="backtestrun",
            name="compared",
            field=datasets.exact.ExactJSONField(blank=True, null=True),
        ),
    ]
