"""What the conditions of one rule remember of one key, from run to run."""

from collections.abc import Mapping
from datetime import datetime


class Memory:
    """Read as the run before left it, written anew; what is not kept is forgotten.

    ``of_event`` tells that an event is judged, which may count, and no timer.
    ``sees_ends`` tells that what time alone has ended is looked at, as a state rule
    must; otherwise it is noted, and no more. ``looked`` holds what was seen of each
    window at this run, for all conditions that ask about it. ``has_lapsed`` says that a
    value left a window just now, and turned a condition by that, ``has_closed`` that a
    tumbling window became final just now. ``awaits_close`` tells that such windows say
    nothing before, ``rests`` that the rule does not watch.
    """

    def __init__(
        self,
        before: Mapping[str, object],
        *,
        of_event: bool = True,
        sees_ends: bool = False,
        awaits_close: bool = False,
        rests: bool = False,
    ) -> None:
        self._before = before
        self.of_event = of_event
        self.sees_ends = sees_ends
        self.awaits_close = awaits_close
        self.rests = rests
        self.kept: dict[str, object] = {}
        self.wakes_at: datetime | None = None
        self.is_due = False
        self.looked: dict[str, object] = {}
        self.lapses_at: datetime | None = None
        self.has_lapsed = False
        self.has_closed = False

    def recall(self, memory_id: str) -> object:
        """Give what a condition kept at the run before; ``None`` if nothing."""
        return self._before.get(memory_id)

    def keep(self, memory_id: str, remembered: object) -> None:
        """Keep what a condition must know at its next run."""
        if remembered is not None:
            self.kept[memory_id] = remembered

    def wake(self, when: datetime | None, *, now: datetime) -> None:
        """Ask to be judged at an instant, the earliest to come of those asked for.

        One that is now says that a timer set for it has not become idle.
        """
        if when is None or when < now:
            return
        if when == now:
            self.is_due = True
        elif self.wakes_at is None or when < self.wakes_at:
            self.wakes_at = when

    def wake_at_end(self, when: datetime, *, now: datetime) -> None:
        """Ask to be judged at an instant at which time alone ends something."""
        if when != now or self.sees_ends:
            self.wake(when, now=now)

    def lapse(self, when: datetime) -> None:
        """Ask to be judged at an instant to come if a window turns a condition then."""
        if self.lapses_at is None or when < self.lapses_at:
            self.lapses_at = when

    @property
    def has_changed(self) -> bool:
        """Tell whether anything is kept that was not, or is no longer."""
        return self.kept != self._before
