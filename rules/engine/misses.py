"""The nearest miss: what, changed least, would have made a verdict true.

It follows from the verdict alone. Numbers on the left side of a comparison, a crossing
or a change may move; whatever else a condition asks (a text, a presence) and all of the
past, windows too, stay as they were found.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal

from rules.engine.events import AllSeries, subject_of
from rules.engine.operands import OtherFact
from rules.engine.paths import FactPath, Step
from rules.engine.reaches import reach
from rules.engine.reasons import name_fact
from rules.engine.regions import Interval, Region, holds, meet
from rules.engine.values import Number, Truth, distance, is_number, show
from rules.engine.verdicts import (
    ConditionVerdict,
    SpellVerdict,
    Verdict,
    all_of,
    any_of,
    not_of,
)

#: Ways to make a group true that are looked at, nearest first.
_MOST_WAYS = 8
_RANKING = Context(prec=34, rounding=ROUND_HALF_EVEN, traps=[])

_Place = tuple[str, str, str, tuple[Step, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """A number that kept a verdict from being true, and what it had to be.

    ``value`` is the nearest that would have done, to the last digit written; ``bound``
    says from where on: ``at or below 310.00``.
    """

    path: FactPath
    key: str
    found: Number
    value: Number
    bound: str

    def to_json(self) -> dict[str, object]:
        """Write the miss as plain values; numbers stay exact."""
        return {
            "fact": self.path.under(self.key),
            "found": self.found,
            "value": self.value,
            "margin": distance(self.found, self.value),
            "reason": self.say(),
        }

    def say(self) -> str:
        """Say it: ``latestPrice at or below 310.00, was 310.42``."""
        return f"{name_fact(self.path, self.key)} {self.bound}, was {show(self.found)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class NearestMiss:
    """What all had to change, or the sentence why no number would have done."""

    misses: tuple[Miss, ...] = ()
    sentence: str = ""

    def to_json(self) -> dict[str, object]:
        """Write the changes, all of which are needed, and the sentence."""
        return {
            "changes": [miss.to_json() for miss in self.misses],
            "sentence": self.sentence,
        }


def nearest_miss(verdict: Verdict, series: AllSeries) -> NearestMiss | None:
    """Say what would have made a verdict true; ``None`` if it is.

    1. A condition on numbers holds in a region of its left fact. For ``all`` every
       member's regions must be met at once, for ``any`` those of the nearest member.
    2. Nearness is the sum of the moves, each relative to the larger of its two values.
    3. The nearest way counts whose values make the whole tree true: a fact that moves
       may stand on the right side of another condition.
    """
    if verdict.truth is True:
        return None
    for way in _ways(verdict, series, wanted=True):
        targets = {place: need.target for place, need in way.items() if need.moves}
        if None in targets.values():
            continue
        moved = {place: to for place, to in targets.items() if to is not None}
        if _truth_after(verdict, series, moved) is True:
            misses = tuple(need.miss() for need in way.values() if need.moves)
            said = " and ".join(miss.say() for miss in misses)
            return NearestMiss(misses=misses, sentence=f"Fires with {said}.")
    return NearestMiss(sentence=_why_not(verdict))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Need:
    """Where a fact must lie; the interval that is nearest to where it was found."""

    path: FactPath
    key: str
    found: Number
    region: Region
    nearest: Interval
    target: Number | None
    share: Decimal

    @property
    def moves(self) -> bool:
        return not holds(self.region, self.found)

    def miss(self) -> Miss:
        if self.target is None:
            raise ValueError(f"No value of {self.path} was found.")
        return Miss(
            path=self.path,
            key=self.key,
            found=self.found,
            value=self.target,
            bound=self.nearest.say_from(self.found),
        )


_Way = Mapping[_Place, _Need]


def _need(path: FactPath, key: str, found: Number, region: Region) -> _Need:
    """Look for the nearest number of a region that is not empty."""
    tried = [(one, one.nearest_to(found)) for one in region]
    nearest, target = min(tried, key=lambda one: _apart(found, one[1]))
    return _Need(
        path=path,
        key=key,
        found=found,
        region=region,
        nearest=nearest,
        target=target,
        share=_share(found, target),
    )


def _apart(found: Number, target: Number | None) -> Decimal:
    return Decimal("Infinity") if target is None else distance(found, target)


def _share(found: Number, target: Number | None) -> Decimal:
    """Give how far a target lies away, relative to the larger of the two."""
    apart = _apart(found, target)
    if target is None or not apart:
        return apart
    return _RANKING.divide(apart, max(abs(Decimal(found)), abs(Decimal(target))))


def _ways(verdict: Verdict, series: AllSeries, *, wanted: bool) -> list[_Way]:
    """Give ways to make a verdict what is wanted, the nearest first."""
    if isinstance(verdict, ConditionVerdict):
        return _ways_of_condition(verdict, series, wanted=wanted)
    if isinstance(verdict, SpellVerdict):
        return [{}] if verdict.truth is wanted else []
    if verdict.kind == "not":
        return _ways(verdict.members[0], series, wanted=not wanted)
    each = [_ways(member, series, wanted=wanted) for member in verdict.members]
    if (verdict.kind == "any") is wanted:
        return _nearest(way for ways in each for way in ways)
    together: list[_Way] = [{}]
    for ways in each:
        both = (_join(one, other) for one in together for other in ways)
        together = _nearest(way for way in both if way is not None)
    return together


def _ways_of_condition(
    verdict: ConditionVerdict, series: AllSeries, *, wanted: bool
) -> list[_Way]:
    condition, found = verdict.condition, verdict.found
    region = _reach(verdict, truth=wanted)
    if region is None or not is_number(found):
        return [{}] if verdict.truth is wanted else []
    if not region:
        return []
    place = _place(condition.fact, verdict.key, series)
    return [{place: _need(condition.fact, verdict.key, found, region)}]


def _join(one: _Way, other: _Way) -> _Way | None:
    """Ask for both at once; ``None`` if that leaves a fact no place."""
    joined = dict(one)
    for place, need in other.items():
        known = joined.get(place)
        if known is None:
            joined[place] = need
            continue
        region = meet(known.region, need.region)
        if not region:
            return None
        joined[place] = _need(need.path, need.key, need.found, region)
    return joined


def _nearest(ways: Iterable[_Way]) -> list[_Way]:
    """Keep the few nearest, those found first before others as near."""

    def far(way: _Way) -> Decimal:
        return sum((need.share for need in way.values()), Decimal(0))

    return sorted(ways, key=far)[:_MOST_WAYS]


def _truth_after(
    verdict: Verdict, series: AllSeries, moved: Mapping[_Place, Number]
) -> Truth:
    """Give the truth once facts have moved; unknown too where that cannot be told."""
    if isinstance(verdict, ConditionVerdict):
        return _condition_after(verdict, series, moved)
    truths = [_truth_after(member, series, moved) for member in verdict.members]
    if isinstance(verdict, SpellVerdict):
        before = [member.truth for member in verdict.members]
        return verdict.truth if truths == before else None
    if verdict.kind == "not":
        return not_of(truths[0])
    return all_of(truths) if verdict.kind == "all" else any_of(truths)


def _condition_after(
    verdict: ConditionVerdict, series: AllSeries, moved: Mapping[_Place, Number]
) -> Truth:
    condition = verdict.condition
    read = [_place(fact, verdict.key, series) for fact in condition.facts]
    roots = {place[:3] for place in moved}
    if not any(place[:3] in roots for place in read):
        return verdict.truth
    if _reach(verdict, truth=True) is None:
        return None
    sides = verdict.sides._replace(found=moved.get(read[0], verdict.found))
    if isinstance(condition.wanted, OtherFact) and read[1] in moved:
        sides = sides._replace(wanted=condition.wanted.of(moved[read[1]]))
    return condition.operator.judge(sides)


def _place(path: FactPath, key: str, series: AllSeries) -> _Place:
    return (*subject_of(path, key, series), path.root, path.steps)


def _why_not(verdict: Verdict) -> str:
    """Say what no number changes: the conditions in the way that compare none."""
    stuck = list(dict.fromkeys(one.reason for one in _stuck(verdict, wanted=True)))
    if not stuck:
        return "No values of the facts on its left sides were found to make it true."
    return f"No number alone would make it true: {' and '.join(stuck)}."


def _stuck(verdict: Verdict, *, wanted: bool) -> Iterator[Verdict]:
    if verdict.truth is wanted:
        return
    if isinstance(verdict, SpellVerdict):
        yield verdict
        return
    if not isinstance(verdict, ConditionVerdict):
        members: Sequence[Verdict] = verdict.members
        for member in members:
            yield from _stuck(member, wanted=wanted is not (verdict.kind == "not"))
        return
    region = _reach(verdict, truth=wanted)
    is_past = not region and verdict.condition.operator.looks_back
    if region is None or is_past or not is_number(verdict.found):
        yield verdict


def _reach(verdict: ConditionVerdict, *, truth: bool) -> Region | None:
    condition = verdict.condition
    # What comes before a value is the same whatever it is; elsewhere it is among them.
    if condition.window is not None and not condition.operator.deviates:
        return None
    return reach(verdict.condition.op, verdict.wanted, verdict.sides, truth=truth)
