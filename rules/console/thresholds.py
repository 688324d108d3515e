"""The form's threshold as a picture that can be dragged: what a script draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rules.console.drafts import Draft
from rules.console.looking import answer_of
from rules.console.showing import definition_for
from rules.services import CurvePoint, Threshold, Trace, draw_threshold
from workspaces.access import Access
from workspaces.refusals import Invalid

#: On which side of its level a rule is true.
_SIDES = {"gt": "above", "gte": "above", "lt": "below", "lte": "below"}


def picture_of(
    *, access: Access, draft: Draft, key: str, is_whole: bool, now: datetime
) -> dict[str, Any] | None:  # Any: JSON
    """Return what is drawn of a draft; None if it has no one threshold to be dragged.

    Numbers of the picture are doubles: what was decided with them was decided exactly.
    """
    try:
        drawn = draw_threshold(
            access=access,
            definition=definition_for(access, draft),
            addresses={address: draft.pace for _, address in draft.new_outputs},
            key=key,
            is_whole=is_whole,
            now=now,
        )
    except Invalid:
        # The sentence above says what the draft still needs.
        return None
    if drawn is None:
        return None
    return {
        "control": f"c-{draft.said_rows[0]}-value",
        "level": float(drawn.level),
        "side": _SIDES.get(drawn.op, ""),
        "answer": answer_of(drawn.found),
        "key": drawn.key,
        "keys": list(drawn.keys),
        "marks": _points(drawn.marks),
        "marked": drawn.marked,
        **_whole(drawn),
    }


def _whole(drawn: Threshold) -> dict[str, object]:
    if drawn.series is None or drawn.curve is None:
        return {}
    return {"series": _points(drawn.series), "curve": _curve(drawn.curve)}


def _points(trace: Trace) -> list[Sequence[float]]:
    return [trace.at, trace.values]


def _curve(points: Sequence[CurvePoint]) -> dict[str, object]:
    """Return the levels and what each would raise: in a week, of days or more."""
    are_weekly = all(one.per_week is not None for one in points)
    return {
        "levels": [float(one.value) for one in points],
        "texts": [f"{one.value:f}" for one in points],
        "alerts": [
            float(one.per_week) if one.per_week is not None else one.alerts
            for one in points
        ],
        "unit": "alerts a week" if are_weekly else "alerts",
    }
