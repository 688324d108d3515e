"""What receivers were sent, held against the deliveries that are stored."""

from __future__ import annotations

import contextlib
from functools import partial

from tests.chaos.proof import Query
from tests.chaos.sink import Sink
from tests.installations import DidNotHappen, until

#: A lease of a sender that died, and then some. Within this one more has to be sent.
_SECONDS = 150.0
_UNSENT = """
SELECT o.slug, d.status, d.attempts, d.due_at, o.open_until, d.error, count(*)
FROM alerts_delivery d JOIN alerts_output o ON o.id = d.output_id
WHERE o.slug IN ('hook', 'mail', 'answers') AND d.status NOT IN ('sent', 'suppressed')
GROUP BY o.slug, d.status, d.attempts, d.due_at, o.open_until, d.error
"""
_SENT = """
SELECT CAST(d.id AS TEXT), d.status, d.attempts FROM alerts_delivery d
JOIN alerts_output o ON o.id = d.output_id WHERE o.slug IN ('hook', 'answers')
"""


def await_deliveries(query: Query) -> list[str]:
    """Wait until every receiver that answers was told everything; say what was not."""
    with contextlib.suppress(DidNotHappen):
        while left := _unsent(query):
            fewer = partial(_are_fewer, query, left)
            until(fewer, seconds=_SECONDS, what="a further delivery")
    return [f"not delivered: {row}" for row in query(_UNSENT)[:5]]


def _unsent(query: Query) -> int:
    return sum(int(str(row[-1])) for row in query(_UNSENT))


def _are_fewer(query: Query, left: int) -> bool:
    return _unsent(query) < left


def prove_deliveries(query: Query, sink: Sink) -> list[str]:
    """Compare the ids that came with those that are stored (promise R5).

    What is marked as sent has come; what came is a stored delivery, and came no more
    often than it was tried, under the one id that it has.
    """
    came_before = _came(sink)  # a try is stored before it leaves
    stored = {
        pk.replace("-", ""): (status, tries) for pk, status, tries in query(_SENT)
    }
    came = _came(sink)
    lost = [
        pk for pk, (status, _) in stored.items() if status == "sent" and pk not in came
    ]
    unknown = [pk for pk in came if pk not in stored]
    more = [
        pk
        for pk, times in came_before.items()
        if times > stored.get(pk, ("", times))[1]
    ]
    said = {
        "deliveries marked as sent that never came": lost,
        "messages that no delivery sent": unknown,
        "messages that came more often than they were tried": more,
    }
    return [
        f"{what}: {len(some)}, such as {some[:3]}"
        for what, some in said.items()
        if some
    ]


def _came(sink: Sink) -> dict[str, int]:
    return {pk.replace("-", ""): times for pk, times in dict(sink.received).items()}
