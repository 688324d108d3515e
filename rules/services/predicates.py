"""The table from which a lane's plain rules are loaded, instead of their definitions.

It is state of the lane, like facts: written in the commit in which a version comes into
effect or leaves it. A rule that it does not say is read by its definition, and written
down by the next drain if it can be.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection

from config.portions import portions
from datasets.models import Lane
from rules.columns import Place, Predicate, Predicates
from rules.models import FIELD_LENGTH, KEY_LENGTH, Rule
from rules.models import Place as StoredPlace
from rules.models import Predicate as StoredPredicate

Tabled = Mapping[int, Sequence[Predicate]]
"""What the table is to say of rules from now on; nothing of some."""


_AT_ONCE = 500
"""What one statement names; databases take so many parameters and no more."""


def load_predicates(lane: Lane, *, series: str) -> Predicates:
    """Return what the table says of a lane's rules; `series` is its own dataset."""
    stored = StoredPlace.objects.filter(lane=lane)
    places = [
        (pk, Place(series, key or None, field))
        for pk, key, field in stored.values_list("pk", "key", "field")
    ]
    rows = (
        "SELECT rule_id, place_id, operator, constant, is_all"  # noqa: S608 - our own table's name, and a number
        f" FROM {StoredPredicate._meta.db_table} WHERE lane_id = {lane.pk:d}"
        " ORDER BY rule_id, id"
    )
    with connection.cursor() as cursor:
        if connection.vendor != "postgresql":
            return Predicates.of_rows(places, cursor.execute(rows))
        # Half as long as fetching, and without an object for every number.
        written = bytearray()
        with cursor.copy(f"COPY ({rows}) TO STDOUT (FORMAT BINARY)") as copy:
            for block in copy:
                written += block
        return Predicates.of_copy(places, bytes(written))


def fits_table(predicates: Iterable[Predicate]) -> bool:
    """Say whether the names in predicates are not too long for the table."""
    return all(
        len(one.place.key or "") <= KEY_LENGTH and len(one.place.field) <= FIELD_LENGTH
        for one in predicates
    )


def save_predicates(*, lane: Lane, tabled: Tabled) -> None:
    """Store what the table is to say of rules, in place of what it said."""
    for rules in portions(sorted(tabled), _AT_ONCE):
        StoredPredicate.objects.filter(lane=lane, rule__in=rules).delete()
        said = {rule: tabled[rule] for rule in rules if tabled[rule]}
        StoredPredicate.objects.bulk_create(_rows(lane, said), batch_size=_AT_ONCE)
        _mark(lane, said.keys(), is_tabled=True)
        _mark(lane, set(rules) - said.keys(), is_tabled=False)


def _rows(lane: Lane, said: Tabled) -> list[StoredPredicate]:
    places = _place_ids(lane, {one.place for rows in said.values() for one in rows})
    return [
        StoredPredicate(
            lane=lane,
            rule_id=rule,
            place_id=places[one.place],
            operator=one.op,
            constant=one.constant,
            is_all=one.is_all,
        )
        for rule, rows in said.items()
        for one in rows
    ]


def _mark(lane: Lane, rules: Iterable[int], *, is_tabled: bool) -> None:
    # One that moved on to another lane is marked there.
    judged = Rule.objects.filter(pk__in=list(rules), in_effect__lane=lane)
    judged.filter(is_tabled=not is_tabled).update(is_tabled=is_tabled)


def _place_ids(lane: Lane, places: set[Place]) -> dict[Place, int]:
    """Return the ids of places, stored if they are new; of one series all."""
    known = _known_places(lane, places)
    new = sorted(places - known.keys(), key=lambda one: (one.key or "", one.field))
    if new:
        StoredPlace.objects.bulk_create(
            [StoredPlace(lane=lane, key=one.key or "", field=one.field) for one in new]
        )
        known |= _known_places(lane, set(new))
    return known


def _known_places(lane: Lane, places: set[Place]) -> dict[Place, int]:
    known: dict[Place, int] = {}
    stored = StoredPlace.objects.filter(lane=lane)
    by_name = {(one.key or "", one.field): one for one in places}
    for keys in portions(sorted({one.key or "" for one in places}), _AT_ONCE):
        rows = stored.filter(key__in=keys).values_list("pk", "key", "field")
        known |= {
            by_name[key, field]: pk
            for pk, key, field in rows
            if (key, field) in by_name
        }
    return known
