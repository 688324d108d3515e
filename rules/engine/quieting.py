"""When a rule that stays true has nothing to tell, however often it passes."""

from datetime import UTC, datetime, timedelta

from rules.engine.cooldowns import FEED, feed_cool_down
from rules.engine.instances import Instance
from rules.engine.signals import is_done
from rules.engine.specification import Mode, RuleKind, Specification

_FIRST = datetime.min.replace(tzinfo=UTC)
_LAST = datetime.max.replace(tzinfo=UTC)
_NOTHING = timedelta()


def may_repeat(specification: Specification, instance: Instance) -> bool:
    """Tell whether a rule that stays true may yet raise alerts under its key."""
    if specification.kind is RuleKind.STATE or specification.mode is Mode.ON_ENTER:
        return False
    return not is_done(specification, instance)


def quiet_times(
    specification: Specification, instance: Instance
) -> tuple[datetime, datetime] | None:
    """Give the event times between which a pass is told to nobody.

    Both are excluded; none means that there is no such time. It is that of the outputs'
    cool-downs and the feed's, while all of them last.
    """
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
