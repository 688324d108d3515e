"""Making a rule test of an alert: the events that led to it, and its transitions."""

from __future__ import annotations

import uuid

from alerts.models import Transition
from alerts.services.acknowledging import find_alert
from rules.services import Happened, write_rule_test
from workspaces.access import Access, Need


def make_rule_test(*, access: Access, alert_id: uuid.UUID) -> str:
    """Write a file for `manage.py test_rules` in which the alert comes about again.

    The rule is the version that raised it, written out; the test was run, and passes.

    Raises:
        AlertNotFound: also for alerts of other workspaces.
        CaseNotRebuilt: if the log does not lead to the alert any more.
        VersionUnreadable: if this release cannot read the version.
    """
    access.require(Need.INSPECT)
    alert = find_alert(access=access, alert_id=alert_id)
    transitions = Transition.objects.filter(alert=alert).order_by("number")
    return write_rule_test(
        version=alert.version,
        key=alert.key,
        name=str(alert),
        happened=[
            Happened(kind=one.kind, at=one.at, seq=one.seq, ord=one.ord)
            for one in transitions
        ],
    )
