"""How unusual a value is: the band in which those before it let it lie.

A *score* is how many robust deviations a value lies from the median of those before it;
a robust deviation is 1.4826 times the median of how far they lie from their median. It
is the modified z-score of B. Iglewicz and D. C. Hoaglin, "How to Detect and Handle
Outliers" (ASQC, 1993), who divide by the same number, written 0.6745, and call what
lies beyond 3.5 an outlier. The factor makes the deviation that of a normal distribution
(P. J. Rousseeuw and C. Croux, "Alternatives to the Median Absolute Deviation", 1993).
Neither is moved by a few wild values, as mean and standard deviation are.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any, Final, Self

from rules.engine.folds import EXACT
from rules.engine.operands import Amount, Direction, Scores
from rules.engine.ranks import Ranks
from rules.engine.values import Number, Truth, distance, show, show_brief
from rules.engine.windows import MAX_MEMBERS

_TO_DEVIATION: Final = Decimal("1.4826")
_ROUNDED = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[])
_HUNDREDTH: Final = Decimal("0.01")
_OFF = {
    Direction.ABOVE: "above",
    Direction.BELOW: "below",
    Direction.EITHER: "from",
}
_CALLED = {
    Direction.ABOVE: "unusually high",
    Direction.BELOW: "unusually low",
    Direction.EITHER: "unusual",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Between which numbers a value is not unusual, both of them included."""

    low: Decimal
    centre: Decimal
    high: Decimal

    def edge(self, direction: Direction, found: Number) -> Decimal:
        """Give the end that a number has passed, or would pass first."""
        if direction is Direction.EITHER:
            return self.low if found < self.centre else self.high
        return self.low if direction is Direction.BELOW else self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What is known of the values that came before one, it not among them.

    ``deviation`` is the robust one. Both numbers are ``None`` where there are too few
    values, or ``is_whole`` says that there were too many.
    """

    count: int
    centre: Decimal | None = None
    deviation: Decimal | None = None
    is_whole: bool = True

    @classmethod
    def of(cls, ranks: Ranks, *, at_least: int, is_whole: bool) -> Self:
        """Reckon with the values, if they are enough."""
        count = len(ranks.values)
        if count < at_least or not is_whole:
            return cls(count=count, is_whole=is_whole)
        centre = ranks.median()
        deviation = EXACT.multiply(_TO_DEVIATION, ranks.deviation(centre).normalize())
        return cls(count=count, centre=centre, deviation=deviation)

    def is_unusual(self, found: Number, scores: Scores) -> Truth:
        """Tell whether a value lies beyond the band on a side that is asked about.

        Where more than half of the values are one number, they do not tell how far is
        far. Then that number is not unusual; of another it is unknown, unless the
        author said how far it must lie off.
        """
        band = self.band(scores)
        if band is None:
            return None
        if band.low == band.high:
            return False if found == band.centre else None
        above = scores.direction is not Direction.BELOW and found > band.high
        below = scores.direction is not Direction.ABOVE and found < band.low
        return above or below

    def band(self, scores: Scores) -> Band | None:
        """Give the band; ``None`` where it cannot be told.

        It reaches as far as the scores, or the distance that the author said, whichever
        is more. A share of 0 cannot be told.
        """
        if self.centre is None or self.deviation is None:
            return None
        width = EXACT.multiply(Decimal(scores.number), self.deviation)
        if scores.by is not None:
            least = _least(scores.by, self.centre)
            if least is None:
                return None
            width = max(width, least)
        return Band(
            low=EXACT.subtract(self.centre, width),
            centre=self.centre,
            high=EXACT.add(self.centre, width),
        )

    def score(self, found: Number) -> Decimal | None:
        """Give how many deviations a value lies off, to 34 digits; below is negative.

        ``None`` where the values do not spread.
        """
        if self.centre is None or not self.deviation:
            return None
        off = EXACT.subtract(Decimal(found), self.centre)
        return _ROUNDED.divide(off, self.deviation)

    def describe(self, found: Number, scores: Scores) -> dict[str, object]:
        """Write band and score as plain values; numbers stay exact."""
        band = self.band(scores)
        return {
            "count": self.count,
            "low": band and band.low,
            "centre": self.centre,
            "high": band and band.high,
            "score": self.score(found),
        }

    def to_json(self) -> dict[str, object]:
        """Write what is known; numbers are texts."""
        return {
            "count": self.count,
            "centre": None if self.centre is None else str(self.centre),
            "deviation": None if self.deviation is None else str(self.deviation),
            "is_whole": self.is_whole,
        }

    @classmethod
    def from_json(cls, written: Mapping[str, Any]) -> Self:  # Any: parsed JSON
        """Read what ``to_json`` wrote."""
        centre, deviation = written["centre"], written["deviation"]
        return cls(
            count=written["count"],
            centre=None if centre is None else Decimal(centre),
            deviation=None if deviation is None else Decimal(deviation),
            is_whole=written["is_whole"],
        )


def call_unusual(scores: Scores) -> str:
    """Call what lies off so: ``unusually high``."""
    return _CALLED[scores.direction]


def say_scores(scores: Scores) -> str:
    """Say how far off: ``more than 3.5 robust deviations above``."""
    by = ""
    if scores.by is not None:
        share = " %" if scores.by.is_percent else ""
        by = f" and more than {show(scores.by.number)}{share}"
    number = f"{show(scores.number)} robust deviation{_plural(scores.number)}"
    return f"more than {number}{by} {_OFF[scores.direction]}"


def say_found(found: Number, scores: Scores, baseline: Baseline, *, truth: bool) -> str:
    """Say of a value how far it lies off, and between what it might lie.

    ``is 120, unusually high: 6.74 robust deviations above 100, the median of the 50
    values before it (the band is 89.62 to 110.38)``
    """
    called = call_unusual(scores) if truth else f"not {call_unusual(scores)}"
    return (
        f"is {show(found)}, {called}: {_say_distance(found, baseline)}, the median of"
        f" the {baseline.count} values before it{_say_band(baseline.band(scores))}"
    )


def say_doubt(
    found: Number, scores: Scores, baseline: Baseline | None, at_least: int
) -> str:
    """Say why it is unknown whether a value is unusual."""
    untold = f"is {show(found)}, which cannot be called unusual or not"
    if baseline is None:
        return f"{untold}: the rule has seen no event that brought it"
    if not baseline.is_whole:
        return f"{untold}: more than {MAX_MEMBERS} values came before it"
    if baseline.centre is None:
        came = f"{baseline.count} value{_plural(baseline.count)} came before it"
        return f"{untold}: {came}, {at_least} are wanted"
    if baseline.band(scores) is None:
        return f"{untold}: no share can be told of 0, the median of the values before"
    return (
        f"{untold}: most of the {baseline.count} values before it are"
        f" {show_brief(baseline.centre)}"
    )


def _say_distance(found: Number, baseline: Baseline) -> str:
    if baseline.centre is None or found == baseline.centre:
        return f"it is {show_brief(found)}"
    way = "above" if found > baseline.centre else "below"
    score = baseline.score(found)
    far = f"{show_brief(distance(found, baseline.centre))} "
    if score is not None:
        rounded = abs(score).quantize(_HUNDREDTH, context=_ROUNDED)
        number = score if not rounded.is_finite() else rounded
        far = f"{show_brief(abs(number))} robust deviation{_plural(number)} "
    return f"{far}{way} {show_brief(baseline.centre)}"


def _say_band(band: Band | None) -> str:
    if band is None or band.low == band.high:
        return ""
    return f" (the band is {show_brief(band.low)} to {show_brief(band.high)})"


def _least(by: Amount, centre: Decimal) -> Decimal | None:
    if not by.is_percent:
        return Decimal(by.number)
    if not centre:
        return None
    share = EXACT.multiply(Decimal(by.number), Decimal("0.01"))
    return EXACT.multiply(share, abs(centre))


def _plural(count: Number) -> str:
    return "" if count == 1 else "s"
