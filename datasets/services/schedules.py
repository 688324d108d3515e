"""When a source runs: what may be said of it, changing it, and what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import OuterRef, Subquery

from datasets.models import Run, Source
from datasets.schedules import At, CronInvalid, Every, Schedule, read_cron
from datasets.services.configuring import set_switch
from datasets.store.writing import writing
from datasets.times import TimeInvalid, read_zone
from workspaces.access import Access, Need
from workspaces.refusals import FieldError, Invalid
from workspaces.services import record_audit

#: The longest step, a year.
MOST_SECONDS: Final = 366 * 24 * 3600
#: Slots that are shown ahead.
SLOTS_SHOWN: Final = 3
RUNS_SHOWN: Final = 20


class ScheduleInvalid(Invalid):
    """Nothing can run by this schedule; `errors` name each part."""

    code = "schedule_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """A source, when it runs next, and its last runs, newest first."""

    source: Source
    next_slots: Sequence[datetime]
    runs: Sequence[Run]

    @property
    def last_run(self) -> Run | None:
        """Return its last run, if there was one."""
        return next(iter(self.runs), None)


def read_schedule(
    *, every_seconds: int | None = None, cron: str = "", zone: str = ""
) -> Schedule:
    """Return a schedule from either a step, or a cron expression and its zone.

    Raises:
        ScheduleInvalid: naming each part that cannot be, or is too many or too few.
    """
    if every_seconds is not None and not (cron or zone):
        return _read_step(every_seconds)
    if every_seconds is not None:
        raise _invalid(
            ("/every_seconds", "too_many", "Say every_seconds, or cron and zone; one.")
        )
    missing = [
        (f"/{name}", "required", text)
        for name, said, text in (
            ("cron", cron, "Say when, like 30 9 * * MON-FRI; or say every_seconds."),
            ("zone", zone, "Say whose clocks cron means, like Asia/Kathmandu."),
        )
        if not said
    ]
    if missing:
        raise _invalid(*missing)
    return _read_clock(cron, zone)


def change_source(
    *,
    access: Access,
    source: Source,
    schedule: Schedule | None = None,
    on: bool | None = None,
    now: datetime,
) -> None:
    """Give a source another schedule, or turn it on or off, or both; one commit.

    A new schedule begins with its first slot from now on; one that says the same as the
    old changes nothing. While the past is being written the slots wait for its end.
    """
    access.require(Need.MANAGE)
    with writing():
        if schedule is not None and _is_another(schedule, source):
            sources = Source.objects.filter(pk=source.pk)
            sources.update(**Source.columns_of(schedule))
            sources.filter(past_until=None).update(next_run_at=schedule.first_slot(now))
            record_audit(
                access=access, action="source.rescheduled", target=source.name, now=now
            )
        source.refresh_from_db()
        if on is not None:
            set_switch(access=access, source=source, on=on, now=now)
            source.refresh_from_db()


def page_of_source(source: Source, *, now: datetime) -> SourcePage:
    """Return when a source runs next, and its last runs."""
    runs = Run.objects.filter(source=source).order_by("-slot", "-pk")
    return SourcePage(
        source=source,
        next_slots=next_slots(source, now=now),
        runs=list(runs[:RUNS_SHOWN]),
    )


def pages_of_sources(sources: Sequence[Source], *, now: datetime) -> list[SourcePage]:
    """Return when sources run next, each with its last run alone; in one query."""
    of_source = Run.objects.filter(source=OuterRef("pk")).order_by("-slot", "-pk")
    last = Source.objects.filter(pk__in=[one.pk for one in sources]).values(
        last=Subquery(of_source.values("pk")[:1])
    )
    runs = {run.source_id: run for run in Run.objects.filter(pk__in=last)}
    return [
        SourcePage(
            source=one,
            next_slots=next_slots(one, now=now),
            runs=[runs[one.pk]] if one.pk in runs else [],
        )
        for one in sources
    ]


def next_slots(source: Source, *, now: datetime) -> tuple[datetime, ...]:
    """Return the slots of a source that are to come; of one that is off, if it were on.

    What is due already is not among them. There are none if its schedule cannot be
    read here.
    """
    if source.schedule_problem:
        return ()
    schedule: Schedule = source.schedule
    if not source.is_running or source.past_until is not None:
        first = schedule.first_slot(now)
    elif source.next_run_at > now:
        first = source.next_run_at
    else:
        due, _ = schedule.slots_passed(source.next_run_at, now=now)
        first = schedule.following_slot(due)
    later = [schedule.following_slot(first, one) for one in range(1, SLOTS_SHOWN)]
    return first, *later


def _is_another(schedule: Schedule, source: Source) -> bool:
    return bool(source.schedule_problem) or schedule != source.schedule


def _read_step(seconds: int) -> Every:
    if not 1 <= seconds <= MOST_SECONDS:
        detail = f"every_seconds is {seconds}; say 1 to {MOST_SECONDS}."
        raise _invalid(("/every_seconds", "out_of_range", detail))
    return Every(timedelta(seconds=seconds))


def _read_clock(cron: str, zone: str) -> At:
    problems: list[tuple[str, str, str]] = []
    read = clocks = None
    try:
        read = read_cron(cron)
    except CronInvalid as error:
        problems.append(("/cron", error.code, error.detail))
    try:
        clocks = read_zone(zone)
    except TimeInvalid as error:
        problems.append(("/zone", error.code, error.detail))
    if read is None or clocks is None:
        raise _invalid(*problems)
    return At(read, clocks)


def _invalid(*problems: tuple[str, str, str]) -> ScheduleInvalid:
    errors = [
        FieldError(pointer=pointer, code=code, detail=detail)
        for pointer, code, detail in problems
    ]
    return ScheduleInvalid(" ".join(one.detail for one in errors), errors=errors)
