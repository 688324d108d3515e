"""The form's threshold as a picture that can be dragged: what a script draws."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from rules.console.drafts import Draft
from rules.console.looking import answer_of
from rules.console.showing import definition_for
from rules.services import (
    SHARES,
    CurvePoint,
    NotDrawn,
    Part,
    Preparing,
    Threshold,
    Trace,
    draw_threshold,
)
from workspaces.access import Access
from workspaces.refusals import Invalid

#: On which side of its level a rule is true.
_SIDES = {"gt": "above", "gte": "above", "lt": "below", "lte": "below"}


def picture_of(
    *,
    access: Access,
    draft: Draft,
    key: str,
    part: Part,
    share: int = 0,
    now: datetime,
) -> dict[str, Any]:  # Any: JSON
    """Return what is drawn of a draft, or why it is not.

    `picture` is None if the draft has no one threshold to be dragged; if it has,
    `waiting` then says that its history is not at hand yet, or `why` it never is.
    Numbers of the picture are doubles: what was decided with them was decided exactly.
    """
    try:
        drawn = draw_threshold(
            access=access,
            definition=definition_for(access, draft),
            addresses={address: draft.pace for _, address in draft.new_outputs},
            key=key,
            part=part,
            share=share,
            now=now,
        )
    except Invalid:
        # The sentence above says what the draft still needs.
        drawn = None
    if isinstance(drawn, Threshold):
        return {"picture": _picture(drawn, draft)}
    if isinstance(drawn, NotDrawn):
        return {"picture": None, "why": drawn.reason}
    if isinstance(drawn, Preparing):
        return {"picture": None, "waiting": _waiting(drawn)}
    if drawn is None:
        return {"picture": None}
    after = share + 1 if share + 1 < SHARES else None
    return {"picture": {"curve": {**_curve(drawn), "after": after}}}


def _waiting(preparing: Preparing) -> str:
    done = f"{preparing.done:,} of {preparing.events:,} are."
    return f"The stored events are being prepared to be looked back on: {done}"


def _picture(drawn: Threshold, draft: Draft) -> dict[str, object]:
    picture: dict[str, object] = {
        "control": f"c-{draft.said_rows[0]}-value",
        "level": float(drawn.level),
        "side": _SIDES.get(drawn.op, ""),
        "answer": answer_of(drawn.found),
        "key": drawn.key,
        "keys": list(drawn.keys),
        "marks": _points(drawn.marks),
        "marked": drawn.marked,
    }
    if drawn.series is not None and drawn.levels is not None:
        picture["series"] = _points(drawn.series)
        picture["levels"] = [float(one) for one in drawn.levels]
        picture["growing"] = drawn.is_growing
    return picture


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
