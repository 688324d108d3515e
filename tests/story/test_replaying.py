"""A lane's log alone makes its transitions once more, and no others."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from random import Random
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from alerts.models import Alert, Transition
from alerts.services import Difference, check_replay
from alerts.sweeping import sweep_timers
from datasets.models import Batch, Dataset, Duplicates, Fact, Origin, Record
from datasets.services import (
    forget_expired,
    open_lane,
    replay_quarantined,
    save_dataset,
)
from rules.models import Predicate, Rule
from rules.services import change_rule, create_rule, turn_rule
from rules.services.programs import forget_programs
from tests.factories import NOW, DatasetFactory
from tests.story.lane import definition, drain, drain_and_go_on, price, send
from tests.story.replayed import ANY_KEY, DEFINITIONS, KEYS
from tests.story.test_poison import drain_until_done, poison
from workspaces.access import Access

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticks(access: Access) -> Dataset:
    """DEMO:TICKS, whose events say when they happened."""
    return DatasetFactory(workspace=access.workspace, slug="TICKS", date_field="venue")


class Story:
    """A lane to which anything may happen, as the dice fall."""

    def __init__(self, access: Access, ticks: Dataset, seed: int) -> None:
        self.access, self.ticks, self.dice = access, ticks, Random(seed)
        self.seconds = 0

    def play(self, length: int) -> None:
        """Let this much happen, and judge all of it."""
        acts = [self.send] * 12 + [self.drain] * 4 + [self.sweep] * 3
        acts += [self.create, self.change, self.change, self.turn, self.turn]
        acts += [self.change_lateness, forget_programs]
        self.create()
        for _ in range(length):
            self.seconds += self.dice.randrange(15)
            self.dice.choice(acts)()
        self.drain()

    def send(self) -> None:
        dice = self.dice
        asked: dict[str, Any] = {"is_live": dice.random() < 0.9}
        for name in ("raises", "moves_facts", "persists"):
            asked[name] = dice.random() < 0.9
        handling = dice.choice([None, Duplicates.IGNORE, Duplicates.REPLACE])
        send(
            self.ticks,
            *(self.tick() for _ in range(dice.randint(1, 4))),
            at=self.seconds,
            duplicates=handling,
            **asked,
        )

    def tick(self) -> dict[str, object]:
        behind = self.dice.choice([0, 0, 0, 5, 30, 200])
        at = NOW + timedelta(seconds=self.seconds - behind)
        told = price(self.dice.randrange(300, 320), of=self.dice.choice(KEYS))
        return {**told, "venue": at.isoformat()}

    def create(self) -> None:
        create_rule(access=self.access, definition=self.any_definition(), now=NOW)

    def any_definition(self, **changes: object) -> dict[str, object]:
        drawn = self.dice.choice(DEFINITIONS)
        when = {"fact": 0, "op": "lte", "value": self.dice.randrange(303, 315)}
        return definition(**{"when": when, **drawn, **changes})

    def change(self) -> None:
        rule = self.any_rule()
        drawn = self.any_definition(name=self.dice.choice(["Cheap", "Dear"]))
        if drawn["kind"] == rule.kind:
            change_rule(
                access=self.access, rule=rule, definition=drawn, now=self.now_received()
            )

    def turn(self) -> None:
        rule = self.any_rule()
        turn_rule(
            access=self.access,
            rule=rule,
            on=not rule.is_enabled,
            now=self.now_received(),
        )

    def any_rule(self) -> Rule:
        return self.dice.choice(list(Rule.objects.order_by("pk")))

    def change_lateness(self) -> None:
        changed = Dataset.objects.get(pk=self.ticks.pk)
        changed.lateness_seconds = self.dice.choice([10, 60, 100])
        save_dataset(dataset=changed, now=self.now_received())

    def sweep(self) -> None:
        sweep_timers(now=self.now_received())

    def drain(self) -> None:
        drain_and_go_on(self.ticks)

    def now_received(self) -> Any:
        return NOW + timedelta(seconds=self.seconds)


def replay(name: str = "demo:ticks") -> str:
    """What the command prints; it ends with CommandError if anything differs."""
    out = StringIO()
    call_command("replay", check=name, stdout=out)
    return out.getvalue()


# With these dice all of it happens.
@pytest.mark.parametrize("seed", [1, 3, 4, 5])
def test_whatever_happened_to_a_lane_its_log_says_the_same(
    access: Access, ticks: Dataset, seed: int
) -> None:
    Story(access, ticks, seed).play(150)

    report = check_replay(dataset=ticks, at_once=3)

    assert report.differences == []
    assert report.misread == []
    assert check_replay(dataset=ticks) == report
    assert (report.begins, report.unsure, report.differing) == (1, 0, 0)
    assert report.same == Transition.objects.count() > 20
    assert report.ends == open_lane(ticks).next_seq - 1
    kinds = set(Transition.objects.values_list("kind", flat=True))
    assert kinds >= {"raised", "opened", "resolved", "closed"}
    origins = set(Batch.objects.values_list("origin", flat=True))
    assert origins == {"api", "rule", "timer", "schema"}
    assert Record.objects.filter(is_late=True).exists()
    outcomes = {name for one in Batch.objects.all() for name in one.outcome}
    assert outcomes >= {"ignored", "replaced", "late"}


def test_timers_that_the_sweep_fired_open_the_same_alerts(
    access: Access, ticks: Dataset
) -> None:
    create_rule(
        access=access,
        definition=definition(watch=ANY_KEY, kind="state", hold="30s"),
        now=NOW,
    )
    send(ticks, {**price(300), "venue": NOW.isoformat()})
    drain(ticks)
    sweep_timers(now=NOW + timedelta(seconds=31))
    drain(ticks)

    assert Batch.objects.filter(origin=Origin.TIMER).exists()
    assert check_replay(dataset=ticks, at_once=1).same == Alert.objects.count() == 1


def changed(difference: Difference) -> set[str]:
    stored, replayed = difference.stored, difference.replayed
    assert stored is not None
    assert replayed is not None
    return {
        name
        for name in ("kind", "alert_id", "at")
        if getattr(stored, name) != getattr(replayed, name)
    }


def test_stored_transition_that_was_tampered_with_is_found(
    access: Access, ticks: Dataset
) -> None:
    Story(access, ticks, seed=1).play(80)
    victim = Transition.objects.order_by("seq")[10]
    victim.at += timedelta(microseconds=1)
    victim.save(update_fields=["at"])

    (difference,) = check_replay(dataset=ticks).differences

    assert changed(difference) == {"at"}
    assert difference.place[:2] == (victim.seq, victim.ord)
    assert difference.rule_slug == victim.rule.slug


@pytest.mark.parametrize("kind", ["no_data", "closed"])
def test_kind_that_was_tampered_with_is_one_difference(
    access: Access, ticks: Dataset, kind: str
) -> None:
    Story(access, ticks, seed=1).play(80)
    victim = Transition.objects.filter(kind="opened").order_by("seq")[0]
    Transition.objects.filter(pk=victim.pk).update(kind=kind)

    (difference,) = check_replay(dataset=ticks).differences

    assert changed(difference) == {"kind"}


def test_transition_that_is_gone_and_one_that_never_was_are_found(
    access: Access, ticks: Dataset
) -> None:
    Story(access, ticks, seed=2).play(80)
    first, *_, last = Transition.objects.order_by("seq", "ord", "pk")
    Transition.objects.filter(pk=first.pk).delete()
    Transition.objects.create(
        alert=last.alert,
        number=99,
        kind="no_data",
        rule=last.rule,
        key="NOBODY",
        lane=last.lane,
        seq=last.seq,
        ord=last.ord,
        at=last.at,
        recorded_at=NOW,
    )

    gone, added = check_replay(dataset=ticks).differences

    assert gone.stored is None
    assert gone.place[:2] == (first.seq, first.ord)
    assert added.replayed is None
    assert added.place.key == "NOBODY"


def test_command_says_in_a_sentence_that_nothing_differs(
    access: Access, ticks: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    send(ticks, {**price(300), "venue": NOW.isoformat()})
    drain(ticks)

    assert replay() == (
        "DEMO:TICKS: replayed 1 events from seq 1 to 2; 1 transitions are the same, "
        "0 differ. The log is whole from its beginning.\n"
    )


def test_command_names_the_rules_that_the_table_misreads(
    access: Access, ticks: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    drain(ticks)
    Predicate.objects.update(constant=311)
    out = StringIO()

    with pytest.raises(CommandError, match="do not agree"):
        call_command("replay", check="DEMO:TICKS", stdout=out)

    assert "  the table of predicates misreads rule cheap\n" in out.getvalue()


def test_command_lists_few_of_many_differences_and_fails(
    access: Access, ticks: Dataset
) -> None:
    create_rule(access=access, definition=definition(watch=ANY_KEY), now=NOW)
    keys = [f"K{number:02}" for number in range(25)]
    send(ticks, *({**price(300, of=key), "venue": NOW.isoformat()} for key in keys))
    drain(ticks)
    Transition.objects.update(at=NOW + timedelta(days=1))
    out = StringIO()

    with pytest.raises(CommandError, match="do not agree"):
        call_command("replay", check="DEMO:TICKS", stdout=out)

    lines = out.getvalue().splitlines()
    assert len(lines) == 22
    assert "0 transitions are the same, 25 differ" in lines[0]
    assert lines[1].startswith("  seq 2, ord 0, rule cheap, key K00: stored is raised ")
    assert lines[-1] == "  and 5 more"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DEMO", "Name a dataset as WORKSPACE:DATASET, not DEMO."),
        ("DEMO:NONE", "There is no dataset NONE in DEMO; there are: TICKS."),
        ("NOBODY:TICKS", "There is no dataset TICKS in NOBODY; there are: none."),
    ],
)
@pytest.mark.usefixtures("ticks")
def test_command_needs_a_dataset_that_exists(name: str, said: str) -> None:
    with pytest.raises(CommandError) as refusal:
        replay(name)

    assert str(refusal.value) == said


def test_replaying_writes_nothing(access: Access, ticks: Dataset) -> None:
    Story(access, ticks, seed=3).play(60)
    written: list[str] = []

    def note(run: Any, sql: str, *rest: object) -> object:
        if sql.lstrip()[:6].upper() in {"INSERT", "UPDATE", "DELETE"}:
            written.append(sql)
        return run(sql, *rest)

    with connection.execute_wrapper(note):
        check_replay(dataset=ticks)

    assert written == []


def test_event_that_was_set_aside_is_judged_where_it_was_replayed(
    access: Access, prices: Dataset
) -> None:
    watch = {"facts": ["DEMO:PRICES:*:price"]}
    create_rule(access=access, definition=definition(watch=watch), now=NOW)
    poison(prices)
    send(prices, price(300, of="A"), price(301, of="BAD"), at=1)
    drain_until_done(prices)
    Fact.objects.filter(key="BAD").delete()
    batch = Batch.objects.get(origin=Origin.API)
    replay_quarantined(access=access, quarantined=batch.quarantined.get(), now=NOW)
    drain(prices)

    report = check_replay(dataset=prices)

    assert (report.same, report.differing) == (2, 0)


@pytest.fixture
def shortened(access: Access, ticks: Dataset) -> Dataset:
    """DEMO:TICKS after retention: its first alert's event is gone."""
    create_rule(
        access=access, definition=definition(watch=ANY_KEY, kind="state"), now=NOW
    )
    for hours, amount in enumerate([300, 320, 300, 320]):
        at = NOW + timedelta(hours=hours)
        send(ticks, {**price(amount), "venue": at.isoformat()}, at=3600 * hours)
    drain(ticks)
    ticks.retention_seconds = 3600
    ticks.save(update_fields=["retention_seconds"])
    forget_expired(now=NOW + timedelta(hours=1, minutes=30))
    return ticks


def test_log_is_replayed_from_where_it_is_whole(shortened: Dataset) -> None:
    report = check_replay(dataset=shortened)

    assert report.begins == 3
    assert (report.unsure, report.same, report.differing) == (1, 2, 0)
    assert "The log is whole from seq 3 on" in replay()


def test_what_differs_after_both_sides_agreed_is_found_in_a_shortened_log(
    shortened: Dataset,
) -> None:
    last = Transition.objects.order_by("seq").reverse()[0]
    Transition.objects.filter(pk=last.pk).update(at=NOW)

    (difference,) = check_replay(dataset=shortened).differences

    assert changed(difference) == {"at"}


def test_batch_of_which_a_part_is_gone_shortens_the_log(
    access: Access, ticks: Dataset
) -> None:
    Story(access, ticks, seed=4).play(60)
    batch = Batch.objects.filter(size__gt=1, seq__gt=5).order_by("seq")[0]
    Record.objects.filter(batch_id=batch.pk, ord=0).delete()

    assert check_replay(dataset=ticks).begins - 1 == batch.seq


def test_nothing_is_left_of_the_log(access: Access, ticks: Dataset) -> None:
    send(ticks, {**price(300), "venue": NOW.isoformat()})
    drain(ticks)
    Record.objects.all().delete()

    report = check_replay(dataset=ticks)

    assert (report.begins, report.ends, report.events) == (2, 1, 0)
