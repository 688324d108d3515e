"""Rules against the schemas of their datasets."""

import pytest

from rules.engine import FieldType, check_types, parse_definition

TYPES = {
    "price": FieldType.NUMBER,
    "open": FieldType.NUMBER,
    "name": FieldType.TEXT,
    "halted": FieldType.BOOLEAN,
    "day": FieldType.DATE,
    "tags": FieldType.ARRAY,
    "quote": FieldType.OBJECT,
    "open_end": FieldType.ANY,
}


def fact(field):
    return f"CORE:STOCK:MSFT:{field}"


def problems(left, op, value, include=()):
    """Check one condition; a value in angle brackets is another fact."""
    if isinstance(value, str) and value.startswith("<"):
        value = {"fact": fact(value.strip("<>"))}
    specification = parse_definition(
        {
            "name": "x",
            "when": {"all": [{"fact": fact(left), "op": op, "value": value}]},
            "include": [fact(field) for field in include],
        },
        workspace="DEMO",
    )
    found = check_types(specification, lambda path: TYPES.get(path.root))
    return [(problem.pointer, problem.code) for problem in found]


def taken(left, take, value=5):
    """Check what is taken of a field over a window."""
    specification = parse_definition(
        {
            "name": "x",
            "when": {
                "fact": fact(left),
                "over": {"take": take, "length": "1h"},
                "op": "gt",
                "value": value,
            },
        },
        workspace="DEMO",
    )
    found = check_types(specification, lambda path: TYPES.get(path.root))
    return [(problem.pointer, problem.code) for problem in found]


def test_numbers_are_taken_of_numbers_and_anything_is_counted():
    assert taken("price", "avg") == taken("name", "count") == []
    assert taken("tags", "distinct") == taken("open_end", "max") == []
    assert taken("name", "avg") == [("/when/over/take", "operator_not_for_type")]
    assert taken("prise", "avg") == [("/when/fact", "unknown_fact")]
    assert taken("name", "count", {"fact": fact("name")}) == [
        ("/when/op", "operator_not_for_type")
    ]


FINE = {
    "number": ("price", "lt", 5),
    "number-against-number": ("price", "lt", "<open>"),
    "text": ("name", "eq", "x"),
    "flag": ("halted", "ne", True),
    "date-as-its-text": ("day", "eq", "2023-01-01"),
    "date-against-text": ("day", "ne", "<name>"),
    "open-type": ("open_end", "lt", 5),
    "against-an-open-type": ("price", "lt", "<open_end>"),
}


@pytest.mark.parametrize(("left", "op", "value"), FINE.values(), ids=FINE.keys())
def test_comparison_that_can_be_known_is_fine(left, op, value):
    assert problems(left, op, value) == []


AT = "/when/all/0"
WRONG = {
    "no-such-field": ("prise", "lt", 5, f"{AT}/fact", "unknown_fact"),
    "no-such-other-field": ("price", "lt", "<opne>", f"{AT}/value", "unknown_fact"),
    "ordering-of-a-text": ("name", "lt", 5, f"{AT}/op", "operator_not_for_type"),
    "ordering-of-a-flag": ("halted", "gte", 1, f"{AT}/op", "operator_not_for_type"),
    "ordering-of-a-date": ("day", "gt", 5, f"{AT}/op", "operator_not_for_type"),
    "ordering-against-a-text": (
        "price",
        "lt",
        "<name>",
        f"{AT}/op",
        "operator_not_for_type",
    ),
    "equality-of-a-list": ("tags", "eq", 5, f"{AT}/op", "operator_not_for_type"),
    "equality-of-an-object": ("quote", "ne", "x", f"{AT}/op", "operator_not_for_type"),
    "number-against-text": ("price", "eq", "5", f"{AT}/value", "type_mismatch"),
    "text-against-number": ("name", "ne", 5, f"{AT}/value", "type_mismatch"),
    "flag-against-number": ("halted", "eq", 1, f"{AT}/value", "type_mismatch"),
    "number-against-date": ("price", "eq", "<day>", f"{AT}/value", "type_mismatch"),
}


@pytest.mark.parametrize(
    ("left", "op", "value", "pointer", "code"), WRONG.values(), ids=WRONG.keys()
)
def test_comparison_that_never_could_be_known_is_a_problem(
    left, op, value, pointer, code
):
    assert problems(left, op, value) == [(pointer, code)]


def test_included_fact_must_exist():
    assert problems("price", "lt", 5, include=["open", "hihg"]) == [
        ("/include/1", "unknown_fact")
    ]
