"""When nothing comes of a truth that stays as it is, however often a rule runs."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from rules.engine.cooldowns import FEED, feed_cool_down
from rules.engine.instances import Instance, InstanceState
from rules.engine.signals import is_done
from rules.engine.specification import Mode, OnSilence, RuleKind, Specification
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

    A signal rule that stays true may raise further alerts. Of a state rule something
    may have lasted long enough; a true one without an alert, which its silence has
    resolved or another condition, opens one; and an open one may do what else it has
    been told to.
    """
    if specification.kind is RuleKind.STATE:
        match instance.state:
            case InstanceState.INACTIVE:
                return truth is True
            case InstanceState.FIRING:
                return _is_lively(specification)
        return True
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
        return _before_the_end(specification, instance)
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


def _is_lively(specification: Specification) -> bool:
    """Tell whether more of an open alert may change than that its conditions end."""
    no_data = specification.no_data
    return bool(
        specification.recover.when
        or specification.ladder
        or specification.again_if_moved
        or (no_data and no_data.then is not OnSilence.KEEP)
    )


def _before_the_end(
    specification: Specification, instance: Instance
) -> tuple[datetime, datetime] | None:
    hold, since = _HOLDS.get(instance.state), instance.since
    if hold is None or since is None:
        return None
    if instance.is_open and _is_lively(specification):
        return None
    return _FIRST, _later(since, hold(specification))


def _earlier(at: datetime, by: timedelta) -> datetime:
    return at - by if at - _FIRST > by else _FIRST


def _later(at: datetime, by: timedelta) -> datetime:
    return at + by if _LAST - at > by else _LAST
