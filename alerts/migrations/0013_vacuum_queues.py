"""Tables that are queues are vacuumed after so many rows, however large they have grown.

By itself PostgreSQL waits until a fifth of a table is dead. Of one that keeps what it has
done that is more and more, and whoever asks it for what is due reads past all of it.
"""

from django.db import migrations

TABLES = (("datasets", "batch"), ("alerts", "delivery"), ("alerts", "feedentry"))
#: About ten seconds of a busy installation.
SETTINGS = {"autovacuum_vacuum_scale_factor": 0, "autovacuum_vacuum_threshold": 5000}


def vacuum_sooner(apps, schema_editor):
    said = ", ".join(f"{name} = {value}" for name, value in SETTINGS.items())
    alter(apps, schema_editor, f"SET ({said})")


def vacuum_as_usual(apps, schema_editor):
    alter(apps, schema_editor, f"RESET ({', '.join(SETTINGS)})")


def alter(apps, schema_editor, change):
    if schema_editor.connection.vendor != "postgresql":
        return
    for app, model in TABLES:
        table = schema_editor.quote_name(apps.get_model(app, model)._meta.db_table)
        schema_editor.execute(f"ALTER TABLE {table} {change}")


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0012_opened_at"),
        ("datasets", "0007_wall_clock_schedules"),
    ]

    operations = [migrations.RunPython(vacuum_sooner, vacuum_as_usual)]
