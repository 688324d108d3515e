"""business-rules, a list of rules a key."""

from __future__ import annotations

from business_rules import run_all
from business_rules.actions import BaseActions, rule_action
from business_rules.fields import FIELD_NUMERIC
from business_rules.variables import BaseVariables, numeric_rule_variable

from benchmarks.rivals import Match, by_key, conditions_of
from benchmarks.workload import Event, Rules

_LONG = {"<=": "less_than_or_equal_to", ">=": "greater_than_or_equal_to"}


def build(rules: Rules) -> Match:
    """Make one list of rules a key for business-rules."""
    found: list[int] = []

    class Variables(BaseVariables):  # type: ignore[misc]  # no types
        def __init__(self, event: Event) -> None:
            self.event = event

        @numeric_rule_variable  # type: ignore[untyped-decorator]
        def price(self) -> object:
            return self.event["price"]

        @numeric_rule_variable  # type: ignore[untyped-decorator]
        def volume(self) -> object:
            return self.event["volume"]

    class Actions(BaseActions):  # type: ignore[misc]
        @rule_action(params={"id": FIELD_NUMERIC})  # type: ignore[untyped-decorator]
        def fire(self, id: int) -> None:  # noqa: A002 - the rival's own keyword
            found.append(int(id))

    lists = {
        key: [
            {
                "conditions": {
                    "all" if rules.is_all[rule] else "any": [
                        {"name": field, "operator": _LONG[op], "value": limit}
                        for field, op, limit in conditions_of(rules, rule)
                    ]
                },
                "actions": [{"name": "fire", "params": {"id": rule}}],
            }
            for rule in own
        ]
        for key, own in by_key(rules).items()
    }

    def match(event: Event) -> list[int]:
        found.clear()
        run_all(
            rule_list=lists.get(str(event["symbol"]), []),
            defined_variables=Variables(event),
            defined_actions=Actions(),
        )
        return sorted(found)

    return match
