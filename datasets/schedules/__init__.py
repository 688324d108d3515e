"""When a source runs: equal steps of time, or times of a clock. Knows no database."""

from datasets.schedules.cron import Cron, CronInvalid, read_cron
from datasets.schedules.plans import At, Every, Schedule

__all__ = ["At", "Cron", "CronInvalid", "Every", "Schedule", "read_cron"]
