"""Many rules in effect, stored at once: the workload's, with thresholds far away.

They are what saving them one by one and draining their lane would leave: every key has
its first value, no rule is true, nothing is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice
from uuid import uuid4

import numpy as np
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import Max, Model
from numpy.typing import NDArray

from benchmarks.workload import (
    Rules,
    make_events,
    make_rules,
    name_of,
    opening_prices,
)
from config.clock import database_now
from datasets.models import Dataset, Lane
from datasets.schemas import Index
from datasets.services import (
    DatasetDraft,
    Ingest,
    accept_batch,
    create_dataset,
    open_lane,
)
from rules.models import Operator, Place, Predicate, Rule, Tally, Version
from rules.services.counting import interest_of
from workspaces.access import Access

KEYS = 1_000
AT_ONCE = 5_000
_FURTHER = 0.05
_NUMBERED = [Rule, Version]

Event = dict[str, object]


def first_events() -> list[Event]:
    """Give every key its first value."""
    return [
        {"symbol": name_of(key), "price": Decimal(str(price)), "volume": 1}
        for key, price in enumerate(opening_prices(KEYS))
    ]


def alarming_events(rules: Rules) -> Iterator[Event]:
    """Go through the keys; pass the lowest threshold above each, and come back."""
    thresholds = prices_of(rules)
    for key, opening in enumerate(opening_prices(KEYS)):
        above = thresholds[(rules.key == key) & ~rules.down & np.isnan(rules.volume)]
        if len(above):
            for price in (float(above.min()), float(opening)):
                written = Decimal(str(price))
                yield {"symbol": name_of(key), "price": written, "volume": 1}


def walk(events: int) -> list[Event]:
    """Give the workload's walk of each symbol, without its volumes."""
    return [
        {**event, "price": Decimal(str(event["price"])), "volume": 1}
        for event in make_events(events, KEYS)
    ]


def alarmed(events: list[Event], alarming: Iterator[Event]) -> Iterator[Event]:
    """Put an event that raises an alert, and the way back, among each thousand."""
    for place, event in enumerate(events, start=1):
        yield event
        if not place % 1_000:
            yield from islice(alarming, 2)


def prices_of(rules: Rules) -> NDArray[np.float64]:
    """Draw the workload's thresholds five hundredths further away."""
    factor = np.where(rules.down, 1 - _FURTHER, 1 + _FURTHER)
    return np.round(rules.price * factor, 4)


def make_dataset(access: Access) -> Dataset:
    """Make the dataset whose prices the rules watch."""
    schema = {
        "type": "object",
        "properties": {
            "symbol": {"type": "string"},
            "price": {"type": "number"},
            "volume": {"type": "integer"},
        },
    }
    draft = DatasetDraft(
        slug="PRICES", schema=schema, index=Index(key="symbol"), zone="UTC"
    )
    return create_dataset(access=access, draft=draft, now=database_now())


class Storing:
    """Stores rules in effect, as saving and judging them would."""

    def __init__(self, access: Access, dataset: Dataset, now: datetime) -> None:
        self._access = access
        self._lane: Lane = open_lane(dataset)
        self._now = now
        self._names = [
            f"{access.workspace.slug}:PRICES:{name_of(key)}" for key in range(KEYS)
        ]
        fields = (["price"], ["price", "volume"])
        self._tallies = [self._store_tallies(interest_of(names)) for names in fields]
        self._places = [self._store_places(name) for name in ("price", "volume")]
        stored = (Rule.objects, Version.objects)
        ids = [one.aggregate(Max("pk"))["pk__max"] for one in stored]
        self._first = max(one or 0 for one in ids) + 1

    def store(self, count: int) -> Rules:
        """Store rules; give them as they were drawn."""
        drawn = make_rules(count, KEYS)
        self.store_drawn(drawn, prices_of(drawn))
        return drawn

    def store_drawn(self, drawn: Rules, prices: NDArray[np.float64]) -> None:
        """Store rules with these thresholds on the price."""
        count = len(drawn)
        for start in range(0, count, AT_ONCE):
            numbers = range(start, min(start + AT_ONCE, count))
            with transaction.atomic():
                self._store_rules(drawn, numbers)
                self._store_versions(drawn, prices, numbers)
                self._store_predicates(drawn, prices, numbers)
        with connection.cursor() as cursor:
            reset = connection.ops.sequence_reset_sql(no_style(), _NUMBERED)
            for statement in reset:
                cursor.execute(statement)
            cursor.execute("ANALYZE")

    def _store_rules(self, drawn: Rules, numbers: range) -> None:
        common = Rule(
            workspace=self._access.workspace,
            kind="signal",
            tallied_truth=False,
            is_tabled=True,
            created_at=self._now,
            updated_at=self._now,
        )
        names = ("id", "uuid", "slug", "name", "latest_id", "in_effect_id", "tally_id")
        rows = []
        for number in numbers:
            pk = self._first + number
            tally = self._tallies[has_two(drawn, number)][drawn.key[number]].pk
            rows.append((pk, uuid4(), f"r{number}", f"Rule {number}", pk, pk, tally))
        _insert(common, names, rows)

    def _store_versions(
        self, drawn: Rules, prices: NDArray[np.float64], numbers: range
    ) -> None:
        common = Version(
            number=1,
            sentence="Measured.",
            lane=self._lane,
            effective_seq=0,
            created_at=self._now,
        )
        rows = [
            (pk, pk, self._definition(drawn, prices, number))
            for number in numbers
            for pk in (self._first + number,)
        ]
        _insert(common, ("id", "rule_id", "definition"), rows)

    def _store_predicates(
        self, drawn: Rules, prices: NDArray[np.float64], numbers: range
    ) -> None:
        rows = []
        for number in numbers:
            down, key = bool(drawn.down[number]), int(drawn.key[number])
            wanted = [(0, Operator.LTE if down else Operator.GTE, prices[number])]
            if has_two(drawn, number):
                wanted.append((1, Operator.GTE, drawn.volume[number]))
            is_all = bool(drawn.is_all[number]) or len(wanted) == 1
            rows += [
                (
                    self._first + number,
                    self._places[field][key].pk,
                    int(operator),
                    float(constant),
                    is_all,
                )
                for field, operator, constant in wanted
            ]
        names = ("rule_id", "place_id", "operator", "constant", "is_all")
        _insert(Predicate(lane=self._lane), names, rows)

    def _definition(
        self, drawn: Rules, prices: NDArray[np.float64], number: int
    ) -> dict[str, object]:
        fact = self._names[drawn.key[number]]
        facts = [f"{fact}:price"]
        operator = "lte" if drawn.down[number] else "gte"
        members: list[dict[str, object]] = [
            {"fact": 0, "op": operator, "value": _written(prices[number])}
        ]
        if has_two(drawn, number):
            facts.append(f"{fact}:volume")
            value = _written(drawn.volume[number])
            members.append({"fact": 1, "op": "gte", "value": value})
        joined = "all" if drawn.is_all[number] else "any"
        return {
            "kind": "signal",
            "name": f"Rule {number}",
            "watch": {"facts": facts},
            "when": {joined: members} if len(members) > 1 else members[0],
        }

    def _store_tallies(self, interest: str) -> list[Tally]:
        return Tally.objects.bulk_create(
            Tally(
                lane=self._lane,
                key=name_of(key),
                interest=interest,
                runs=0,
                run_at=self._now,
            )
            for key in range(KEYS)
        )

    def _store_places(self, field: str) -> list[Place]:
        return Place.objects.bulk_create(
            Place(lane=self._lane, key=name_of(key), field=field) for key in range(KEYS)
        )


def _insert(
    common: Model, names: Sequence[str], rows: Sequence[Sequence[object]]
) -> None:
    """Insert rows in one statement; what they do not name is as in `common`."""
    fields = {
        field.attname: field
        for field in common._meta.concrete_fields
        if field.attname in names or not field.primary_key
    }
    rest = [one for name, one in fields.items() if name not in names]
    columns = [fields[name] for name in names] + rest
    shared = [
        one.get_db_prep_save(getattr(common, one.attname), connection) for one in rest
    ]
    placed = ", ".join(["%s"] * len(columns))
    named = ", ".join(f'"{one.column}"' for one in columns)
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {common._meta.db_table} ({named}) VALUES ({placed})",  # noqa: S608 - our own table
            [
                [
                    *(
                        one.get_db_prep_save(value, connection)
                        for one, value in zip(columns, row, strict=False)
                    ),
                    *shared,
                ]
                for row in rows
            ],
        )


def has_two(drawn: Rules, number: int) -> bool:
    """Say whether a rule has a condition on the volume, too."""
    return not bool(np.isnan(drawn.volume[number]))


def store_first_values(dataset: Dataset, now: datetime) -> None:
    """Store the first value of every key, for the lane to judge."""
    accept_batch(dataset=dataset, events=first_events(), ingest=Ingest(), now=now)


def _written(number: np.float64) -> Decimal:
    return Decimal(str(float(number)))
