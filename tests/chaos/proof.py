"""What is stored, held against what was accepted and what the reference decides."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from datasets.json import decode_trusted
from tests.installations import Installation
from tests.rules.engine.reference import ReferenceEvaluator, Told

# Any: a row holds what its query names.
Row = tuple[Any, ...]
Query = Callable[[str], list[Row]]

_WAITING = """
SELECT (SELECT count(*) FROM datasets_batch WHERE state = 'pending')
     + (SELECT count(*) FROM alerts_feedentry WHERE seq IS NULL)
"""
_LANE = """
SELECT l.id FROM datasets_lane l JOIN datasets_dataset d ON d.id = l.dataset_id
JOIN workspaces_workspace w ON w.id = d.workspace_id
WHERE w.slug = 'DEMO' AND d.slug = '{dataset}'
"""
#: What was set aside is stored, and judged by nobody.
_RECORDS = """
SELECT b.seq, r.ord, r.key, r.event_time, CAST(r.body AS TEXT), r.is_late,
  b.state = 'quarantined' OR q.id IS NOT NULL
FROM datasets_record r JOIN datasets_batch b ON b.id = r.batch_id
LEFT JOIN datasets_quarantine q ON q.batch_id = r.batch_id AND q.ord = r.ord
WHERE b.lane_id = {lane} AND b.state IN ('judged', 'quarantined')
ORDER BY b.seq, r.ord
"""
_TRANSITIONS = """
SELECT t.id, t.rule_id, a.version_id, t.key, t.kind, t.seq, t.ord, o.seq, o.ord
FROM alerts_transition t JOIN alerts_alert a ON a.id = t.alert_id
JOIN alerts_transition o ON o.alert_id = a.id AND o.number = 1
WHERE t.lane_id = {lane}
"""
_VERSIONS = """
SELECT effective_seq, rule_id, id, CAST(definition AS TEXT) FROM rules_version
WHERE lane_id = {lane}
"""
_COUNTERS = """
SELECT id, ran, passed, ran - passed, unknown, sent FROM (
  SELECT r.id, r.sent, r.ran_apart + COALESCE(t.runs, 0) AS ran,
    r.passed_apart + CASE WHEN r.tallied_truth THEN COALESCE(t.runs, 0) ELSE 0 END
      AS passed,
    r.unknown_apart
      + CASE WHEN r.tallied_truth IS NULL THEN COALESCE(t.runs, 0) ELSE 0 END
      AS unknown
  FROM rules_rule r LEFT JOIN rules_tally t ON t.id = r.tally_id
  WHERE r.id IN (SELECT rule_id FROM rules_version WHERE lane_id = {lane})
) AS counted
"""
_TELLINGS = """
SELECT d.transition_id, o.slug FROM alerts_delivery d
JOIN alerts_output o ON o.id = d.output_id
"""
_LANES = """
SELECT l.next_seq, count(b.seq), count(DISTINCT b.seq), max(b.seq)
FROM datasets_lane l JOIN datasets_batch b ON b.lane_id = l.id
GROUP BY l.id, l.next_seq HAVING count(b.seq) > 0
"""
_FEED = """
SELECT count(*), count(DISTINCT seq), max(seq) FROM alerts_feedentry
GROUP BY workspace_id
"""
_NEWEST = """
SELECT max(f.seq) FROM alerts_feedentry f
JOIN workspaces_workspace w ON w.id = f.workspace_id WHERE w.slug = 'DEMO'
"""


class Proof(NamedTuple):
    """What was counted, for people to read, and every difference that was found."""

    counted: Mapping[str, int]
    differences: list[str]


def database_of(installation: Installation) -> Query:
    """Return how to ask an installation's database."""
    url = installation.settings.get("DATABASE_URL")
    return _postgresql(url) if url else _sqlite(installation)


def change(installation: Installation, words: str) -> None:
    """Change an installation's database behind its back."""
    if url := installation.settings.get("DATABASE_URL"):
        with psycopg.connect(url) as server:
            server.execute(words)
        return
    with closing(sqlite3.connect(_file_of(installation), timeout=30)) as file, file:
        file.execute(words)


def lane_of(query: Query, dataset: str) -> int:
    """Return the lane of a dataset."""
    ((lane,),) = query(_LANE.format(dataset=dataset))
    return int(lane)


def numbers_in_order(query: Query, lane: int) -> list[int]:
    """Return the numbers of a lane's events, in the order in which it judged them."""
    return [
        int(_read(body)["n"]) for *_, body, _, _ in query(_RECORDS.format(lane=lane))
    ]


def waiting(query: Query) -> int:
    """Count what is still to be judged or numbered.

    Deliveries are decided with the judgement; sending them goes on for the length of a
    lease after a kill, and is not what this proves.
    """
    return int(query(_WAITING)[0][0])


def newest_entry(query: Query) -> int:
    """Return the greatest number in the feed that readers follow."""
    ((newest,),) = query(_NEWEST)
    return int(newest)


def prove(query: Query, *, accepted: Mapping[str, Iterable[int]]) -> Proof:
    """Compare the database with the accepted events and with the reference.

    For each dataset, of which the numbers of the accepted events are given:

    1. Every accepted event is stored once, and judged or set aside; no other is there.
    2. Transitions with what they told, and the counters, are those of the reference
       evaluator over the records in lane order.

    And the numbers of lanes and of the feed have no gap and no double.
    """
    tellings = query(_TELLINGS)
    counted: Counter[str] = Counter()
    differences: list[str] = []
    for dataset, numbers in accepted.items():
        one = _prove_lane(query, dataset, numbers, tellings)
        counted.update(one.counted)
        differences += one.differences
    differences += [
        *(f"lane {row}" for row in query(_LANES) if not _is_dense(*row)),
        *(f"feed {row}" for row in query(_FEED) if not row[0] == row[1] == row[2]),
    ]
    return Proof({**counted, "tellings": len(tellings)}, differences)


def _prove_lane(
    query: Query, dataset: str, accepted: Iterable[int], tellings: list[Row]
) -> Proof:
    lane = lane_of(query, dataset)
    records = query(_RECORDS.format(lane=lane))
    judged = [row for row in records if not row[6]]
    wanted, counters = _expected(query, dataset, lane, judged)
    found = _found(query, lane, tellings)
    stored = Counter(int(_read(row[4])["n"]) for row in records)
    differences = [
        *_differing("events stored", Counter(set(accepted)), stored),
        *_differing("transitions", Counter(wanted), Counter(found)),
        *_differing(
            "counters", _moved(counters), _moved(query(_COUNTERS.format(lane=lane)))
        ),
    ]
    counted = {
        "events": len(records),
        "late": sum(1 for row in judged if row[5]),
        "set aside": len(records) - len(judged),
        "transitions": len(found),
    }
    return Proof(counted, [f"{dataset}: {one}" for one in differences])


def _expected(
    query: Query, dataset: str, lane: int, records: list[Row]
) -> tuple[list[Told], list[tuple[int, ...]]]:
    reference = ReferenceEvaluator(lateness=timedelta(seconds=60))
    versions = sorted(query(_VERSIONS.format(lane=lane)))
    told: list[Told] = []
    for seq, place, key, at, body, *_ in records:
        while versions and versions[0][0] < seq:
            _, rule_id, version_id, definition = versions.pop(0)
            reference.put(rule_id, version_id, _read(definition))
        told += reference.judge(
            f"DEMO:{dataset}", key, _read(body), _time(at), seq, place
        )
    names = ("ran", "passed", "failed", "unknown", "sent")
    counters = [
        (rule_id, *(counts[name] for name in names))
        for rule_id, counts in reference.counts.items()
    ]
    # How severe a transition was is not stored with it.
    wanted = [one._replace(told=tuple(sorted(one.told)), severity="") for one in told]
    return wanted, counters


def _found(query: Query, lane: int, tellings: list[Row]) -> list[Told]:
    told: dict[int, list[str]] = {}
    for transition, output in tellings:
        told.setdefault(transition, []).append(output)
    return [
        Told._make((*row[1:7], row[7:9], _sorted(told, row[0]), ""))
        for row in query(_TRANSITIONS.format(lane=lane))
    ]


def _sorted(told: Mapping[int, list[str]], transition: int) -> tuple[str, ...]:
    return tuple(sorted(told.get(transition, ())))


def _differing(what: str, wanted: Counter[Any], found: Counter[Any]) -> list[str]:
    """Name what is missing and what is too much, each with a few examples."""
    return [
        f"{what} {word}: {sum(some.values())}, such as {list(some)[:3]}"
        for word, some in (("missing", wanted - found), ("too many", found - wanted))
        if some
    ]


def _moved(counters: Iterable[tuple[int, ...]]) -> Counter[tuple[int, ...]]:
    """Leave out rules that never ran; the reference has not heard of all of them."""
    return Counter(one for one in counters if any(one[1:]))


def _is_dense(following: int, count: int, distinct: int, last: int) -> bool:
    return count == distinct and last == following - 1


def _time(at: datetime | str) -> datetime:
    """Read a time as the database returns it; SQLite keeps UTC as text."""
    return at if isinstance(at, datetime) else datetime.fromisoformat(f"{at}+00:00")


def _read(text: str) -> Any:  # Any: JSON of a form that its reader knows
    return decode_trusted(text)


def _file_of(installation: Installation) -> Path:
    return installation.data_dir / "bellwether.sqlite3"


def _sqlite(installation: Installation) -> Query:
    path = _file_of(installation)

    def query(words: str) -> list[Row]:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
            return database.execute(words).fetchall()

    return query


def _postgresql(url: str) -> Query:
    def query(words: str) -> list[Row]:
        with psycopg.connect(url) as database:
            return database.execute(words).fetchall()

    return query
