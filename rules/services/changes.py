"""The place of a rule's change among the events of its lane."""

from __future__ import annotations

from datetime import datetime

from datasets.models import Lane, Origin
from datasets.services import append_batch


def append_rule_change(
    *,
    lane: Lane,
    rule_id: int,
    version_id: int | None,
    reason: str,
    now: datetime,
    then: int | None = None,
) -> None:
    """Give a change its place: events before it see the old rule, later ones this.

    No version means that the lane judges the rule no more; `then` is the version that
    another lane begins with once this one has got there.
    """
    options: dict[str, object] = {
        "rule": rule_id,
        "version": version_id,
        "reason": reason,
    }
    if then is not None:
        options["then"] = then
    append_batch(lane=lane, origin=Origin.RULE, now=now, options=options)
