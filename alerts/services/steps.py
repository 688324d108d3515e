"""The steps of alerts by the event that caused them, for rules to tell of."""

from __future__ import annotations

from alerts.models import Transition
from rules.ports import AlertStep


class Steps:
    """What rules did to alerts, place by place (`rules.ports`)."""

    def at(
        self, *, rule_id: int, lane_id: int, seq: int, place: int
    ) -> list[AlertStep]:
        """Return the steps that the event there, or a timer before it, caused."""
        found = Transition.objects.filter(
            rule=rule_id, lane=lane_id, seq=seq, ord=place
        ).order_by("pk")
        return [AlertStep(alert=one.alert_id, kind=one.kind) for one in found]
