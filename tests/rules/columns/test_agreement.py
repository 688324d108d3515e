"""The index tells exactly what the engine says, on both of its paths.

Random rules meet random histories; between batches rules come, change and go. Whoever
is not followed must be asked about on every event that runs it.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.columns import Events, Index
from rules.engine import Specification, parse_definition
from tests.rules.columns.histories import (
    WEATHERS,
    Happening,
    Weather,
    random_events,
    random_rule,
)
from tests.rules.columns.oracle import Oracle, as_sent

NEVER, ALWAYS, SOMETIMES = 0, 10_000, 8
PATHS = pytest.mark.parametrize(
    "few", [NEVER, ALWAYS, SOMETIMES], ids=["arrays", "plain", "both"]
)
WEATHER = pytest.mark.parametrize("weather", WEATHERS, ids=["calm", "fair", "wild"])


class Both:
    """The index and the engine, told the same."""

    def __init__(self, random: Random, weather: Weather, few: int) -> None:
        self.random = random
        self.weather = weather
        self.index = Index(few=few)
        self.oracle = Oracle()
        self.ids: set[int] = set()
        self.floats = random.random() < 0.5

    def put(self, rule_id: int) -> None:
        specification = self._random_specification()
        self.oracle.put(rule_id, specification)
        self.index.put(rule_id, specification, self.oracle.facts)
        self.ids.add(rule_id)

    def remove(self, rule_id: int) -> None:
        self.oracle.remove(rule_id)
        self.index.remove(rule_id)
        self.ids.discard(rule_id)

    def send(self, happenings: list[Happening]) -> None:
        if not happenings:
            return
        events = Events(
            series=happenings[0].series,
            keys=[one.key for one in happenings],
            fields=[as_sent(one.fields, floats=self.floats) for one in happenings],
            raises=None
            if all(one.raises for one in happenings)
            else [one.raises for one in happenings],
        )
        asked = self.index.asked(events)
        followed = {one for one in self.ids if self.index.is_followed(one)}
        self._check_asked(asked, followed, happenings)
        found = list(self.index.flips(events))
        assert found == self.oracle.flips(happenings, followed)

    def check_counts(self) -> None:
        for rule_id in self.ids:
            if self.index.is_followed(rule_id):
                counted = self.oracle.counts[rule_id]
                found = self.index.counts(rule_id)
                assert (found.ran, found.passed, found.failed, found.unknown) == (
                    counted.ran,
                    counted.passed,
                    counted.failed,
                    counted.unknown,
                )

    def _check_asked(
        self,
        asked: list[tuple[int, int]],
        followed: set[int],
        happenings: list[Happening],
    ) -> None:
        program = self.oracle.program
        wanted = []
        for place, one in enumerate(happenings):
            for rule_id in sorted(self.ids - followed):
                triggers = program._rules[rule_id].triggers
                if one.raises and any(
                    (one.series, name, key) in triggers
                    for name in one.fields
                    for key in (one.key, None)
                ):
                    wanted.append((place, rule_id))
        assert asked == wanted

    def _random_specification(self) -> Specification:
        definition = random_rule(self.random, self.weather)
        return parse_definition(definition, workspace="DEMO")


@PATHS
@WEATHER
@given(seed=st.integers(0, 2**40))
@settings(max_examples=12)
def test_random_rules_over_random_histories_flip_when_the_engine_says(
    seed, weather, few
):
    random = Random(seed)
    both = Both(random, weather, few)
    rules = random.choice([3, 10, 40])
    for rule_id in range(1, rules + 1):
        both.put(rule_id)

    for _ in range(random.choice([2, 10])):
        size = random.choice([1, 2, 7, 12, 30])
        both.send(list(random_events(random, weather, size)))
        for _ in range(random.choice([0, 0, 1, 3])):
            rule_id = random.randint(1, rules)
            if rule_id in both.ids and random.random() < 0.4:
                both.remove(rule_id)
            else:
                both.put(rule_id)
        both.check_counts()
