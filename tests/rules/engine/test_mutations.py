"""The tables of cases hold the operators: whatever is exchanged there, one case breaks.

Each operator is given another's answer, the opposite of its own, and answers that never
mind the values. For each of these some named case must notice.
"""

from dataclasses import replace
from typing import Any

import pytest

from rules.engine import OPERATORS
from tests.rules.engine.moving import MOVING, F, T, U
from tests.rules.engine.test_operators import STATIC, asked, example_of
from tests.rules.engine.test_truth import COMPARED_WITH_A_VALUE, MISSING

SPOKEN = {True: T, False: F, None: U}
# Asked of one event that lacks the fact, or of time alone; named cases of their own
# hold these two (test_operators.py).
ELSEWHERE = {"is_absent", "silent"}
# The only ones that answer of a null.
PRESENCE = {"is_missing", "is_present", *ELSEWHERE}


def cases():
    """Give every case as a condition, the values in turn, and the answers."""
    for condition, value, answer in STATIC.values():
        yield condition, [value], [answer]
    yield from MOVING.values()
    for found, name, wanted, truth in COMPARED_WITH_A_VALUE.values():
        if found is not MISSING:
            yield {"op": name, "value": wanted}, [found], [SPOKEN[truth]]
    for operator in OPERATORS.values():
        if operator.id not in PRESENCE:
            yield example_of(operator), [None], [U]


CASES: dict[str, list[Any]] = {}  # Any: cases are data, read by what they name
for case in cases():
    CASES.setdefault(case[0]["op"], []).append(case)


def mutants(operator):
    """Give wrong answers for an operator, each with a name."""
    own = operator.judge
    for other in OPERATORS.values():
        if other.operand is operator.operand and other.id != operator.id:
            yield f"as {other.id}", other.judge
    yield "opposite", lambda sides: {True: False, False: True, None: None}[own(sides)]
    if operator.id not in PRESENCE:
        yield "unknown is false", lambda sides: own(sides) or False
        yield "unknown is true", lambda sides: own(sides) is not False
    yield "false is unknown", lambda sides: own(sides) or None
    yield "true is unknown", lambda sides: None if own(sides) else own(sides)


def noticed(name):
    """Tell whether some case of an operator finds another answer than it names."""
    return any(
        asked(condition, *values) != answers
        for condition, values, answers in CASES.get(name, [])
    )


@pytest.mark.parametrize("name", sorted(OPERATORS.keys() - ELSEWHERE))
def test_exchanged_operator_breaks_a_case(name, monkeypatch):
    operator = OPERATORS[name]
    assert not noticed(name)

    survivors = []
    for change, answer in mutants(operator):
        with monkeypatch.context() as patched:
            patched.setitem(OPERATORS, name, replace(operator, judge=answer))
            if not noticed(name):
                survivors.append(change)

    assert survivors == []
