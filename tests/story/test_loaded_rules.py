"""After a start a lane goes on from its tables, and reads only the rules that run."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from alerts.models import Alert
from datasets.models import Dataset, Fact
from rules.models import Operator, Predicate, Rule, Tally, Version
from rules.services import change_rule, create_rule, delete_rule, lane_program
from rules.services.programs import forget_programs
from tests.factories import NOW
from tests.story.lane import definition, drain, drain_and_go_on, price, send
from workspaces.access import Access

pytestmark = pytest.mark.django_db

FACT = {"fact": 0}
ANY_KEY = {"facts": ["DEMO:PRICES:*:price"]}


def counted(rule: Rule) -> tuple[int, int]:
    read = Rule.objects.counted().get(pk=rule.pk)
    return read.ran, read.passed


def test_lane_reads_no_definition_of_quiet_rules_and_writes_no_row(
    access: Access, prices: Dataset
) -> None:
    for number in range(10):
        when = {**FACT, "op": "gt", "value": 400 + number}
        for watch in (ANY_KEY, {"facts": ["DEMO:PRICES:MSFT:price"]}):
            rule = definition(when=when, watch=watch, name=f"Rule {number}")
            create_rule(access=access, definition=rule, now=NOW)
    send(prices, price(300), at=1)
    drain(prices)
    Version.objects.update(definition={"not": "a rule"})
    forget_programs()

    with CaptureQueriesContext(connection) as drained:
        send(prices, price(301), at=2)
        drain(prices)

    written = [one["sql"] for one in drained if one["sql"].startswith("UPDATE")]
    # A rule on any key is counted apart: each of the ten ran once more.
    assert len([one for one in written if "rules_rule" in one]) <= 10
    assert {rule.health for rule in Rule.objects.all()} == {"ok"}
    assert {(rule.ran, rule.passed) for rule in Rule.objects.counted()} == {(2, 0)}
    assert Tally.objects.get().runs == 2


def test_facts_of_keys_that_were_met_are_not_read_again(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(kind="state"), now=NOW)
    send(prices, price(320), at=1)
    drain_and_go_on(prices)

    with CaptureQueriesContext(connection) as drained:
        send(prices, price(300), at=2)
        drain(prices)

    asked = [one["sql"] for one in drained if one["sql"].startswith("SELECT")]
    assert not [one for one in asked if "datasets_fact" in one]
    assert Alert.objects.get().state == "open"
    assert Fact.objects.get().fields["price"][:2] == [300, 320]


@pytest.mark.parametrize(
    ("when", "said"),
    [
        pytest.param(
            {**FACT, "op": "lte", "value": 310},
            [(Operator.LTE, 310.0, True)],
            id="threshold",
        ),
        pytest.param(
            {"not": {**FACT, "op": "lte", "value": 310}},
            [(Operator.GT, 310.0, True)],
            id="not",
        ),
        pytest.param(
            {
                "any": [
                    {**FACT, "op": "lt", "value": 310},
                    {**FACT, "op": "gte", "value": 320},
                ]
            },
            [(Operator.LT, 310.0, False), (Operator.GTE, 320.0, False)],
            id="group",
        ),
        pytest.param(
            {**FACT, "op": "between", "value": [310, 320]},
            [(Operator.GTE, 310.0, True), (Operator.LTE, 320.0, True)],
            id="between",
        ),
        pytest.param(
            {**FACT, "op": "ne", "value": 310},
            [(Operator.LT, 310.0, False), (Operator.GT, 310.0, False)],
            id="other than",
        ),
        pytest.param({**FACT, "op": "in", "value": [1, 2]}, [], id="several values"),
        pytest.param({**FACT, "op": "cross_up", "value": 310}, [], id="crossing"),
        pytest.param(
            {"all": [{**FACT, "op": "gt", "value": 1}, {**FACT, "op": "is_present"}]},
            [],
            id="not a number",
        ),
        pytest.param(
            {**FACT, "op": "gt", "value": 10**20 + 1},
            [],
            id="more digits than a double",
        ),
    ],
)
def test_plain_rules_are_written_as_predicates(
    access: Access, prices: Dataset, when: object, said: object
) -> None:
    create_rule(access=access, definition=definition(when=when), now=NOW)
    drain(prices)

    rows = Predicate.objects.order_by("pk")
    assert list(rows.values_list("operator", "constant", "is_all")) == said
    assert Rule.objects.get().is_tabled is bool(said)


def test_table_follows_the_version_in_effect(access: Access, prices: Dataset) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    drain(prices)
    seen = [list(Predicate.objects.values_list("constant", flat=True))]
    for value in (320, 330):
        when = {**FACT, "op": "lte", "value": value}
        rule = change_rule(
            access=access, rule=rule, definition=definition(when=when), now=NOW
        )
    seen.append(list(Predicate.objects.values_list("constant", flat=True)))
    drain(prices)
    seen.append(list(Predicate.objects.values_list("constant", flat=True)))
    delete_rule(access=access, rule=rule, now=NOW)
    drain(prices)

    assert seen == [[310], [310], [330]]
    assert not Predicate.objects.exists()


def test_rules_of_before_the_table_are_written_down_by_the_next_drain(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    send(prices, price(300), at=1)
    drain(prices)
    Predicate.objects.all().delete()
    Rule.objects.update(is_tabled=False, tally=None, ran_apart=1, passed_apart=1)
    forget_programs()

    send(prices, price(300), at=2)
    drain(prices)

    assert Predicate.objects.get().constant == 310
    assert Rule.objects.get().is_tabled
    assert counted(rule) == (2, 2)


def test_rules_that_are_let_go_of_are_read_again(
    access: Access, prices: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lane_program, "AT_HAND", 1)
    rules = []
    for number in range(4):
        when = {**FACT, "op": "gt", "value": 300 + number}
        rule = definition(kind="state", when=when, name=f"Above {number}")
        rules.append(create_rule(access=access, definition=rule, now=NOW))
    drain(prices)

    for at, amount in enumerate([310, 290, 302, 290], start=1):
        send(prices, price(amount), at=at)
        drain_and_go_on(prices)

    assert [counted(rule) for rule in rules] == [(4, 2), (4, 2), (4, 1), (4, 1)]
    assert sorted(Alert.objects.values_list("rule__slug", "state")) == [
        ("above-0", "resolved"),
        ("above-0", "resolved"),
        ("above-1", "resolved"),
        ("above-1", "resolved"),
        ("above-2", "resolved"),
        ("above-3", "resolved"),
    ]
