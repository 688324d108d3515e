"""What else finds the rules that an event concerns, on the same workload.

SQLite answers what the index answers of single prices: the rules that an event turned
true, by one range query over a covering index. Rule engines say which rules are true;
each is given a dictionary by key, made by hand, which it does not have itself.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from benchmarks.workload import Event, Rules, name_of

Match = Callable[[Event], list[int]]


def build_sqlite(rules: Rules) -> Match:
    """Keep the price of every rule in an SQLite database in memory."""
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE rule (id INT, key TEXT, down INT, price REAL)")
    database.executemany(
        "INSERT INTO rule VALUES (?, ?, ?, ?)",
        zip(
            range(len(rules)),
            map(name_of, rules.key.tolist()),
            rules.down.tolist(),
            rules.price.tolist(),
            strict=True,
        ),
    )
    database.execute("CREATE INDEX rules ON rule (key, down, price, id)")
    database.execute("ANALYZE")
    fallen = (
        "SELECT id FROM rule WHERE key = ? AND down = 1 AND price >= ? AND price < ?"
    )
    risen = (
        "SELECT id FROM rule WHERE key = ? AND down = 0 AND price > ? AND price <= ?"
    )
    last: dict[object, float] = {}

    def match(event: Event) -> list[int]:
        key, price = event["symbol"], event["price"]
        before = last.get(key)
        last[key] = price  # type: ignore[assignment]  # the workload's prices
        if before is None or before == price:
            return []
        if price < before:  # type: ignore[operator]
            found = database.execute(fallen, (key, price, before))
        else:
            found = database.execute(risen, (key, before, price))
        return [row[0] for row in found.fetchall()]

    return match


ENGINES = {
    "zen-engine": ("zen", "benchmarks.rival_zen"),
    "business-rules": ("business_rules", "benchmarks.rival_business_rules"),
}
"""Rivals that say which rules are true: what they import, and the module that does."""


def installed_engines() -> dict[str, Callable[[Rules], Match]]:
    """Name the rivals that this interpreter can import, each with how it is made."""
    return {
        name: import_module(module).build
        for name, (needed, module) in ENGINES.items()
        if find_spec(needed)
    }


def by_key(rules: Rules) -> dict[str, list[int]]:
    """Sort rules by the name of their key, as a user of the rival would have to."""
    own: dict[str, list[int]] = defaultdict(list)
    for rule, key in enumerate(rules.key.tolist()):
        own[name_of(key)].append(rule)
    return own


def conditions_of(rules: Rules, rule: int) -> list[tuple[str, str, float]]:
    """Write the conditions of a rule: field, operator and limit of each."""
    first = ("price", "<=" if rules.down[rule] else ">=", float(rules.price[rule]))
    if np.isnan(rules.volume[rule]):
        return [first]
    return [first, ("volume", ">=", float(rules.volume[rule]))]
