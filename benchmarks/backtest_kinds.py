"""Rules that ask about more than the newest value, each at three levels."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from rules.columns.history import Records
from rules.engine import Specification, parse_definition

SERIES, OTHER_SERIES = "CORE:STOCK", "CORE:INDEX"
#: Name -> what is asked beside the level, the name of that, three levels, and the rest.
KINDS: dict[str, tuple[dict[str, Any], str, tuple[Any, ...], dict[str, Any]]] = {
    "average over 1 h": (
        {"op": "gte", "over": {"take": "avg", "length": "1h"}},
        "value",
        (200, 300, 400),
        {},
    ),
    "state, average over 1 h": (
        {"op": "gte", "over": {"take": "avg", "length": "1h"}},
        "value",
        (200, 300, 400),
        {"kind": "state"},
    ),
    "highest over 1 h": (
        {"op": "gte", "over": {"take": "max", "length": "1h"}},
        "value",
        (200, 300, 400),
        {},
    ),
    "sum over 1 h": (
        {"op": "gte", "over": {"take": "sum", "length": "1h"}},
        "value",
        (100_000, 180_000, 240_000),
        {},
    ),
    "count over 1 h": (
        {"op": "gte", "over": {"take": "count", "length": "1h"}},
        "value",
        (590, 620, 640),
        {},
    ),
    "deviation over 1 h": (
        {"op": "gte", "over": {"take": "stddev", "length": "1h"}},
        "value",
        (1, 2, 4),
        {},
    ),
    "average of the last 20": (
        {"op": "gte", "over": {"take": "avg", "last": 20}},
        "value",
        (200, 300, 400),
        {},
    ),
    "distinct over 1 h": (
        {"op": "gte", "over": {"take": "distinct", "length": "1h"}},
        "value",
        (340, 400, 460),
        {},
    ),
    "unusual among the last 50": (
        {"op": "anomaly", "over": {"last": 50}},
        "value",
        (3.5, 4.5, 6),
        {},
    ),
    "rise within 1 h": ({"op": "rise", "within": "1h"}, "by", ("1%", "2%", "4%"), {}),
    "3 times within 10 min": (
        {"op": "gte", "times": {"at_least": 3, "within": "10m"}},
        "value",
        (200, 300, 400),
        {},
    ),
    "3 of the last 5": (
        {"op": "gte", "of_last": {"at_least": 3, "of": 5}},
        "value",
        (200, 300, 400),
        {},
    ),
    "one after the other within 10 min": (
        {"sequence": [{"op": "gte"}, {"op": "lt"}], "within": "10m"},
        "value",
        (200, 300, 400),
        {},
    ),
    "against another fact": (
        {"op": "gte"},
        "value",
        tuple(
            {"fact": f"{SERIES}:*:y", "times": Decimal(one)}
            for one in ("1.001", "1.002", "1.004")
        ),
        {},
    ),
    "against a fact of another key": (
        {"op": "gte"},
        "value",
        tuple({"fact": f"{SERIES}:{key}:x"} for key in ("K0400", "K0500", "K0600")),
        {},
    ),
    "state, silent": (
        {"op": "silent"},
        "value",
        ("8s", "9s", "10s"),
        {"kind": "state"},
    ),
    "state, resolved after 10 s without data": (
        {"op": "gte"},
        "value",
        (200, 300, 400),
        {"kind": "state", "no_data": {"after": "10s", "then": "resolve"}},
    ),
    "beside what is present": (
        {"all": [{"op": "gte"}, {"op": "is_present"}]},
        "value",
        (200, 300, 400),
        {},
    ),
    "beside a text": (
        {
            "all": [
                {"op": "gte"},
                {"fact": f"{SERIES}:*:w", "op": "in", "value": ["up", "flat"]},
            ]
        },
        "value",
        (200, 300, 400),
        {},
    ),
    "new high within 1 h": ({"op": "new_high"}, "within", ("1h", "1h", "1h"), {}),
}


_X = {"fact": f"{SERIES}:*:x"}
_HIGH = {**_X, "op": "gte", "value": 300}
#: Name -> the definition of a rule of which the engine sees the events that may matter.
WOVEN: dict[str, dict[str, Any]] = {
    "held for 1 min within a condition": {"when": {**_HIGH, "held": "1m"}},
    "state, held for 1 min within a condition": {
        "kind": "state",
        "when": {**_HIGH, "held": "1m"},
    },
    "state, 3 times within 10 min": {
        "kind": "state",
        "when": {**_HIGH, "times": {"at_least": 3, "within": "10m"}},
        "recover": {"hold": "1m"},
    },
    "state, reminders each 10 min": {
        "kind": "state",
        "when": _HIGH,
        "raise": {"remind_every": "10m"},
    },
    "state, reminded once it has moved by 1 %": {
        "kind": "state",
        "when": _HIGH,
        "raise": {"again_if_moved": "1%"},
    },
    "state, a ladder of severities": {
        "kind": "state",
        "when": _HIGH,
        "ladder": [{"when": {**_HIGH, "value": 400}, "is": "critical"}],
    },
    "state, told of where no data come": {
        "kind": "state",
        "when": _HIGH,
        "no_data": {"after": "10m", "then": "alert"},
    },
    "state held, in active hours": {
        "kind": "state",
        "when": _HIGH,
        "hold": "1m",
        "active": {"hours": "19:00-20:00", "zone": "America/New_York"},
    },
    "state held, against a named key": {
        "kind": "state",
        "when": {**_X, "op": "gte", "value": {"fact": f"{SERIES}:K0500:x"}},
        "hold": "1m",
        "recover": {"hold": "1m"},
    },
    "state with reminders while a named key is high": {
        "kind": "state",
        "when": {"all": [_HIGH, {**_HIGH, "fact": f"{SERIES}:K0510:x", "value": 305}]},
        "raise": {"remind_every": "10m"},
        "no_data": {"after": "10m", "then": "alert"},
    },
    "state held, of two named keys": {
        "kind": "state",
        "when": {
            "fact": f"{SERIES}:K0660:x",
            "op": "gte",
            "value": {"fact": f"{SERIES}:K0670:x"},
        },
        "hold": "1m",
        "recover": {"hold": "1m"},
    },
}
WOVEN["state held, of two datasets"] = {
    "kind": "state",
    "when": {
        **_X,
        "op": "gte",
        "value": {"fact": f"{OTHER_SERIES}:*:x", "times": Decimal("1.003")},
    },
    "hold": "5s",
    "recover": {"hold": "5s"},
}
_HOURLY = {**_HIGH, "over": {"take": "avg", "length": "1h"}}
WOVEN |= {
    "state, average over 1 h, reminders each 10 min": {
        "kind": "state",
        "when": _HOURLY,
        "raise": {"remind_every": "10m"},
    },
    "state, average over 1 h, held for 1 min": {
        "kind": "state",
        "when": _HOURLY,
        "hold": "1m",
        "recover": {"hold": "1m"},
    },
    "state, average over 10 min, a ladder": {
        "kind": "state",
        "when": {**_HIGH, "over": {"take": "avg", "length": "10m"}},
        "ladder": [{"when": {**_HOURLY, "value": 400}, "is": "critical"}],
    },
    "state, rise within 10 min, reminded once it has moved by 1 %": {
        "kind": "state",
        "when": {**_X, "op": "rise", "by": "1%", "within": "10m"},
        "raise": {"again_if_moved": "1%"},
    },
    "state, unusual among the last 50, reminders each 10 min": {
        "kind": "state",
        "when": {**_X, "op": "anomaly", "value": 3.5, "over": {"last": 50}},
        "raise": {"remind_every": "10m"},
    },
    "state, average of the last 20, told of where no data come": {
        "kind": "state",
        "when": {**_HIGH, "over": {"take": "avg", "last": 20}},
        "no_data": {"after": "10m", "then": "alert"},
    },
}
#: Name -> the definition of a rule that is the engine's alone.
ALONE: dict[str, dict[str, Any]] = {
    "tumbling average over 10 min": {
        "when": {
            **_HIGH,
            "over": {"take": "avg", "length": "10m", "window": "tumbling"},
        }
    },
}


def alone(name: str) -> Specification:
    """Write a rule that the engine judges, of all events or of those that matter."""
    outputs = [{"output": "mail", "at_most_every": "60s"}]
    rule = (WOVEN | ALONE)[name]
    definition = {"kind": "signal", "name": name, "outputs": outputs, **rule}
    return parse_definition(definition, workspace="DEMO")


def kind(name: str, level: int) -> Specification:
    """Write a rule of a kind at one of its levels."""
    asked, member, levels, rest = KINDS[name]
    fact = {"fact": f"{SERIES}:*:x"}
    when = {**fact, **asked, member: levels[level]}
    for joined in asked.keys() & {"sequence", "all"}:
        steps = [{**fact, **step} for step in asked[joined]]
        for step in steps:
            if step["op"] != "is_present":
                step.setdefault(member, levels[level])
        when = {**asked, joined: steps}
    definition = {
        "kind": "signal",
        "name": name,
        "when": when,
        "outputs": [{"output": "mail", "at_most_every": "60s"}],
        **rest,
    }
    return parse_definition(definition, workspace="DEMO")


def fall_under_some_keys(records: Records, by: int) -> Records:
    """Let one event of one key in a hundred come late, by so many microseconds."""
    at = records.at.copy()
    middles = (records.starts[:-1] + records.starts[1:]) // 2
    at[middles[::100]] -= by
    return replace(records, at=at)
