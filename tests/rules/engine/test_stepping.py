"""Which events run a rule, what it reads, and what an event leaves behind."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from rules.engine import (
    Counts,
    Event,
    FactValue,
    Position,
    Program,
    RuleNotInProgram,
    Series,
    Slice,
    parse_definition,
    step,
)
from tests.rules.engine.lanes import START, Lane, signal, state

LOW = {"fact": "CORE:STOCK:MSFT:price", "op": "<", "value": 5}
ANY_LOW = {"fact": "CORE:STOCK:*:price", "op": "<", "value": 5}
BELOW_OPEN = {
    "fact": "CORE:STOCK:*:price",
    "op": "<",
    "value": {"fact": "CORE:STOCK:*:open"},
}
BELOW_SPY = {
    "fact": "CORE:STOCK:*:price",
    "op": "<",
    "value": {"fact": "CORE:STOCK:SPY:price"},
}
BELOW_LIMIT = {
    "fact": "CORE:STOCK:*:price",
    "op": "<",
    "value": {"fact": "DEMO:LIMITS:*:least"},
}

A_FLOAT: Any = 9.5  # Any: no value that an event may carry

RUNS = {
    "the-fact-it-reads": (LOW, {"price": 1}, "MSFT", 1),
    "its-fact-as-null": (LOW, {"price": None}, "MSFT", 1),
    "another-field": (LOW, {"volume": 1}, "MSFT", 0),
    "another-key": (LOW, {"price": 1}, "SPY", 0),
    "key-in-other-letters": (LOW, {"price": 1}, "msft", 0),
    "field-in-other-letters": (LOW, {"Price": 1}, "MSFT", 0),
    "no-fields": (LOW, {}, "MSFT", 0),
    "any-key": (ANY_LOW, {"price": 1}, "SPY", 1),
    "either-side": (BELOW_OPEN, {"open": 1}, "MSFT", 1),
    "both-sides-once": (BELOW_OPEN, {"price": 1, "open": 2}, "MSFT", 1),
    "any-key-beside-a-concrete-one": (BELOW_SPY, {"price": 1}, "MSFT", 1),
    "concrete-key-for-itself-only": (BELOW_SPY, {"price": 1}, "SPY", 1),
    "same-field-twice": ({"any": [LOW, {"not": LOW}]}, {"price": 1}, "MSFT", 1),
    "part-of-the-field": (
        {"fact": "CORE:STOCK:MSFT:quote.last", "op": "<", "value": 5},
        {"quote": {"bid": 1}},
        "MSFT",
        1,
    ),
}


@pytest.mark.parametrize(
    ("when", "fields", "key", "ran"), RUNS.values(), ids=RUNS.keys()
)
def test_event_runs_the_rules_that_read_it(when, fields, key, ran):
    lane = Lane()
    lane.put(signal(when))

    lane.send(fields, key=key)

    assert lane.counts.get(1, Counts()).ran == ran


def test_included_fact_never_runs_the_rule():
    lane = Lane()
    lane.put(signal(LOW, include=["CORE:STOCK:MSFT:high"]))

    lane.send({"high": 9})

    assert lane.counts == {}


def test_unchanged_value_runs_the_rule_again():
    lane = Lane()
    lane.put(signal(LOW))

    lane.prices(1, 1, 1)

    assert lane.counts[1].passed == 3


def test_absent_fact_is_read_at_its_last_known_value():
    lane = Lane()
    lane.put(signal(BELOW_OPEN))

    lane.send({"open": 10})
    raised = lane.send({"price": 9})

    assert [one.reason for one in raised] == ["price is 9, below open 10 (by 1)"]


def test_null_makes_a_fact_unknown_until_the_next_value():
    lane = Lane()
    lane.put(signal(BELOW_OPEN))
    lane.send({"open": 10})
    lane.send({"open": None})

    in_doubt = lane.send({"price": 9})
    lane.send({"open": 12})
    known = lane.send({"price": 9})

    assert (len(in_doubt), len(known)) == (0, 1)
    assert lane.counts[1].unknown == 3


def test_any_key_reads_another_dataset_under_the_same_key():
    lane = Lane()
    lane.put(signal(BELOW_LIMIT))
    lane.send({"least": 10}, series="DEMO:LIMITS", key="A")

    under_a = lane.send({"price": 9}, key="A")
    under_b = lane.send({"price": 9}, key="B")
    from_limits = lane.send({"least": 99}, series="DEMO:LIMITS", key="B")

    assert [len(under_a), len(under_b), len(from_limits)] == [1, 0, 1]


def test_concrete_fact_beside_any_key_is_read_under_its_own_key():
    lane = Lane()
    lane.put(signal(BELOW_SPY))
    lane.send({"price": 500}, key="SPY")

    (raised,) = lane.send({"price": 100}, key="MSFT")

    assert raised.reason == "price is 100, below SPY price 500 (by 400)"


def test_fact_keeps_its_value_the_one_before_and_the_time():
    lane = Lane()

    lane.send({"price": 1}, second=1)
    lane.send({"price": None}, second=2)
    lane.send({"price": 3}, second=3)

    facts = lane.state.facts["CORE:STOCK", "MSFT"]
    assert facts.values["price"] == FactValue(
        value=3, previous=None, at=START + timedelta(seconds=3), last=3, other=1
    )
    assert facts.watermark == START + timedelta(seconds=3)


def test_facts_follow_the_lane_and_the_watermark_the_clock():
    lane = Lane()

    lane.send({"price": 1}, second=50)
    lane.send({"price": 2}, second=20)

    facts = lane.state.facts["CORE:STOCK", "MSFT"]
    assert facts.values["price"].value == 2
    assert facts.watermark == START + timedelta(seconds=50)


def test_step_alters_nothing_that_it_was_given():
    program = Program()
    program.put(1, 1, parse_definition(signal(LOW), workspace="DEMO"))
    empty = Slice()
    event = Event(
        series="CORE:STOCK",
        key="MSFT",
        fields={"price": 1},
        at=START,
        position=Position(1, 0),
    )

    first, second = step(program, empty, event), step(program, empty, event)

    assert first == second
    assert (empty.facts, empty.instances) == ({}, {})


class TestLateEvents:
    """An event older than the watermark by more than the lateness."""

    def test_late_event_moves_no_fact(self):
        lane = Lane()
        lane.send({"price": 1}, second=100)

        lane.send({"price": 2}, second=39)

        assert lane.result.late
        assert lane.result.facts == {}

    def test_event_exactly_as_late_as_allowed_is_not_late(self):
        lane = Lane()
        lane.send({"price": 1}, second=100)

        lane.send({"price": 2}, second=40)

        assert not lane.result.late
        assert lane.state.facts["CORE:STOCK", "MSFT"].values["price"].value == 2

    def test_signal_judges_it_by_its_own_fields_over_the_current_facts(self):
        lane = Lane()
        lane.put(signal(BELOW_OPEN))
        lane.send({"price": 20, "open": 10}, second=100)

        late = lane.send({"price": 9}, second=0)
        on_time = lane.send({"open": 10}, second=101)

        assert [one.reason for one in late] == ["price is 9, below open 10 (by 1)"]
        assert on_time == ()

    def test_state_and_on_enter_do_not_see_it(self):
        lane = Lane()
        lane.put(state(LOW), rule_id=1)
        lane.put(signal(LOW, **{"raise": {"mode": "on_enter"}}), rule_id=2)
        lane.send({"price": 9}, second=100)

        assert lane.send({"price": 1}, second=0) == ()
        assert lane.counts == {1: Counts(ran=1, failed=1), 2: Counts(ran=1, failed=1)}

    def test_every_key_has_its_own_watermark(self):
        lane = Lane()
        lane.send({"price": 1}, key="A", second=1000)

        lane.send({"price": 1}, key="B", second=0)

        assert not lane.result.late

    def test_lateness_is_the_datasets_own(self):
        lane = Lane(Program({"CORE:STOCK": Series(lateness=timedelta(hours=1))}))
        lane.send({"price": 1}, second=3600)

        lane.send({"price": 2}, second=0)

        assert not lane.result.late


class TestFlags:
    """``event=false`` and ``updateState=false`` of a publish."""

    def test_event_that_raises_nothing_moves_facts_and_counts_nothing(self):
        lane = Lane()
        lane.put(signal(LOW))

        assert lane.send({"price": 1}, raises=False) == ()
        assert lane.counts == {}
        assert lane.state.facts["CORE:STOCK", "MSFT"].values["price"].value == 1

    def test_state_that_became_true_so_opens_on_the_keys_next_event(self):
        lane = Lane()
        opened_today = {"fact": "CORE:STOCK:MSFT:open", "op": "ne", "value": 0}
        lane.put(state({"all": [LOW, opened_today]}))
        lane.send({"price": 1}, raises=False)

        (opened,) = lane.send({"open": 7})

        assert str(opened.kind) == "opened"

    def test_event_that_moves_no_facts_is_judged_over_them(self):
        lane = Lane()
        lane.put(signal(BELOW_OPEN))
        lane.send({"price": 20, "open": 10})

        seen = lane.send({"price": 9}, moves_facts=False)
        after = lane.send({"open": 10})

        assert (len(seen), len(after)) == (1, 0)
        assert lane.state.facts["CORE:STOCK", "MSFT"].values["price"].value == 20

    def test_event_that_does_neither_leaves_everything(self):
        lane = Lane()
        lane.put(signal(LOW))

        lane.send({"price": 1}, raises=False, moves_facts=False)

        assert (lane.state.facts, lane.state.instances, lane.counts) == ({}, {}, {})


class TestErrors:
    """A rule that cannot be judged stops no other."""

    def test_unsupported_value_is_an_error_of_the_rules_that_read_it(self):
        lane = Lane()
        lane.put(signal(LOW), rule_id=1)
        lane.put(
            signal({"fact": "CORE:STOCK:MSFT:open", "op": "<", "value": 5}), rule_id=2
        )

        raised = lane.send({"price": A_FLOAT, "open": 1})

        assert [one.rule_id for one in raised] == [2]
        assert lane.result.errors.keys() == {1}
        assert "float" in lane.result.errors[1]
        assert lane.counts.keys() == {2}

    def test_error_leaves_the_instance_as_it_was(self):
        lane = Lane()
        lane.put(state(LOW))
        lane.send({"price": 1})

        lane.send({"price": A_FLOAT})

        assert lane.state.instances[1, "MSFT"].is_open


class TestProgram:
    """The rules of a lane, changed in place."""

    def test_rule_put_again_replaces_its_version(self):
        lane = Lane()
        lane.put(signal(LOW))
        lane.put(signal({"fact": "CORE:STOCK:SPY:price", "op": "<", "value": 5}))

        assert lane.send({"price": 1}, key="MSFT") == ()
        assert [one.version for one in lane.send({"price": 1}, key="SPY")] == [2]
        assert len(lane.program) == 1

    def test_removed_rule_runs_no_more(self):
        lane = Lane()
        lane.put(signal(LOW), rule_id=1)
        lane.put(signal(LOW), rule_id=2)
        lane.program.remove(1)

        assert [one.rule_id for one in lane.send({"price": 1})] == [2]
        assert 1 not in lane.program

    def test_rule_that_is_not_there_cannot_be_removed(self):
        with pytest.raises(RuleNotInProgram):
            Program().remove(1)

    def test_program_names_what_an_event_needs(self):
        program = Program()
        definition = signal(BELOW_SPY, include=["DEMO:LIMITS:*:least"])
        program.put(4, 1, parse_definition(definition, workspace="DEMO"))
        event = Event(
            series="CORE:STOCK",
            key="MSFT",
            fields={"price": 1},
            at=START,
            position=Position(1, 0),
        )

        needs = program.needs(event)

        assert needs.facts == {
            ("CORE:STOCK", "MSFT"),
            ("CORE:STOCK", "SPY"),
            ("DEMO:LIMITS", "MSFT"),
        }
        assert needs.instances == {(4, "MSFT")}

    def test_event_that_no_rule_reads_needs_its_own_facts_only(self):
        event = Event(
            series="CORE:STOCK",
            key="MSFT",
            fields={"price": 1},
            at=START,
            position=Position(1, 0),
        )

        needs = Program().needs(event)

        assert needs.facts == {("CORE:STOCK", "MSFT")}
        assert needs.instances == frozenset()

    def test_keys_in_capitals_are_found_however_the_rule_spells_them(self):
        lane = Lane(Program({"CORE:STOCK": Series(folds=True)}))
        lane.put(signal({"fact": "CORE:STOCK:msft:price", "op": "<", "value": 5}))

        (raised,) = lane.send({"price": Decimal(1)}, key="MSFT")

        assert raised.key == "MSFT"
        assert raised.set == "CORE:STOCK:msft"
