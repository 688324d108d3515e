"""Rules that differ in their name and in one number alone, cast in one mould."""

from dataclasses import replace

from rules.engine.definition import read_name
from rules.engine.errors import Problem
from rules.engine.nodes import Condition
from rules.engine.operands import Constant
from rules.engine.operators import Operand
from rules.engine.places import Place
from rules.engine.specification import Specification
from rules.engine.values import is_number

_COMPARING = frozenset({Operand.VALUE, Operand.VALUE_OR_FACT})


def is_mould(specification: Specification) -> bool:
    """Tell whether nothing of a rule but its condition hangs on the number in it.

    So it is where all it asks is how one fact compares with a number.
    """
    when = specification.when
    if specification.recover.when or specification.ladder:
        return False
    if not isinstance(when, Condition) or not isinstance(when.wanted, Constant):
        return False
    return when.operator.operand in _COMPARING and is_number(when.wanted.value)


def cast(mould: Specification, *, name: object, value: object) -> Specification | None:
    """Give a rule that is the mould's but for its name and the number it compares with.

    Both are as an author wrote them; ``None`` if one of them cannot be read.
    """
    problems: list[Problem] = []
    root = Place(None, "", problems)
    read = read_name(root, root.at_value(name))
    number = root.at_value(value).constant(at_most=0)
    when = mould.when
    if problems or not is_number(number) or not isinstance(when, Condition):
        return None
    asked = replace(when, wanted=Constant(number))
    return replace(mould, name=read, when=asked)
