"""Timers: what becomes due by time alone, where no event comes to show it.

They are lazy: an event never moves one. When it fires, the engine looks at how things
stand, and acts or sets it anew.
"""

from enum import StrEnum


class Timer(StrEnum):
    """What a timer is for.

    ``wake`` is for conditions that time alone makes true and for windows that close,
    ``lapse`` for values that leave one.
    """

    HOLD = "hold"
    LAPSE = "lapse"
    RECOVER = "recover"
    NO_DATA = "no_data"
    WAKE = "wake"
    REMIND = "remind"
