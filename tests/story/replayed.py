"""Rules whose lane is judged again from its log, and the keys that they watch."""

from typing import Any

KEYS = ["A", "B", "MSFT"]
ANY_KEY: dict[str, Any] = {"facts": ["DEMO:TICKS:*:price"]}
DEFINITIONS: list[dict[str, Any]] = [
    {"watch": ANY_KEY},
    {"watch": ANY_KEY, "when": {"fact": 0, "op": "cross", "value": 310}},
    {"watch": ANY_KEY, "when": {"fact": 0, "op": "fall", "by": "1%"}},
    {"watch": ANY_KEY, "kind": "state"},
    {"watch": ANY_KEY, "kind": "state", "hold": "20s"},
    {
        "watch": ANY_KEY,
        "when": {
            "fact": 0,
            "op": "anomaly",
            "over": {"last": 9, "at_least": 3},
            "value": 1,
        },
    },
    {
        "watch": ANY_KEY,
        "kind": "state",
        "when": {
            "fact": 0,
            "over": {"take": "avg", "window": "tumbling", "length": "30s"},
            "op": "lte",
            "value": 309,
        },
    },
    {
        "watch": {"facts": ["DEMO:TICKS:MSFT:price"]},
        "kind": "state",
        "recover": {"when": {"fact": 0, "op": "gt", "value": 315}, "hold": "10s"},
    },
    {"watch": ANY_KEY, "kind": "state", "no_data": {"after": "45s", "then": "alert"}},
]
