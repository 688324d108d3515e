"""The terms of a rule: how long things must hold, and when it watches at all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rules.engine.durations import render_duration
from rules.engine.nodes import Node
from rules.engine.operand_reading import read_time_of_day, read_zone
from rules.engine.operands import Hours, TimeReader
from rules.engine.operators import WEEKDAYS
from rules.engine.places import Place
from rules.engine.schedule import ActiveHours
from rules.engine.specification import (
    NoData,
    OnSilence,
    Recovery,
    RuleKind,
    Specification,
)

MAX_HOLIDAYS = 1_000

NO_RECOVERY = Recovery()
ReadNode = Callable[[Place], Node | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is read here of a definition."""

    hold: timedelta = timedelta()
    recover: Recovery = NO_RECOVERY
    no_data: NoData | None = None
    active: ActiveHours | None = None
    expires_at: datetime | None = None


def read_terms(
    members: Mapping[str, Place],
    *,
    kind: RuleKind,
    read_node: ReadNode,
    read_time: TimeReader,
) -> Terms:
    """Read the terms; a null says nothing, and what only a state can have is refused.

    Conditions for recovery are read by ``read_node``, which knows the rule's facts.
    """
    said = {name: place for name, place in members.items() if place.value is not None}
    if kind is RuleKind.SIGNAL:
        _refuse_for_signal(said)
    return Terms(
        hold=_read_hold(said.get("hold")),
        recover=_read_recover(said.get("recover"), read_node),
        no_data=_read_no_data(said.get("no_data")),
        active=_read_active(said.get("active")),
        expires_at=_read_end(said.get("expires_at"), read_time),
    )


def write_terms(
    specification: Specification, write_node: Callable[[Node], object]
) -> dict[str, object]:
    """Write the terms that are not what they are when nothing is said."""
    written: dict[str, object] = {}
    if specification.hold:
        written["hold"] = render_duration(specification.hold)
    recover = _write_recover(specification.recover, write_node)
    if recover:
        written["recover"] = recover
    if specification.no_data is not None:
        written["no_data"] = {
            "after": render_duration(specification.no_data.after),
            "then": str(specification.no_data.then),
        }
    if specification.active is not None:
        written["active"] = _write_active(specification.active)
    if specification.expires_at is not None:
        written["expires_at"] = specification.expires_at.isoformat()
    return written


def _refuse_for_signal(said: Mapping[str, Place]) -> None:
    for name in ("hold", "recover", "no_data"):
        if name in said:
            said[name].refuse(
                "not_for_signal",
                f'A signal rule raises at once and has no end, so "{name}" means'
                " nothing; leave it out, or make a state rule.",
            )


def _read_hold(place: Place | None) -> timedelta:
    return (place and place.duration()) or timedelta()


def _read_recover(place: Place | None, read_node: ReadNode) -> Recovery:
    members = None if place is None else place.members(("when", "hold"))
    if not members:
        return Recovery()
    when = read_node(members["when"]) if "when" in members else None
    return Recovery(when=when, hold=_read_hold(members.get("hold")))


def _read_no_data(place: Place | None) -> NoData | None:
    members = None if place is None else place.members(("after", "then"))
    if place is None or members is None:
        return None
    if "after" not in members:
        place.refuse("missing", 'Say after how long: {"after": "10m"}.')
        return None
    after = members["after"].duration()
    then: OnSilence | None = OnSilence.ALERT
    if "then" in members:
        then = members["then"].choice(OnSilence)
    if after is not None and not after:
        members["after"].refuse("bad_duration", "This length of time must be above 0.")
    return NoData(after=after, then=then) if after and then else None


def _read_active(place: Place | None) -> ActiveHours | None:
    members = (
        None if place is None else place.members(("hours", "days", "zone", "holidays"))
    )
    if place is None or members is None:
        return None
    zone = read_zone(members["zone"]) if "zone" in members else "UTC"
    days = _read_days(members["days"]) if "days" in members else WEEKDAYS
    hours = _read_hours(members["hours"]) if "hours" in members else None
    holidays = _read_holidays(members["holidays"]) if "holidays" in members else ()
    if zone is None or days is None:
        return None
    return ActiveHours(zone=zone, hours=hours, days=days, holidays=holidays)


def _read_hours(place: Place) -> Hours | None:
    """Read ``"09:30-16:00"``."""
    written = place.value if isinstance(place.value, str) else ""
    start, end = (read_time_of_day(one.strip()) for one in _halves(written))
    if start is None or end is None or start == end:
        place.refuse("bad_time_of_day", 'Write hours as "09:30-16:00".')
        return None
    return Hours(start=start, end=end)


def _halves(written: str) -> tuple[str, str]:
    first, _, second = written.partition("-")
    return first, second


def _read_days(place: Place) -> tuple[str, ...] | None:
    """Read ``"mon-fri"``, ``"sat,sun"``, or a list of days."""
    written = place.value
    named = written.split(",") if isinstance(written, str) else written
    days: set[str] = set()
    for one in named if isinstance(named, list) else ():
        days.update(_days_from(one))
    if not days or "" in days:
        place.refuse(
            "unknown_choice",
            f'Write days as "mon-fri", or name them: {", ".join(WEEKDAYS)}.',
        )
        return None
    return tuple(day for day in WEEKDAYS if day in days)


def _days_from(written: object) -> list[str]:
    """Give the days of ``mon`` or ``fri-mon``; a blank where one is not known."""
    first, last = _halves(written.strip() if isinstance(written, str) else "")
    ends = [first, last or first]
    if not set(ends) <= set(WEEKDAYS):
        return [""]
    start, end = (WEEKDAYS.index(day) for day in ends)
    length = (end - start) % len(WEEKDAYS) + 1
    return [WEEKDAYS[(start + one) % len(WEEKDAYS)] for one in range(length)]


def _read_holidays(place: Place) -> tuple[date, ...]:
    found = set()
    for one in place.items(at_most=MAX_HOLIDAYS):
        try:
            found.add(date.fromisoformat(str(one.value)))
        except ValueError:
            one.refuse("bad_date", "Write a holiday as 2026-12-25.")
    return tuple(sorted(found))


def _read_end(place: Place | None, read_time: TimeReader) -> datetime | None:
    if place is None:
        return None
    end = read_time(place.value, UTC) if isinstance(place.value, str) else None
    if end is None:
        place.refuse(
            "bad_time", "Write the end as a time with a zone: 2026-12-31T23:59:59Z."
        )
    return end


def _write_recover(
    recover: Recovery, write_node: Callable[[Node], object]
) -> dict[str, object]:
    written: dict[str, object] = {}
    if recover.when is not None:
        written["when"] = write_node(recover.when)
    if recover.hold:
        written["hold"] = render_duration(recover.hold)
    return written


def _write_active(active: ActiveHours) -> dict[str, object]:
    written: dict[str, object] = {"zone": active.zone}
    if active.hours is not None:
        written["hours"] = f"{active.hours.start:%H:%M}-{active.hours.end:%H:%M}"
    if active.days != WEEKDAYS:
        written["days"] = list(active.days)
    if active.holidays:
        written["holidays"] = [day.isoformat() for day in active.holidays]
    return written
