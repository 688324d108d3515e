"""Windows: what a condition asks about in place of the newest value of a fact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rules.engine.durations import render_duration, say_duration

LONGEST_WINDOW = timedelta(days=90)
MAX_MEMBERS = 100_000
"""Values that a window of one key holds at most; beyond them it cannot be known."""
SHORTEST_TUMBLING = timedelta(seconds=1)
LEAST_BASELINE = 3
"""Values without which nothing can be called unusual, whatever the author says."""
USUAL_BASELINE = 10
"""Values that must have come before one can be called unusual, unless said."""


class Take(StrEnum):
    """What is made of the values in a window.

    ``change`` is the last less the first, ``distinct`` how many different ones there
    are. Of ``count`` and ``distinct`` every value counts that is not null; of the
    others, numbers.
    """

    AVG = "avg"
    MIN = "min"
    MAX = "max"
    SUM = "sum"
    COUNT = "count"
    STDDEV = "stddev"
    FIRST = "first"
    LAST = "last"
    CHANGE = "change"
    DISTINCT = "distinct"


class Trace(StrEnum):
    """What is looked at in a window of which nothing single is taken.

    *Extremes* are those from which a move is measured. A fact has its value until the
    next one comes. So the value that was in force when the stretch began belongs to it,
    however long ago that came. A *baseline* is what a value is compared with to see
    whether it is unusual: all others.
    """

    EXTREMES = "extremes"
    BASELINE = "baseline"


class Shape(StrEnum):
    """How a window lies in time.

    A *sliding* one is ``(t - length, t]`` at each instant ``t``. *Tumbling* ones follow
    one another, ``[start, end)``, and each is judged when nothing more comes for it.
    """

    SLIDING = "sliding"
    TUMBLING = "tumbling"


COUNTING = frozenset({Take.COUNT, Take.DISTINCT})
"""What counts values of any type, and is 0 where there are none."""

_SAID = {
    Take.AVG: "the average of",
    Take.MIN: "the lowest",
    Take.MAX: "the highest",
    Take.SUM: "the sum of",
    Take.COUNT: "the number of values of",
    Take.STDDEV: "the standard deviation of",
    Take.FIRST: "the first",
    Take.LAST: "the last",
    Take.CHANGE: "the change of",
    Take.DISTINCT: "the number of different values of",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The values of a fact from a stretch of time, or the last so many of them.

    Either ``length`` is set or ``last``. Members are the values that events of the key
    brought while the rule watched; nulls, values of another type and late events bring
    none. They lie by event time, those of one instant as they came. A baseline answers
    once ``at_least`` values came before the one that is asked about. ``zone`` is where
    days begin at midnight; blank means the dataset's.
    """

    take: Take | Trace
    shape: Shape = Shape.SLIDING
    length: timedelta | None = None
    last: int = 0
    at_least: int = 0
    zone: str = ""

    @property
    def tumbles(self) -> bool:
        """Tell whether it is one of windows that follow one another."""
        return self.shape is Shape.TUMBLING

    @property
    def meaning(self) -> str:
        """Give what two spellings of one window have in common."""
        size = self.last or f"{self.length} {self.shape}"
        least = f" of {self.at_least}" if self.at_least else ""
        return f"{self.take} {size}{least}{self.zone and f' in {self.zone}'}"

    def to_json(self) -> Mapping[str, object]:
        """Write what a condition says of it: ``over``, or ``within``."""
        length = render_duration(self.length or timedelta())
        if self.take is Trace.EXTREMES:
            return {"within": length}
        over: dict[str, object] = {"take": str(self.take)}
        if self.take is Trace.BASELINE:
            over = {"at_least": self.at_least}
        if self.length is None:
            return {"over": {**over, "last": self.last}}
        if self.take is Trace.BASELINE:
            return {"over": {**over, "length": length}}
        over |= {"window": str(self.shape), "length": length}
        return {"over": {**over, "zone": self.zone} if self.zone else over}

    def say(self, name: str) -> str:
        """Say it of a fact: ``the average of MSFT price over the last hour``."""
        if isinstance(self.take, Trace):
            return name
        return f"{_SAID[self.take]} {name} {self.say_extent()}"

    def say_base(self, op: str) -> str:
        """Say from where a move is measured: ``its highest within the last hour``."""
        ends = {"rise": "lowest", "fall": "highest"}.get(op, "lowest or highest")
        return f"its {ends} {self.say_extent()}"

    def say_before(self) -> str:
        """Say what is a baseline: ``the 50 values before it, once there are 10``."""
        before = f"the {self.last} values before it"
        if self.length is not None:
            span = say_duration(self.length).removeprefix("1 ")
            before = f"the values of the {span} before it"
        return f"{before}, once there are {self.at_least}"

    def say_extent(self) -> str:
        """Say how far it reaches: ``over the last hour``, ``over the last 20``."""
        if self.length is None:
            return (
                "over the last value"
                if self.last == 1
                else f"over the last {self.last} values"
            )
        if self.tumbles:
            zone = f" ({self.zone} time)" if self.zone else ""
            return f"over each {say_duration(self.length).removeprefix('1 ')}{zone}"
        between = "within" if isinstance(self.take, Trace) else "over"
        return f"{between} the last {say_duration(self.length).removeprefix('1 ')}"
