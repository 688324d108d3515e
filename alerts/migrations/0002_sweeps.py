"""Beat's schedule: one row for each sweep, seen and tuned in the admin."""

from django.db import migrations

# Task's name -> every so many seconds.
SWEEPS = {
    "alerts.sweep_lanes": 5,
    "alerts.sweep_deliveries": 5,
    "alerts.sweep_feed": 5,
    "datasets.sweep_sources": 1,
    "datasets.sweep_jobs": 5,
    "alerts.sweep_upkeep": 60,
    "alerts.heartbeat": 15,
}


def add_sweeps(apps, schema_editor):
    interval_schedule = apps.get_model("django_celery_beat", "IntervalSchedule")
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    for task, seconds in SWEEPS.items():
        interval, _ = interval_schedule.objects.get_or_create(
            every=seconds, period="seconds"
        )
        periodic_task.objects.update_or_create(
            name=task,
            defaults={
                "task": task,
                "interval": interval,
                "expire_seconds": 30,
                "enabled": True,
            },
        )


def remove_sweeps(apps, schema_editor):
    periodic_task = apps.get_model("django_celery_beat", "PeriodicTask")
    periodic_task.objects.filter(name__in=SWEEPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("alerts", "0001_initial"),
        ("django_celery_beat", "0019_alter_periodictasks_options"),
    ]

    operations = [migrations.RunPython(add_sweeps, remove_sweeps)]
