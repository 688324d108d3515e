"""Counters are exact after every commit, whatever rules the lane had to step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from sqlite3 import SQLITE_LIMIT_VARIABLE_NUMBER

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from datasets.models import Dataset, Lane
from rules.models import Instance, Rule, Tally
from rules.services import change_rule, create_rule, turn_rule
from rules.services.counting import KeyTally, save_tallies
from rules.services.programs import forget_programs
from tests.factories import NOW
from tests.story.lane import definition, drain, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

Counters = tuple[int, int, int, int]


def counters(rule: Rule) -> Counters:
    """Read a rule as the API does."""
    read = Rule.objects.counted().get(pk=rule.pk)
    return read.ran, read.passed, read.failed, read.unknown


def above(limit: int, **changes: object) -> dict[str, object]:
    when = {"fact": 0, "op": "gt", "value": limit}
    return definition(name=f"Above {limit}", when=when, **changes)


def nothing() -> None:
    """Keep the program."""


@pytest.mark.parametrize("between", [nothing, forget_programs])
def test_counters_are_exact_after_every_commit(
    access: Access, prices: Dataset, between: Callable[[], None]
) -> None:
    state = create_rule(access=access, definition=above(310, kind="state"), now=NOW)
    signal = create_rule(access=access, definition=above(300), now=NOW)
    facts = {"watch": {"facts": ["DEMO:PRICES:*:price"]}}
    anyone = create_rule(access=access, definition=above(305, **facts), now=NOW)

    seen = []
    for at, amount in enumerate([300, 320, 330, 300, 301, 312]):
        send(prices, price(amount), price(306, of="AAPL"), at=at)
        drain(prices)
        seen.append((counters(state), counters(signal), counters(anyone)))
        between()

    assert seen == [
        ((1, 0, 1, 0), (1, 0, 1, 0), (2, 1, 1, 0)),
        ((2, 1, 1, 0), (2, 1, 1, 0), (4, 3, 1, 0)),
        ((3, 2, 1, 0), (3, 2, 1, 0), (6, 5, 1, 0)),
        ((4, 2, 2, 0), (4, 2, 2, 0), (8, 6, 2, 0)),
        ((5, 2, 3, 0), (5, 3, 2, 0), (10, 7, 3, 0)),
        ((6, 3, 3, 0), (6, 4, 2, 0), (12, 9, 3, 0)),
    ]


def test_counters_go_on_over_versions_and_switches(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=above(310), now=NOW)
    send(prices, price(320), price(300), at=1)
    change_rule(access=access, rule=rule, definition=above(290), now=NOW)
    send(prices, price(300), price(280), at=2)
    drain(prices)
    seen = [counters(rule)]
    # What the index does not follow is counted as it runs.
    contains = {"fact": 0, "op": "is_present"}
    change_rule(access=access, rule=rule, definition=definition(when=contains), now=NOW)
    send(prices, price(300), at=3)
    drain(prices)
    seen.append(counters(rule))
    change_rule(access=access, rule=rule, definition=above(310), now=NOW)
    send(prices, price(300), at=4)
    turn_rule(access=access, rule=rule, on=False, now=NOW)
    send(prices, price(320), at=5)
    drain(prices)
    seen.append(counters(rule))
    turn_rule(access=access, rule=rule, on=True, now=NOW)
    send(prices, price(320), at=6)
    drain(prices)
    seen.append(counters(rule))

    assert seen == [(4, 2, 2, 0), (5, 3, 2, 0), (6, 3, 3, 0), (7, 4, 3, 0)]


def test_quiet_rules_cost_no_row_and_no_query(access: Access, prices: Dataset) -> None:
    for number in range(30):
        create_rule(access=access, definition=above(400 + number), now=NOW)
    send(prices, price(300), at=1)
    drain(prices)

    with CaptureQueriesContext(
        connection,
    ) as drained:
        send(prices, *[price(300 + more) for more in range(20)], at=2)
        drain(prices)

    written = [one["sql"] for one in drained if one["sql"].startswith("UPDATE")]
    assert not [one for one in written if '"rules_rule"' in one or "rules_rule " in one]
    assert not Instance.objects.exists()
    assert Tally.objects.get().runs == 21
    assert {rule.ran for rule in Rule.objects.counted()} == {21}


def test_rule_that_was_true_when_put_fires_at_the_next_event_after_a_restart(
    access: Access, prices: Dataset
) -> None:
    send(prices, price(320), at=1)
    drain(prices)
    create_rule(access=access, definition=above(310, kind="state"), now=NOW)
    drain(prices)
    forget_programs()

    send(prices, price(320), at=2)
    drain(prices)
    opened = Alert.objects.count()
    forget_programs()
    send(prices, price(300), at=3)
    drain(prices)

    assert opened == 1
    assert Alert.objects.get().state == "resolved"


@pytest.fixture
def few_parameters() -> Iterator[None]:
    """Let a statement have as few parameters as some builds of SQLite let it."""
    if connection.vendor != "sqlite":
        yield
        return
    connection.ensure_connection()
    usual = connection.connection.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, 3_000)
    yield
    connection.connection.setlimit(SQLITE_LIMIT_VARIABLE_NUMBER, usual)


@pytest.mark.usefixtures("few_parameters")
def test_tallies_of_more_keys_than_a_statement_can_name_are_stored(
    prices: Dataset,
) -> None:
    fields = frozenset({"price"})
    tallies = [KeyTally(key=f"K{n}", fields=fields, runs=n) for n in range(3_500)]

    lane = Lane.objects.get(dataset=prices)
    save_tallies(lane, tallies, NOW)

    stored = dict(Tally.objects.values_list("pk", "runs"))
    assert {one.tally_id: one.runs for one in tallies} == stored
