"""What the trial sends: numbered events of twenty symbols, and rules over them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

DATASET = "TICKS"
SYMBOLS = 20
#: Event times lie in the past and near each other, so that a pause makes some late.
_BEGIN = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
_APART = timedelta(seconds=3)

SCHEMA = {
    "type": "object",
    "properties": {
        "symbol": {"type": "string"},
        "at": {"type": "string", "format": "date-time"},
        "n": {"type": "integer"},
        "price": {"type": ["number", "null"]},
        "open": {"type": "number"},
        "halted": {"type": "boolean"},
    },
}

#: Signals and states, one key and any key, constants and facts, late and in time.
RULES = (
    {
        "kind": "signal",
        "name": "Price is high",
        "when": {"fact": "DEMO:TICKS:*:price", "op": "gt", "value": 115},
        "outputs": [
            {"output": "mail", "at_most_every": "2h"},
            {"output": "hook", "at_most_every": "1h"},
        ],
    },
    {
        "kind": "state",
        "name": "Price is under the open",
        "when": {
            "fact": "DEMO:TICKS:*:price",
            "op": "lt",
            "value": {"fact": "DEMO:TICKS:*:open"},
        },
        "outputs": [{"output": "mail", "at_most_every": "6h"}],
    },
    {
        "kind": "signal",
        "name": "S1 trades again",
        "when": {
            "all": [
                {"fact": "DEMO:TICKS:S1:halted", "op": "eq", "value": False},
                {"fact": "DEMO:TICKS:S1:price", "op": "gte", "value": 100},
            ]
        },
        "raise": {"mode": "on_enter"},
    },
)
#: Made while the load runs, so it comes into effect in the middle of the lane.
LATER_RULE = {
    "kind": "state",
    "name": "Price is low or unknown",
    "when": {
        "not": {"fact": "DEMO:TICKS:*:price", "op": "gte", "value": 90},
    },
}


def event(number: int) -> dict[str, object]:
    """Return the event of a number, the same every time."""
    chance = random.Random(number)
    fields: dict[str, object] = {
        "symbol": f"S{chance.randrange(SYMBOLS)}",
        "at": (_BEGIN + number * _APART).isoformat(),
        "n": number,
        "price": Decimal(chance.randrange(8_000, 12_500)) / 100,
        "open": Decimal(chance.randrange(9_500, 10_500)) / 100,
        "halted": chance.random() < 0.3,
    }
    # What an event does not carry is read at its last value; null is unknown.
    if chance.random() < 0.2:
        del fields[chance.choice(["open", "halted", "price"])]
    if chance.random() < 0.05:
        fields["price"] = None
    return fields
