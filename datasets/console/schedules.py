"""The page of a source: when it runs, when next, and how its last runs went."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from config.clock import database_now
from datasets.console.forms import zone_names
from datasets.models import Source
from datasets.schedules import At, Every, Schedule
from datasets.services import (
    ScheduleInvalid,
    change_source,
    find_source,
    page_of_source,
    read_schedule,
)
from workspaces.access import Access, Need
from workspaces.console.views import in_workspace

_EVERY, _AT, _CRON = "every", "at", "cron"
_UNITS = {1: "seconds", 60: "minutes", 3_600: "hours", 86_400: "days"}
#: As cron counts them, Monday first.
_DAYS = {
    "1": "Mon",
    "2": "Tue",
    "3": "Wed",
    "4": "Thu",
    "5": "Fri",
    "6": "Sat",
    "0": "Sun",
}
#: What has to be said beside each choice.
_NEEDED = {
    _EVERY: ("count", "Say how many."),
    _AT: ("time", "Say a time, like 09:30."),
    _CRON: ("cron", "Say when, like 30 9 * * MON-FRI."),
}
#: Which control a service's pointer means, by what was chosen.
_CONTROLS = {
    "/every_seconds": {_EVERY: "count"},
    "/cron": {_AT: "time", _CRON: "cron"},
    "/zone": {_AT: "zone", _CRON: "zone"},
}


class ScheduleForm(forms.Form):
    """When a source runs: every so often, at a time of day, or as cron says it."""

    how = forms.ChoiceField(
        label="It runs",
        choices=[
            (_EVERY, "Every so often"),
            (_AT, "At a time of day"),
            (_CRON, "As a cron expression says"),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": "Choose how its schedule is said."},
    )
    count = forms.IntegerField(label="Every", required=False, min_value=1)
    unit = forms.TypedChoiceField(
        label="Unit", required=False, coerce=int, choices=[*_UNITS.items()]
    )
    time = forms.TimeField(
        label="Time of day",
        required=False,
        widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
    )
    days = forms.MultipleChoiceField(
        label="On these days",
        required=False,
        choices=[*_DAYS.items()],
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen means every day.",
    )
    cron = forms.CharField(
        label="Cron expression",
        required=False,
        max_length=1_000,
        help_text=(
            "Minute, hour, day of the month, month, weekday: 30 9 * * MON-FRI, or "
            "*/15 9-16 * * *."
        ),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    zone = forms.ChoiceField(
        label="Time zone",
        required=False,
        help_text=(
            "Whose clocks are meant. A time that they skip runs when the gap ends; one "
            "that they show twice runs at its first."
        ),
    )

    def __init__(self, data: Any, *, source: Source) -> None:  # any: what was sent
        """Begin with the schedule that the source has."""
        super().__init__(data, initial=_initial(source))
        own = source.zone or source.dataset.zone
        fields: dict[str, Any] = self.fields  # any: Django types them loosely
        fields["zone"].choices = [(zone, zone) for zone in zone_names(own)]

    def clean(self) -> dict[str, Any]:  # any: as Django has it
        """Make a schedule of what was chosen; the rest is not looked at."""
        said = super().clean() or self.cleaned_data
        needed = _NEEDED.get(said.get("how", ""))
        if needed and not said.get(needed[0]) and needed[0] not in self.errors:
            self.add_error(*needed)
        if "how" in said and not self.errors:
            try:
                said["schedule"] = _schedule(said)
            except ScheduleInvalid as refusal:
                for error in refusal.errors:
                    control = _CONTROLS.get(error.pointer, {}).get(said["how"])
                    self.add_error(control, error.detail)
        return said


@require_http_methods(["GET", "HEAD", "POST"])
@in_workspace(Need.READ)
def source_detail(
    request: HttpRequest, access: Access, dataset: str, source_id: int
) -> HttpResponse:
    """Show a source; take another schedule for it."""
    source = find_source(access=access, slug=dataset, source_id=source_id)
    is_sent = request.method == "POST"
    form = ScheduleForm(request.POST if is_sent else None, source=source)
    if is_sent and form.is_valid():
        schedule: Schedule = form.cleaned_data["schedule"]
        change_source(
            access=access, source=source, schedule=schedule, now=database_now()
        )
        messages.success(request, f"{source.name} runs {schedule.sentence}.")
        return redirect(request.path)
    return TemplateResponse(
        request,
        "datasets/source.html",
        _context(access, source, form),
        status=422 if form.errors else 200,
    )


def _context(access: Access, source: Source, form: ScheduleForm) -> dict[str, object]:
    workspace, dataset = access.workspace.slug, source.dataset
    page = page_of_source(source, now=database_now())
    is_known = source.zone and not source.schedule_problem
    zone = ZoneInfo(source.zone if is_known else dataset.zone)
    return {
        "title": source.name,
        "crumbs": [
            ("Data", reverse("datasets:list", args=[workspace])),
            (dataset.slug, reverse("datasets:detail", args=[workspace, dataset.slug])),
        ],
        "dataset": dataset,
        "is_simulated": dataset.is_simulated,
        "source": source,
        "page": page,
        "slots": [
            (slot, f"{slot.astimezone(zone):%a %d %b %Y, %H:%M:%S}")
            for slot in page.next_slots
        ],
        "zone": zone.key,
        "form": form,
        "why_not": ""
        if access.gives >= Need.MANAGE
        else f"Only owners of {workspace} change sources.",
    }


def _initial(source: Source) -> dict[str, object]:
    """Return what the form shows of a schedule, in the simplest words that say it."""
    shown: dict[str, object] = {"zone": source.zone or source.dataset.zone}
    if source.schedule_problem:
        return {**shown, "how": _CRON, "cron": source.cron}
    schedule = source.schedule
    if isinstance(schedule, Every):
        seconds = int(schedule.step.total_seconds())
        unit = max(size for size in _UNITS if seconds % size == 0)
        return {**shown, "how": _EVERY, "count": seconds // unit, "unit": unit}
    shown["cron"] = schedule.cron.text
    if not _is_time_of_day(schedule):
        return {**shown, "how": _CRON}
    cron = schedule.cron
    hour, minute = min(cron.hours), min(cron.minutes)
    days = [] if len(cron.weekdays) == 7 else [str(day) for day in cron.weekdays]
    return {**shown, "how": _AT, "time": f"{hour:02}:{minute:02}", "days": days}


def _is_time_of_day(schedule: At) -> bool:
    cron = schedule.cron
    is_one = len(cron.hours) == len(cron.minutes) == 1
    return (
        is_one
        and len(cron.days) == 31
        and len(cron.months) == 12
        and (not cron.is_either_day)
    )


def _schedule(said: dict[str, Any]) -> Schedule:  # any: cleaned data
    if said["how"] == _EVERY:
        return read_schedule(every_seconds=said["count"] * (said["unit"] or 1))
    cron = said["cron"]
    if said["how"] == _AT:
        days = ",".join(said["days"]) or "*"
        cron = f"{said['time'].minute} {said['time'].hour} * * {days}"
    return read_schedule(cron=cron, zone=said["zone"])
