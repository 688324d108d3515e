"""The JSON Schema of native definitions, made from the tables that read them.

What it admits may still be refused: facts must exist, a recovery must not lie on the
wrong side, a pattern must compile. What it refuses, is refused.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from rules.engine.conditions import MAX_FACT_LENGTH, MAX_STEPS
from rules.engine.definition import (
    MAX_INCLUDED,
    MAX_MESSAGE_LENGTH,
    MAX_NAME_LENGTH,
    MAX_OUTPUTS,
    MAX_SLUG_LENGTH,
    MAX_SUBJECT_LENGTH,
)
from rules.engine.modifiers import MAX_TIMES
from rules.engine.operand_reading import (
    MAX_CONSTANTS,
    MAX_COUNT,
    MAX_PATTERN_LENGTH,
    MAX_SCORES,
)
from rules.engine.operands import Direction
from rules.engine.operators import (
    OPERATORS,
    WEEKDAYS,
    Operand,
    Operator,
    Option,
    Since,
)
from rules.engine.specification import Mode, OnSilence, RuleKind, Severity
from rules.engine.terms import MAX_HOLIDAYS
from rules.engine.windows import LEAST_BASELINE, MAX_MEMBERS, Shape, Take

Schema = Mapping[str, object]

_SCALAR: Schema = {"type": ["number", "string", "boolean"]}
_DURATION: Schema = {
    "description": "A length of time: 60s, 5m, 1h, 2d, or a number of seconds.",
    "anyOf": [
        {"type": "string", "pattern": r"^\s*\d{1,12}(\.\d{1,6})?\s*[smhd]\s*$"},
        {"type": "number", "minimum": 0},
    ],
}
_AMOUNT: Schema = {
    "description": 'How far a number moves: 5, or a share of where it was, "5%".',
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": r"%\s*$"},
    ],
}
_CLOCK: Schema = {"type": "string", "pattern": r"^\d\d:\d\d$"}
_DAY: Schema = {"enum": list(WEEKDAYS)}


def definition_schema() -> dict[str, object]:
    """Give the schema, of draft 2020-12."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A rule of Bellwether",
        **_object(_MEMBERS, required=("name", "when")),
        "$defs": {
            "fact": _FACT,
            "duration": _DURATION,
            "amount": _AMOUNT,
            "over": {"anyOf": [_OVER_TIME, _OVER_LAST]},
            "baseline": {"anyOf": [_BASELINE_TIME, _BASELINE_LAST]},
            "node": {"anyOf": [*_groups(), *map(_condition, OPERATORS.values())]},
        },
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _object(properties: Schema, *, required: Sequence[str] = ()) -> dict[str, object]:
    written: dict[str, object] = {
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
    }
    return {**written, "required": list(required)} if required else written


def _words(choices: type[StrEnum]) -> Schema:
    return {"enum": [str(choice) for choice in choices]}


def _text(at_most: int) -> Schema:
    return {"type": "string", "maxLength": at_most}


def _list(items: Schema, **limits: int) -> Schema:
    return {"type": "array", "items": items, **limits}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def _groups() -> list[Schema]:
    members = _list(_ref("node"), minItems=1)
    return [
        _object({"all": members, **_MODIFIERS}, required=("all",)),
        _object({"any": members, **_MODIFIERS}, required=("any",)),
        _object({"not": _ref("node"), **_MODIFIERS}, required=("not",)),
        {
            "description": "One after the other, each at an event later than the one"
            " before, within a span; optionally with something at none between them.",
            **_object(
                {
                    "sequence": _list(_ref("node"), minItems=2, maxItems=MAX_STEPS),
                    "within": _ref("duration"),
                    "without": _ref("node"),
                    **_MODIFIERS,
                },
                required=("sequence", "within"),
            ),
        },
    ]


def _condition(operator: Operator) -> Schema:
    """Describe the conditions that an operator makes."""
    properties: dict[str, object] = {
        "fact": _ref("fact"),
        "op": {"enum": [operator.id, *operator.aliases]},
        **{str(option): _OPTIONS[option] for option in sorted(operator.options)},
        **_MODIFIERS,
    }
    if operator.measures:
        properties["over"] = _ref("over")
    if operator.reaches:
        properties["within"] = _WITHIN
    required = ["fact", "op", *(["within"] if operator.extends else [])]
    if operator.deviates:
        properties["over"] = _ref("baseline")
        required.append("over")
    operand = _OPERANDS[operator.operand]
    if operand is not None:
        name = "by" if operator.operand is Operand.AMOUNT else "value"
        properties[name] = operand
        required.append(name)
    words = f"{operator.label}, of {', '.join(sorted(operator.types))}"
    return {"description": words, **_object(properties, required=required)}


_FACT: Schema = {
    "description": "The number of a fact in watch.facts, or WORKSPACE:DATASET:KEY:FIELD"
    " with * for any key.",
    "anyOf": [
        {"type": "integer", "minimum": 0},
        {**_text(MAX_FACT_LENGTH), "pattern": "^[^:]+:[^:]+:.+:.+$"},
    ],
}
_OTHER_FACT = _object(
    {"fact": _ref("fact"), "times": {"type": "number"}, "plus": {"type": "number"}},
    required=("fact",),
)
_VALUE_OR_FACT: Schema = {"anyOf": [_SCALAR, _OTHER_FACT]}
_OPTIONS: Mapping[Option, Schema] = {
    Option.IGNORE_CASE: {"type": "boolean"},
    Option.SINCE: {
        "description": "Measures the move against the value at the rule's last alert of"
        " the key, at first against the first value that the rule saw.",
        **_words(Since),
    },
    Option.DIRECTION: {
        "description": "On which side a value counts as unusual; either, unless said.",
        **_words(Direction),
    },
    Option.BY: {
        "description": "How far from the median a value must lie as well, whatever its"
        ' score: 5, or a share of the median, "5%".',
        **_ref("amount"),
    },
    Option.ZONE: {"description": "A time zone, as America/New_York.", **_text(64)},
}
_OPERANDS: Mapping[Operand, Schema | None] = {
    Operand.NOTHING: None,
    Operand.VALUE: _SCALAR,
    Operand.VALUE_OR_FACT: _VALUE_OR_FACT,
    Operand.RANGE: _list({"type": ["number", "string"]}, minItems=2, maxItems=2),
    Operand.VALUES: _list(_SCALAR, minItems=1, maxItems=MAX_CONSTANTS),
    Operand.PATTERN: _text(MAX_PATTERN_LENGTH),
    Operand.AMOUNT: _ref("amount"),
    Operand.SPAN: _ref("duration"),
    Operand.COUNT: {"type": "integer", "minimum": 1, "maximum": MAX_COUNT},
    Operand.NAME: {"type": "string"},
    Operand.TIME: _VALUE_OR_FACT,
    Operand.DAYS: {**_list(_DAY, minItems=1), "uniqueItems": True},
    Operand.HOURS: _list(_CLOCK, minItems=2, maxItems=2),
    Operand.SCORES: {
        "description": "How many robust deviations from the median are unusual: 3.5.",
        "type": "number",
        "exclusiveMinimum": 0,
        "maximum": MAX_SCORES,
    },
}
_TIMES_COUNT: Schema = {"type": "integer", "minimum": 1, "maximum": MAX_TIMES}
_MODIFIERS: Schema = {
    "held": {
        "description": "For how long it must have been true without interruption.",
        **_ref("duration"),
    },
    "times": {
        "description": "At how many events within a span it must have been true; every"
        " event that finds it true counts.",
        **_object(
            {"at_least": _TIMES_COUNT, "within": _ref("duration")},
            required=("at_least", "within"),
        ),
    },
    "of_last": {
        "description": "At how many of the key's last events it must have been true.",
        **_object(
            {"at_least": _TIMES_COUNT, "of": _TIMES_COUNT}, required=("at_least", "of")
        ),
    },
}
"""What a condition or a group may ask over time; one of them, in groups more."""
_WITHIN: Schema = {
    "description": "How far back the extremes lie with which the value is compared.",
    **_ref("duration"),
}
_OVER_TIME = {
    "description": "What is taken of the values in a window, in place of the newest.",
    **_object(
        {
            "take": _words(Take),
            "window": _words(Shape),
            "length": _ref("duration"),
            "zone": {
                "description": "Where tumbling windows of whole days begin at midnight;"
                " the dataset's zone, unless said.",
                **_text(64),
            },
        },
        required=("take", "length"),
    ),
}
_OVER_LAST = {
    "description": "What is taken of the last so many values of the key.",
    **_object(
        {
            "take": _words(Take),
            "last": {"type": "integer", "minimum": 1, "maximum": MAX_MEMBERS},
        },
        required=("take", "last"),
    ),
}
_AT_LEAST: Schema = {
    "description": "How many values must have come before one may be called unusual.",
    "type": "integer",
    "minimum": LEAST_BASELINE,
    "maximum": MAX_MEMBERS,
}
_BASELINE_TIME = {
    "description": "The values before the one that is asked about, of a stretch.",
    **_object(
        {"length": _ref("duration"), "at_least": _AT_LEAST}, required=("length",)
    ),
}
_BASELINE_LAST = {
    "description": "The last so many values before the one that is asked about.",
    **_object(
        {
            "last": {**_AT_LEAST, "description": "How many values."},
            "at_least": _AT_LEAST,
        },
        required=("last",),
    ),
}
_RECOVER = _object({"when": _ref("node"), "hold": _ref("duration")})
_NO_DATA = _object(
    {"after": _ref("duration"), "then": _words(OnSilence)}, required=("after",)
)
_ACTIVE = _object(
    {
        "hours": {"type": "string", "pattern": r"^\s*\d\d:\d\d\s*-\s*\d\d:\d\d\s*$"},
        "days": {"anyOf": [{"type": "string"}, _list({"type": "string"})]},
        "zone": _OPTIONS[Option.ZONE],
        "holidays": _list({"type": "string", "format": "date"}, maxItems=MAX_HOLIDAYS),
    }
)
_OUTPUT = _object(
    {
        "output": {"description": "The output's slug.", **_text(MAX_SLUG_LENGTH)},
        "subject": _text(MAX_SUBJECT_LENGTH),
        "message": _text(MAX_MESSAGE_LENGTH),
        "at_most_every": _ref("duration"),
    },
    required=("output",),
)
_MEMBERS: Schema = {
    "kind": _words(RuleKind),
    "name": {**_text(MAX_NAME_LENGTH), "minLength": 1},
    "watch": _object({"facts": _list(_text(MAX_FACT_LENGTH))}),
    "when": _ref("node"),
    "hold": _or_null(_ref("duration")),
    "recover": _or_null(_RECOVER),
    "no_data": _or_null(_NO_DATA),
    "active": _or_null(_ACTIVE),
    "expires_at": _or_null({"type": "string"}),
    "raise": _object(
        {
            "mode": _words(Mode),
            "resolved": {"type": "boolean"},
            "again_if_moved": _ref("amount"),
            "remind_every": _or_null(_ref("duration")),
            "only_new": {
                "description": "Hold back what is true already when the rule begins,"
                " until it was false once.",
                "type": "boolean",
            },
        }
    ),
    "severity": _words(Severity),
    "ladder": {
        "description": "How bad an alert is while something is so: the highest step"
        " that is true counts, and severity where none is.",
        **_or_null(
            _list(
                _object(
                    {"when": _ref("node"), "is": _words(Severity)},
                    required=("when", "is"),
                )
            )
        ),
    },
    "include": _list(_text(MAX_FACT_LENGTH), maxItems=MAX_INCLUDED),
    "outputs": _list(_OUTPUT, maxItems=MAX_OUTPUTS),
}
