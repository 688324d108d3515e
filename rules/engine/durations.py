"""Lengths of time, as authors write them: ``60s``, ``5m``, ``1h``, ``2d``, or 60."""

import re
from datetime import timedelta
from decimal import Decimal, InvalidOperation

from rules.engine.errors import DurationInvalid
from rules.engine.values import brief

LONGEST = timedelta(days=366)

_SECONDS_OF = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_WORD_OF = {"s": "second", "m": "minute", "h": "hour", "d": "day"}
_WRITTEN = re.compile(
    r"(?P<amount>\d{1,12}(?:\.\d{1,6})?)\s*(?P<unit>[smhd])", re.ASCII
)
_WANTED = (
    'Write a length of time as "60s", "5m", "1h" or "2d", or as a number of seconds.'
)


def parse_duration(written: object) -> timedelta:
    """Read a length of time; plain numbers are seconds.

    Raises:
        DurationInvalid: it is neither, or negative, or longer than 366 days.
    """
    seconds = _seconds(written)
    if not seconds.is_finite() or seconds < 0:
        raise DurationInvalid(f'"{brief(written)}" is not a length of time. {_WANTED}')
    if seconds > LONGEST.total_seconds():
        raise DurationInvalid(f'"{brief(written)}" is longer than {LONGEST.days} days.')
    return timedelta(microseconds=int(seconds * 1_000_000))


def render_duration(duration: timedelta) -> str:
    """Write a length of time in the largest unit that divides it: 90 s is ``90s``."""
    amount, unit = _amount_and_unit(duration)
    return f"{amount}{unit}"


def say_duration(duration: timedelta) -> str:
    """Write a length of time in words: ``1 minute``, ``90 seconds``."""
    amount, unit = _amount_and_unit(duration)
    return f"{amount} {_WORD_OF[unit]}{'' if amount == '1' else 's'}"


def say_measured(length: timedelta) -> str:
    """Write a measured length of time in words, to the second from ten seconds on."""
    coarse = length >= timedelta(seconds=10)
    grain = timedelta(seconds=1) if coarse else timedelta(milliseconds=1)
    return say_duration(round(length / grain) * grain)


def say_every(duration: timedelta) -> str:
    """Write how often in words: ``a minute``, ``an hour``, ``every 90 seconds``."""
    amount, unit = _amount_and_unit(duration)
    if amount == "1":
        return f"an {_WORD_OF[unit]}" if unit == "h" else f"a {_WORD_OF[unit]}"
    return f"every {say_duration(duration)}"


def _seconds(written: object) -> Decimal:
    if isinstance(written, str):
        match = _WRITTEN.fullmatch(written.strip())
        if match is None:
            raise DurationInvalid(
                f'"{brief(written)}" is not a length of time. {_WANTED}'
            )
        return Decimal(match["amount"]) * _SECONDS_OF[match["unit"]]
    if isinstance(written, int | float | Decimal) and not isinstance(written, bool):
        try:
            return Decimal(str(written))
        except (InvalidOperation, ValueError):
            pass
    raise DurationInvalid(f'"{brief(written)}" is not a length of time. {_WANTED}')


def _amount_and_unit(duration: timedelta) -> tuple[str, str]:
    if duration.microseconds:
        seconds = Decimal(duration // timedelta(microseconds=1)) / 1_000_000
        return format(seconds.normalize(), "f"), "s"
    seconds_whole = duration // timedelta(seconds=1)
    for unit in ("d", "h", "m"):
        if seconds_whole and seconds_whole % _SECONDS_OF[unit] == 0:
            return str(seconds_whole // _SECONDS_OF[unit]), unit
    return str(seconds_whole), "s"
