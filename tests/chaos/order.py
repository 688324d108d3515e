"""What a client sends one after the other is judged in that order (promise R4)."""

from __future__ import annotations

from tests.chaos.events import DATASET
from tests.chaos.load import SENDERS
from tests.chaos.proof import Query, lane_of, numbers_in_order


def prove_order(query: Query, *, events_a_request: int) -> list[str]:
    """Compare the order in the lane with that in which each sender sent.

    A sender sends its next request once the one before was answered, whatever was
    killed meanwhile; requests are dealt to the senders in turn.
    """
    newest = dict.fromkeys(range(SENDERS), -1)
    disordered = []
    for number in numbers_in_order(query, lane_of(query, DATASET)):
        request = number // events_a_request
        if request < newest[request % SENDERS]:
            disordered.append(number)
        newest[request % SENDERS] = max(request, newest[request % SENDERS])
    if not disordered:
        return []
    return [f"events out of order: {len(disordered)}, such as {disordered[:3]}"]
