"""What it means: rules, their versions, and one instance per rule and key."""

from rules.models.backtest import BacktestRun, BacktestState
from rules.models.instance import Instance, InstanceState
from rules.models.lane_rule import LaneRule
from rules.models.reading import (
    FIELD_LENGTH,
    KEY_LENGTH,
    Forward,
    ForwardQuerySet,
    Operator,
    Place,
    Predicate,
)
from rules.models.rule import (
    Health,
    Kind,
    Rule,
    RuleQuerySet,
    Version,
    counts_with,
)
from rules.models.tally import Tally

__all__ = [
    "FIELD_LENGTH",
    "KEY_LENGTH",
    "BacktestRun",
    "BacktestState",
    "Forward",
    "ForwardQuerySet",
    "Health",
    "Instance",
    "InstanceState",
    "Kind",
    "LaneRule",
    "Operator",
    "Place",
    "Predicate",
    "Rule",
    "RuleQuerySet",
    "Tally",
    "Version",
    "counts_with",
]
