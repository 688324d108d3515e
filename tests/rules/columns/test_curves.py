"""The curve of alerts over levels counts what each level would have raised."""

from collections.abc import Callable
from decimal import Decimal
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.columns.history import History, choose_levels, question_of
from rules.engine import parse_definition
from tests.rules.columns.random_rules import LEVELS, LONG, random_average, random_rule
from tests.rules.columns.test_history import gather, random_events


@pytest.mark.parametrize("draw", [random_rule, random_average])
@settings(max_examples=100)
@given(seed=st.integers(0, 2**32))
def test_curve_counts_what_each_level_would_have_raised(
    draw: Callable[[Random], dict[str, object]], seed: int
) -> None:
    random = Random(seed)
    question = question_of(parse_definition(draw(random), workspace="DEMO"))
    events = random_events(random, is_wild=random.random() < 0.5)
    history = History(gather(events))
    key = None if random.random() < 0.5 else "A"
    if question is None or question.level is None:
        return
    answer = history.answer(question, key)
    if answer is None:
        return
    levels = sorted({Decimal(one) for one in (*LEVELS, *LONG[:3], 2, 3) if one > 0})

    counts = history.curve(question, answer, levels, (None, None))

    one_by_one = [history.answer(question.at_level(one), key) for one in levels]
    assert counts == [0 if one is None else one.count_begun() for one in one_by_one]


@pytest.mark.parametrize(
    ("values", "with_level", "expected"),
    [
        ((0, 1, 2, 3, 4), 2, ("0", "1", "2", "3", "4")),
        ((100, 200), Decimal("130.5"), ("100", "125", "130.5", "150", "175", "200")),
        ((0.1, 0.3), 1, ("0.00", "0.25", "0.50", "0.75", "1.00")),
        ((5, 5), 5, ("5",)),
        ((), 5, ("5",)),
    ],
    ids=str,
)
def test_levels_are_round_and_have_the_one_asked_for(
    values: tuple[float, ...], with_level: int | Decimal, expected: tuple[str, ...]
) -> None:
    records = np.array(values, dtype=np.float64)

    levels = choose_levels(records, count=5, with_level=with_level)

    assert levels == [Decimal(one) for one in expected]
