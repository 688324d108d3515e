"""Checking a rule against what the schemas of its datasets already know."""

from collections.abc import Callable, Iterator

from rules.engine.errors import Problem
from rules.engine.nodes import Condition
from rules.engine.operands import Constant, Constants, OtherFact, Wanted
from rules.engine.operators import Operand, Operator
from rules.engine.paths import FactPath
from rules.engine.specification import Specification
from rules.engine.values import FieldType, Scalar, show, type_of
from rules.engine.windows import COUNTING, Window

TypeOfFact = Callable[[FactPath], FieldType | None]

# A date travels as its text, so it can be compared as one, and with nothing else.
_COMPARES_AS = {FieldType.DATE: FieldType.TEXT}
_HOLDERS = frozenset({FieldType.ARRAY, FieldType.OBJECT})
# Their constants are not of the fact's type: an instant, a day, a count, a name.
_OWN_TYPES = frozenset({Operand.TIME, Operand.DAYS, Operand.COUNT, Operand.NAME})


def check_types(specification: Specification, types: TypeOfFact) -> list[Problem]:
    """Find facts that do not exist, and comparisons that could never be known.

    ``types`` gives a fact's type; ``None`` means that there is no such field, ``ANY``
    that nothing is known of it. Pointers are into the canonical definition.
    """
    problems: list[Problem] = []
    for pointer, condition in specification.conditions():
        problems += _check_condition(condition, pointer, types)
    for place, fact in enumerate(specification.include):
        if types(fact) is None:
            problems.append(_unknown(fact, f"/include/{place}"))
    return problems


def _check_condition(
    condition: Condition, pointer: str, types: TypeOfFact
) -> Iterator[Problem]:
    wanted, left = condition.wanted, types(condition.fact)
    unfit = _check_left(condition, left, pointer)
    if unfit is not None:
        yield unfit
    if left is not None and unfit is not None:
        return
    if condition.window is not None:
        left = FieldType.NUMBER
    if isinstance(wanted, OtherFact):
        yield from _check_other(condition, wanted, left, pointer, types)
    elif left is not None:
        for value in _values_of(wanted):
            if not _go_together(condition.operator, left, type_of(value)):
                yield _mismatch(condition, left, show(value), type_of(value), pointer)
                return


def _check_left(
    condition: Condition, left: FieldType | None, pointer: str
) -> Problem | None:
    """Tell what of the left side cannot be: the fact, its window, or what is asked."""
    if left is None:
        return _unknown(condition.fact, f"{pointer}/fact")
    if condition.window is not None and condition.operator.measures:
        if _can_be_taken(condition.window, left):
            return None
        return _not_taken(condition.window, left, condition.fact, pointer)
    if _compares(condition.operator, left):
        return None
    return _not_for(condition.operator, left, str(condition.fact), f"{pointer}/op")


def _check_other(
    condition: Condition,
    wanted: OtherFact,
    left: FieldType | None,
    pointer: str,
    types: TypeOfFact,
) -> Iterator[Problem]:
    right = types(wanted.fact)
    if right is None:
        yield _unknown(wanted.fact, f"{pointer}/value")
    elif not _compares(condition.operator, right):
        yield _not_for(condition.operator, right, str(wanted.fact), f"{pointer}/op")
    elif left is not None and not _go_together(condition.operator, left, right):
        yield _mismatch(condition, left, str(wanted.fact), right, pointer)


def _values_of(wanted: Wanted) -> tuple[Scalar, ...]:
    """Give the constants that the left side is compared with, value by value."""
    if isinstance(wanted, Constant):
        return (wanted.value,)
    return wanted.values if isinstance(wanted, Constants) else ()


def _go_together(operator: Operator, left: FieldType, right: FieldType | None) -> bool:
    """Tell whether two types can be compared; a list holds items of any type."""
    if right is None or FieldType.ANY in (left, right) or left in _HOLDERS:
        return True
    if operator.operand in _OWN_TYPES:
        return True
    return _plain(left) is _plain(right)


def _mismatch(
    condition: Condition,
    left: FieldType,
    wanted: str,
    right: FieldType | None,
    pointer: str,
) -> Problem:
    return Problem(
        pointer=f"{pointer}/value",
        code="type_mismatch",
        detail=f"{condition.fact} is a {left} and {wanted} is a {right}; types"
        " do not convert, so this could never be true.",
    )


def _compares(operator: Operator, field_type: FieldType) -> bool:
    if field_type is FieldType.ANY or field_type in operator.types:
        return True
    return _plain(field_type) in operator.types


def _can_be_taken(window: Window, field_type: FieldType) -> bool:
    if window.take in COUNTING:
        return True
    return field_type in (FieldType.NUMBER, FieldType.ANY)


def _not_taken(
    window: Window, field_type: FieldType, fact: FactPath, pointer: str
) -> Problem:
    return Problem(
        pointer=f"{pointer}/over/take",
        code="operator_not_for_type",
        detail=f'"{window.take}" is taken of numbers, and {fact} is a {field_type};'
        ' take "count" or "distinct" of it.',
    )


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
