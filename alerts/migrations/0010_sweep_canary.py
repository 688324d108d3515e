"""Beat rings for the canary too."""

from django.db import migrations

TASK, SECONDS = "alerts.sweep_canary", 10


def add_sweep(apps, schema_editor):
    interval_schedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    interval, _ = interval_schedule.objects.get_or_create(
        every=SECONDS, period="seconds"
    )
    periodic_task.objects.update_or_create(
        name=TASK,
        defaults={
            "task": TASK,
            "interval": interval,
            "expire_seconds": 30,
            "enabled": True,
        },
    )


def remove_sweep(apps, schema_editor):
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    periodic_task.objects.filter(name=TASK).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0009_canary"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add_sweep, remove_sweep)]
