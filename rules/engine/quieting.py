"""When nothing comes of a truth that stays as it is, however often a rule runs."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from rules.engine.cooldowns import FEED, feed_cool_down
from rules.engine.instances import Instance, InstanceState
from rules.engine.signals import is_done
from rules.engine.specification import Mode, RuleKind, Specification
from rules.engine.values import Truth

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_NOTHING = timedelta()
_HOLDS: Mapping[InstanceState, Callable[[Specification], timedelta]] = {
    InstanceState.PENDING: lambda one: one.hold,
    InstanceState.RECOVERING: lambda one: one.recover.hold,
}
"""How long it has to last, by the state that waits for it."""


def may_repeat(specification: Specification, instance: Instance, truth: Truth) -> bool:
    """Tell whether a rule may yet change its instance while its truth stays.

    A signal rule that stays true may raise further alerts; of a state rule something
    may have lasted long enough.
    """
    if specification.kind is RuleKind.STATE:
        return instance.state in _HOLDS
    if not truth or specification.mode is Mode.ON_ENTER:
        return False
    return not is_done(specification, instance)


def quiet_times(
    specification: Specification, instance: Instance
) -> tuple[datetime, datetime] | None:
    """Give the event times between which nothing may come of a truth that stays.

    Both are excluded; none means that there is no such time. For a signal rule it is
    that of the outputs' cool-downs and the feed's, while all of them last; for a state
    rule what comes before the end of its hold.
    """
    if specification.kind is RuleKind.STATE:
        since, hold = instance.since, _HOLDS[instance.state](specification)
        return None if since is None else (_FIRST, _later(since, hold))
    uses = specification.outputs
    cool_downs = {use.output: use.cool_down for use in uses}
    cool_downs[FEED] = feed_cool_down(uses)
    spans = []
    for name, cool_down in cool_downs.items():
        told = instance.told.get(name)
        if told is None or cool_down == _NOTHING:
            return None
        spans.append((_earlier(told, cool_down), _later(told, cool_down)))
    return max(one for one, _ in spans), min(one for _, one in spans)


def _earlier(at: datetime, by: timedelta) -> datetime:
    return at - by if at - _FIRST > by else _FIRST


def _later(at: datetime, by: timedelta) -> datetime:
    return at + by if _LAST - at > by else _LAST
