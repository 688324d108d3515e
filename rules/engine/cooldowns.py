"""Cool-downs: the least event time between two tellings of one output.

Kept per rule, output and key. An output is told when ``|t - t_last| >= d``, in either
direction, because a late event may stand before the last telling; ``d = 0`` always
tells.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from rules.engine.specification import OutputUse

FEED = "~feed"
"""The feed's name among the outputs told; no output's slug can be this."""

FEED_ALONE = timedelta(seconds=60)


def outputs_to_tell(
    outputs: Iterable[OutputUse], told: Mapping[str, datetime], at: datetime
) -> tuple[str, ...]:
    """Name the outputs whose cool-down is over, in the rule's order."""
    return tuple(
        use.output
        for use in outputs
        if is_over(use.cool_down, told.get(use.output), at)
    )


def feed_cool_down(outputs: Iterable[OutputUse]) -> timedelta:
    """Give the feed's cool-down: the rule's smallest, 60 s if it has no output."""
    return min((use.cool_down for use in outputs), default=FEED_ALONE)


def is_over(cool_down: timedelta, last: datetime | None, at: datetime) -> bool:
    """Tell whether enough event time lies between the last telling and this moment."""
    return last is None or abs(at - last) >= cool_down


def cooling_until(
    outputs: Iterable[OutputUse], told: Mapping[str, datetime], at: datetime
) -> Mapping[str, datetime]:
    """Give, for each output not to be told at ``at``, the event time from which on."""
    uses = tuple(outputs)
    cool_downs = {use.output: use.cool_down for use in uses}
    cool_downs[FEED] = feed_cool_down(uses)
    return {
        name: told[name] + cool_down
        for name, cool_down in cool_downs.items()
        if not is_over(cool_down, told.get(name), at)
    }


def tell(
    told: Mapping[str, datetime], outputs: Iterable[str], at: datetime
) -> Mapping[str, datetime]:
    """Note that outputs were told."""
    return {**told, **dict.fromkeys(outputs, at)}
