"""Checking a rule against what the schemas of its datasets already know."""

from collections.abc import Callable, Iterator

from rules.engine.errors import Problem
from rules.engine.operators import Operator
from rules.engine.paths import FactPath
from rules.engine.specification import (
    Condition,
    Constant,
    Specification,
    conditions_of,
)
from rules.engine.values import FieldType, show, type_of

TypeOfFact = Callable[[FactPath], FieldType | None]

# A date travels as its text, so it can be compared as one, and with nothing else.
_COMPARES_AS = {FieldType.DATE: FieldType.TEXT}


def check_types(specification: Specification, types: TypeOfFact) -> list[Problem]:
    """Find facts that do not exist, and comparisons that could never be known.

    ``types`` gives a fact's type; ``None`` means that there is no such field, ``ANY``
    that nothing is known of it. Pointers are into the canonical definition.
    """
    problems: list[Problem] = []
    for pointer, condition in conditions_of(specification.when):
        problems += _check_condition(condition, pointer, types)
    for place, fact in enumerate(specification.include):
        if types(fact) is None:
            problems.append(_unknown(fact, f"/include/{place}"))
    return problems


def _check_condition(
    condition: Condition, pointer: str, types: TypeOfFact
) -> Iterator[Problem]:
    left = types(condition.fact)
    if left is None:
        yield _unknown(condition.fact, f"{pointer}/fact")
    if isinstance(condition.wanted, Constant):
        right = type_of(condition.wanted.value)
        wanted = show(condition.wanted.value)
    else:
        right = types(condition.wanted)
        wanted = str(condition.wanted)
        if right is None:
            yield _unknown(condition.wanted, f"{pointer}/value")
    if left is None or right is None:
        return
    operator = condition.operator
    if not _compares(operator, left):
        yield _not_for(operator, left, str(condition.fact), f"{pointer}/op")
    elif not _compares(operator, right):
        yield _not_for(operator, right, wanted, f"{pointer}/op")
    elif FieldType.ANY not in (left, right) and _plain(left) is not _plain(right):
        yield Problem(
            pointer=f"{pointer}/value",
            code="type_mismatch",
            detail=f"{condition.fact} is a {left} and {wanted} is a {right}; types"
            " do not convert, so this could never be true.",
        )


def _compares(operator: Operator, field_type: FieldType) -> bool:
    return field_type is FieldType.ANY or _plain(field_type) in operator.types


def _plain(field_type: FieldType) -> FieldType:
    return _COMPARES_AS.get(field_type, field_type)


def _unknown(fact: FactPath, pointer: str) -> Problem:
    return Problem(
        pointer=pointer,
        code="unknown_fact",
        detail=f"There is no {fact}; look for the field's name in its dataset.",
    )


def _not_for(
    operator: Operator, field_type: FieldType, said: str, pointer: str
) -> Problem:
    return Problem(
        pointer=pointer,
        code="operator_not_for_type",
        detail=f'"{operator.label}" cannot be asked of {said}, a {field_type}.',
    )
