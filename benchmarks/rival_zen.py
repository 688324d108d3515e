"""GoRules' ZEN, a decision table a key."""

from __future__ import annotations

import json

import zen

from benchmarks.rivals import Match, by_key, conditions_of
from benchmarks.workload import Event, Rules


def build(rules: Rules) -> Match:
    """Make one decision table a key for GoRules' ZEN."""
    engine = zen.ZenEngine()
    decisions = {
        key: engine.create_decision(json.dumps(_table(rules, own)))
        for key, own in by_key(rules).items()
    }

    def match(event: Event) -> list[int]:
        decision = decisions.get(str(event["symbol"]))
        if decision is None:
            return []
        found = decision.evaluate(event)["result"]
        rows = [found] if isinstance(found, dict) else found
        return sorted({int(row["id"]) for row in rows if "id" in row})

    return match


def _table(rules: Rules, own: list[int]) -> dict[str, object]:
    rows = []
    for rule in own:
        conditions = conditions_of(rules, rule)
        together = [conditions] if rules.is_all[rule] else [[one] for one in conditions]
        for number, row in enumerate(together):
            cells = {field: f"{op} {limit}" for field, op, limit in row}
            cells |= {"_id": f"{rule}-{number}", "id": str(rule)}
            rows.append({"price": "", "volume": ""} | cells)
    columns = [
        {"id": name, "name": name, "type": "expression", "field": name}
        for name in ("price", "volume")
    ]
    content = {
        "hitPolicy": "collect",
        "inputs": columns,
        "outputs": [{"id": "id", "name": "id", "type": "expression", "field": "id"}],
        "rules": rows,
    }
    nodes = [("inputNode", {}), ("decisionTableNode", content), ("outputNode", {})]
    return {
        "nodes": [
            {"id": kind, "name": kind, "type": kind, "position": {"x": 0, "y": 0}}
            | ({"content": inside} if inside else {})
            for kind, inside in nodes
        ],
        "edges": [
            {"id": "1", "sourceId": "inputNode", "targetId": "decisionTableNode"},
            {"id": "2", "sourceId": "decisionTableNode", "targetId": "outputNode"},
        ],
    }
