"""Since when the circuit of an output is open."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alerts", "0011_storms")]

    operations = [
        migrations.AddField(
            model_name="output",
            name="opened_at",
            field=models.DateTimeField(
                blank=True, help_text="Since then no send went well.", null=True
            ),
        ),
    ]
