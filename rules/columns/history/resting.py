"""When a rule rests: outside of its active hours, and once it has expired."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from rules.columns.buffers import Flags, Longs, distinct
from rules.columns.history.questions import Watch
from rules.columns.history.together import Together
from rules.columns.history.windows import LeftToEngine
from rules.engine import ActiveHours

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOMENT = timedelta(microseconds=1)
_MINUTE = 60 * 1_000_000
_DAY = 24 * 60 * _MINUTE
#: Since then every zone is off by whole minutes; and until then times have years.
_EVEN_SINCE, _LAST = 100_000_000 * 1_000_000, 2**53


def awake_at(watch: Watch, at: Longs) -> Flags:
    """Tell at which times a rule watches.

    Raises:
        LeftToEngine: times lie too far away.
    """
    awake = np.ones(len(at), dtype=np.bool_)
    if watch.expires_at is not None:
        awake &= at < (watch.expires_at - _EPOCH) // _MOMENT
    if watch.active is not None and len(at):
        awake &= _in_hours(at, watch.active)
    return awake


def awake_of(watch: Watch, together: Together) -> Together:
    """Leave out the runs at which a rule rests; what its facts were stays."""
    awake = awake_at(watch, together.runs.at)
    return replace(
        together,
        runs=together.runs.only(awake),
        last={name: last[awake] for name, last in together.last.items()},
    )


def _in_hours(at: Longs, active: ActiveHours) -> Flags:
    """Tell which times lie in active hours.

    1. On a day in which the zone's clock is not set, that turns at its midnight, and
       where the hours begin and end; on another it may at every minute.
    2. The engine says how it is from each such instant to the next.
    """
    if int(at.min()) < _EVEN_SINCE or int(at.max()) > _LAST:
        raise LeftToEngine("Times lie too far away.")
    days = distinct(at // _DAY) * _DAY
    turns = np.unique([one for day in days.tolist() for one in _turns(day, active)])
    holds = np.array([active.hold(_instant(one)) for one in turns.tolist()])
    inside: Flags = holds[np.searchsorted(turns, at, side="right") - 1]
    return inside


def _turns(day: int, active: ActiveHours) -> list[int]:
    """Name the instants of a day in UTC at which it may turn."""
    zone = ZoneInfo(active.zone)
    first, last = (_offset(one, zone) for one in (day, day + _DAY))
    if first != last:
        return list(range(day, day + _DAY, _MINUTE))
    clocks = [0]
    if active.hours is not None:
        ends = active.hours.given
        clocks += [(one.hour * 60 + one.minute) * _MINUTE for one in ends]
    return [day, *(day + (clock - first) % _DAY for clock in clocks)]


def _offset(at: int, zone: ZoneInfo) -> int:
    offset = _instant(at).astimezone(zone).utcoffset() or timedelta()
    return offset // _MOMENT


def _instant(at: int) -> datetime:
    return _EPOCH + at * _MOMENT
