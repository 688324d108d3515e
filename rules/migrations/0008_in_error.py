"""Rules in error are found among a million that are well."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rules", "0001_squashed_0007_keep_backtests")]

    operations = [
        migrations.AddIndex(
            model_name="rule",
            index=models.Index(
                models.F("id"),
                condition=models.Q(("health", "error")),
                name="rule_in_error",
            ),
        ),
    ]
