"""Conditions of the kinds that columns answer for, to be asked of any fact."""

from decimal import Decimal
from typing import Any

CONDITIONS: tuple[dict[str, Any], ...] = (
    {"op": "gte", "value": Decimal("310.00")},
    {"op": "lt", "value": 310},
    {"op": "outside", "value": [309, 311]},
    {"op": "cross_up", "value": 310},
    {"op": "cross", "value": Decimal("310.5")},
    {"op": "fall", "by": 1},
    {"op": "change", "by": "0.5%"},
    {"op": "gt", "value": 310, "over": {"take": "avg", "last": 3}},
    {"op": "lte", "value": 309, "over": {"take": "min", "length": "10m"}},
    {"op": "rise", "by": 2, "within": "10m"},
    {"op": "new_high", "within": "10m"},
    {"op": "gt", "value": 309, "times": {"at_least": 2, "within": "10m"}},
    {"op": "gt", "value": 309, "of_last": {"at_least": 2, "of": 4}},
    {
        "sequence": [{"op": "gt", "value": 310}, {"op": "lt", "value": 310}],
        "within": "10m",
        "without": {"op": "eq", "value": 312},
    },
)


def about(fact: str, condition: dict[str, Any]) -> dict[str, Any]:
    """Ask it of a fact, or each of its steps."""
    if "sequence" not in condition:
        return {"fact": fact, **condition}
    steps = [{"fact": fact, **step} for step in condition["sequence"]]
    without = {"fact": fact, **condition["without"]}
    return {**condition, "sequence": steps, "without": without}
