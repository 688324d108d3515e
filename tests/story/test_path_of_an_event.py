"""The path of an event, from acceptance to the numbered feed, on a real database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from alerts.models import Alert, Delivery, FeedEntry, Transition
from alerts.pipeline import drain_lane, drain_round
from alerts.services import create_output, number_entries
from datasets.models import Batch, BatchState, Dataset, Duplicates, Fact, Record
from datasets.services import EventsInvalid, Ingest, accept_batch, open_lane
from rules.models import Instance, Rule
from rules.services import change_rule, create_rule, delete_rule, turn_rule
from tests.factories import NOW
from workspaces.access import Access

pytestmark = pytest.mark.django_db


def definition(**changes: object) -> dict[str, object]:
    return {
        "kind": "signal",
        "name": "Cheap",
        "watch": {"facts": ["DEMO:PRICES:MSFT:price"]},
        "when": {"fact": 0, "op": "lte", "value": 310},
        **changes,
    }


def send(
    dataset: Dataset, *events: Mapping[str, object], at: int = 0, **ingest: Any
) -> int:
    accepted = accept_batch(
        dataset=dataset,
        events=events,
        ingest=Ingest(**ingest),
        now=NOW + timedelta(seconds=at),
    )
    return accepted.batch_id


def drain(dataset: Dataset) -> None:
    drain_lane(lane_id=open_lane(dataset).pk)


def reasons(rule: Rule) -> Sequence[str]:
    return list(
        Alert.objects.filter(rule=rule)
        .order_by("opened_at", "pk")
        .values_list("reason", flat=True)
    )


def test_price_under_threshold_raises_one_alert_with_its_values(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)

    send(prices, {"symbol": "MSFT", "price": Decimal("310.01")}, at=1)
    send(prices, {"symbol": "MSFT", "price": Decimal("309.20")}, at=2)
    drain(prices)

    alert = Alert.objects.get()
    rule.refresh_from_db()
    assert alert.values == {"DEMO:PRICES:MSFT:price": Decimal("309.20")}
    assert alert.subject == "DEMO:PRICES:MSFT"
    assert alert.opened_at == NOW + timedelta(seconds=2)
    assert (rule.ran, rule.passed, rule.failed, rule.sent) == (2, 1, 1, 0)


def test_events_before_a_rule_are_judged_without_it(
    access: Access, prices: Dataset
) -> None:
    send(prices, {"symbol": "MSFT", "price": 1}, at=1)
    rule = create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 2}, at=2)
    drain(prices)

    rule.refresh_from_db()
    assert (rule.ran, rule.passed) == (1, 1)


def test_rule_changed_mid_lane_judges_by_the_version_of_its_place(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 305}, at=1)
    wanted = {"fact": 0, "op": "lte", "value": 300}
    change_rule(access=access, rule=rule, definition=definition(when=wanted), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 305}, at=200)
    drain(prices)

    rule.refresh_from_db()
    assert (rule.ran, rule.passed) == (2, 1)
    assert rule.in_effect == rule.latest
    assert [version.effective_seq for version in rule.versions.order_by("number")] == [
        1,
        3,
    ]


def test_saving_without_a_change_does_nothing_at_all(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    batches = Batch.objects.count()

    change_rule(access=access, rule=rule, definition=definition(), now=NOW)

    assert rule.versions.count() == 1
    assert Batch.objects.count() == batches


def test_turning_off_closes_what_is_open_and_on_starts_anew(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(kind="state"), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, at=1)
    turn_rule(access=access, rule=rule, on=False, now=NOW)
    send(prices, {"symbol": "MSFT", "price": 299}, at=200)
    turn_rule(access=access, rule=rule, on=True, now=NOW)
    send(prices, {"symbol": "MSFT", "price": 298}, at=400)
    drain(prices)

    states = Alert.objects.order_by("opened_at").values_list("state", flat=True)
    assert list(states) == ["closed", "open"]


def test_state_rule_resolves_what_it_opened(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(kind="state"), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, at=1)
    drain(prices)
    send(prices, {"symbol": "MSFT", "price": 320}, at=2)
    drain(prices)

    alert = Alert.objects.get()
    assert alert.state == "resolved"
    assert alert.ended_at == NOW + timedelta(seconds=2)
    kinds = alert.transitions.order_by("number").values_list("number", "kind")
    assert list(kinds) == [(1, "opened"), (2, "resolved")]


def test_deleted_rule_is_judged_no_more_and_its_alerts_stay(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, at=1)
    delete_rule(access=access, rule=rule, now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, at=200)
    drain(prices)

    assert Alert.objects.filter(rule=rule).count() == 1


def test_cool_down_counts_passes_and_tells_some(
    access: Access, prices: Dataset
) -> None:
    output = create_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    rule = create_rule(
        access=access,
        definition=definition(
            outputs=[{"output": output.slug, "at_most_every": "60s"}]
        ),
        now=NOW,
    )
    for second in (0, 30, 59, 60, 119, 120):
        send(prices, {"symbol": "MSFT", "price": 300}, at=second)
    drain(prices)

    rule.refresh_from_db()
    assert (rule.passed, rule.sent) == (6, 3)
    assert Delivery.objects.filter(status="queued").count() == 3


def test_any_key_keeps_each_key_on_its_own(access: Access, prices: Dataset) -> None:
    rule = create_rule(
        access=access,
        definition=definition(watch={"facts": ["DEMO:PRICES:*:price"]}),
        now=NOW,
    )
    send(prices, *({"symbol": name, "price": 5} for name in ("A", "B", "C")))
    drain(prices)

    assert sorted(Alert.objects.values_list("key", flat=True)) == ["A", "B", "C"]
    assert Instance.objects.filter(rule=rule).count() == 3


def test_fact_against_fact_reads_the_last_known_value(
    access: Access, prices: Dataset
) -> None:
    rule = create_rule(
        access=access,
        definition=definition(
            watch={"facts": ["DEMO:PRICES:MSFT:price", "DEMO:PRICES:MSFT:open"]},
            when={"fact": 0, "op": "lt", "value": {"fact": 1}},
        ),
        now=NOW,
    )
    send(prices, {"symbol": "MSFT", "open": 10}, at=1)
    drain(prices)
    send(prices, {"symbol": "MSFT", "price": 9}, at=2)
    send(prices, {"symbol": "MSFT", "price": 11}, at=3)
    drain(prices)

    rule.refresh_from_db()
    assert (rule.ran, rule.passed, rule.failed, rule.unknown) == (3, 1, 2, 1)


def test_same_alert_ids_whatever_the_rounds(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, at=1)
    drain_round(lane_id=open_lane(prices).pk)
    first = Alert.objects.get().pk
    transition = Transition.objects.get()

    assert transition.seq == 2
    assert first.version == 5


def test_draining_twice_changes_nothing(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, at=1)
    drain(prices)
    drain(prices)

    assert Alert.objects.count() == 1
    assert FeedEntry.objects.count() == 1


def test_history_raises_the_same_alert_and_sends_nothing(
    access: Access, prices: Dataset
) -> None:
    output = create_output(
        access=access, kind="email", config={"to": "ana@example.com"}, now=NOW
    )
    create_rule(
        access=access,
        definition=definition(outputs=[{"output": output.slug}]),
        now=NOW,
    )
    send(
        prices,
        {"symbol": "MSFT", "price": 300},
        is_live=False,
        import_id="i1",
        closes_import=True,
    )
    drain(prices)

    delivery = Delivery.objects.get()
    entry = FeedEntry.objects.get()
    assert Alert.objects.get().is_historical
    assert (delivery.status, delivery.reason) == ("suppressed", "history")
    assert entry.kind == "imported"
    assert entry.details == {
        "dataset": "PRICES",
        "records": 1,
        "alerts": 1,
        "rules": 1,
    }


def test_feed_numbers_are_dense_per_workspace(access: Access, prices: Dataset) -> None:
    create_rule(
        access=access,
        definition=definition(watch={"facts": ["DEMO:PRICES:*:price"]}),
        now=NOW,
    )
    for batch in range(3):
        send(prices, *({"symbol": f"{batch}{n}", "price": 5} for n in range(4)))
        drain(prices)
        number_entries(workspace_id=access.workspace.pk)

    numbers = FeedEntry.objects.order_by("seq").values_list("seq", flat=True)
    assert list(numbers) == list(range(1, 13))


def test_one_wrong_event_stores_none_and_names_its_index(prices: Dataset) -> None:
    with pytest.raises(EventsInvalid) as refused:
        send(prices, {"symbol": "A", "price": 1}, {"symbol": "B", "price": "dear"})

    assert refused.value.errors[0].pointer == "/1/price"
    assert not Batch.objects.exists()
    assert not Record.objects.exists()


@pytest.mark.parametrize(
    ("handling", "judged", "current"),
    [
        (Duplicates.IGNORE, 1, [Decimal("300.5")]),
        (Duplicates.REPLACE, 2, [Decimal("299.0")]),
        (Duplicates.REFUSE, 1, [Decimal("300.5")]),
    ],
)
def test_duplicates_are_settled_in_lane_order(
    access: Access,
    prices: Dataset,
    handling: Duplicates,
    judged: int,
    current: list[Decimal],
) -> None:
    prices.schema["properties"]["day"] = {"type": "string", "format": "date"}
    prices.date_field = "day"
    prices.duplicates = handling
    prices.save(update_fields=["schema", "date_field", "duplicates"])
    rule = create_rule(access=access, definition=definition(), now=NOW)
    for price in ("300.5", "299.0"):
        send(
            prices,
            {"symbol": "MSFT", "price": Decimal(price), "day": "2026-03-02"},
        )
    drain(prices)

    rule.refresh_from_db()
    kept = Record.objects.current().values_list("body", flat=True)
    assert rule.ran == judged
    assert [body["price"] for body in kept] == current


def test_refused_batch_takes_no_place_in_the_order(prices: Dataset) -> None:
    prices.schema["properties"]["day"] = {"type": "string", "format": "date"}
    prices.date_field = "day"
    prices.duplicates = Duplicates.REFUSE
    prices.save(update_fields=["schema", "date_field", "duplicates"])
    event = {"symbol": "MSFT", "price": 1, "day": "2026-03-02"}
    for _ in range(2):
        send(prices, event)
    send(prices, {**event, "day": "2026-03-03"})
    drain(prices)

    states = Batch.objects.order_by("pk").values_list("state", "seq")
    assert list(states) == [
        (BatchState.JUDGED, 1),
        (BatchState.REFUSED, None),
        (BatchState.JUDGED, 2),
    ]


def test_event_false_moves_facts_and_raises_nothing(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, raises=False)
    drain(prices)

    assert not Alert.objects.exists()
    assert Fact.objects.get().fields["price"][0] == 300


def test_update_state_false_leaves_the_facts(access: Access, prices: Dataset) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, moves_facts=False)
    drain(prices)

    assert Alert.objects.count() == 1
    assert not Fact.objects.exists()


def test_unpersisted_event_is_judged_and_never_read(
    access: Access, prices: Dataset
) -> None:
    create_rule(access=access, definition=definition(), now=NOW)
    send(prices, {"symbol": "MSFT", "price": 300}, persists=False)
    drain(prices)

    assert Alert.objects.count() == 1
    assert not Record.objects.current().exists()
