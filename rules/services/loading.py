"""A lane's program as its drains have left it: loaded after a start."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.db.models import F

from datasets.models import Lane
from datasets.services import lateness_in_effect
from rules.models import Forward, Instance, LaneRule, Rule
from rules.services.facts import series_of
from rules.services.in_effect import readers_of, rule_in_effect
from rules.services.lane_program import LaneProgram, empty_program
from rules.services.lane_state import StoredState, is_judged_in
from rules.services.predicates import load_predicates
from rules.services.stored_rules import StoredRule, read_stored


def load_program(lane: Lane) -> LaneProgram:
    """Load what a lane judges by.

    1. The instances that remember something: they are asked at their next run.
    2. The rules that the lane's table says, and the facts that they read. How they are
       told of, and how they fared, is read when it is needed.
    3. The other rules in effect, by their definitions.
    4. The tallies that go on counting.
    5. Who reads of its facts although another lane judges them.
    """
    loaded = empty_program(
        lane, next_seq=lane.next_seq, lateness_seconds=lateness_in_effect(lane)
    )
    loaded.choosing.read = loaded.read
    instances = Instance.objects.filter(is_judged_in(lane))
    loaded.choosing.remember(instances.values_list("rule_id", "key").iterator())
    series = series_of(lane.dataset)
    read_values = partial(StoredState(lane, loaded.datasets).read_values, series)
    table = load_predicates(lane, series=series)
    if len(table):
        loaded.choosing.load(table, read_values())
    rules = list(map(rule_in_effect, [*_untabled(lane), *_shared(lane)]))
    loaded.learn(rules, read_values)
    for rule in rules:
        loaded.put(rule)
    _go_on_counting(loaded, lane)
    forwards = Forward.objects.in_effect().filter(lane=lane)
    read = forwards.select_related(
        "version__rule__workspace", "version__lane__dataset__workspace"
    )
    for row in read.order_by("pk"):
        for reader in readers_of(row.version, change=row.change or 0, lane=lane):
            loaded.readers.add(reader)
    return loaded


def _untabled(lane: Lane) -> list[StoredRule]:
    # As a sum, so that databases begin with these few rules, not with all versions of
    # the lane; and in no order, which SQLite would rather scan all rules for.
    rules = Rule.objects.filter(is_tabled=False)
    if lane.dataset.shards > 1:
        rules = rules.filter(in_effect__is_spread=False)
    own = rules.annotate(lane=F("in_effect__lane") + 0).filter(lane=lane.pk)
    return sorted(read_stored(own))


def _shared(lane: Lane) -> Iterator[StoredRule]:
    """Give the rules that the lane judges with others, as far as it has come itself."""
    if lane.dataset.shards == 1:
        return
    sharing = LaneRule.objects.filter(lane=lane, version__isnull=False)
    read = sharing.select_related("version", "rule__workspace", "rule__tally")
    for one in read.order_by("rule"):
        yield StoredRule.of(one.rule, one.version)


def _go_on_counting(loaded: LaneProgram, lane: Lane) -> None:
    """Let counters go on from what is stored; only what that lacks is stored anew."""
    put = [one.rule_id for one in loaded.choosing.settled()]
    loaded.tallies.go_on(lane, loaded.choosing)
    for rule_id in put:
        if not loaded.rules[rule_id].is_tallied:
            loaded.choosing.index.touch(rule_id)
