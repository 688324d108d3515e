"""What receivers were sent, held against the deliveries that are stored."""

from __future__ import annotations

import contextlib

from tests.chaos.proof import Query
from tests.chaos.sink import Sink
from tests.installations import DidNotHappen, until

#: A lease of a sender that died, and the time for all that it held up.
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
        until(lambda: not query(_UNSENT), seconds=_SECONDS, what="every delivery")
    return [f"not delivered: {row}" for row in query(_UNSENT)[:5]]


def prove_deliveries(query: Query, sink: Sink) -> list[str]:
    """Compare the ids that came with those that are stored (promise R5).

    What is marked as sent has come; what came is a stored delivery, and came no more
    often than it was tried, under the one id that it has.
    """
    stored = {
        pk.replace("-", ""): (status, tries) for pk, status, tries in query(_SENT)
    }
    came = {pk.replace("-", ""): times for pk, times in sink.received.items()}
    lost = [
        pk for pk, (status, _) in stored.items() if status == "sent" and pk not in came
    ]
    unknown = [pk for pk in came if pk not in stored]
    more = [pk for pk, times in came.items() if times > stored.get(pk, ("", times))[1]]
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
