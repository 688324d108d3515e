"""What else finds the rules that an event concerns, on the same workload.

Rule engines say which rules are true; each is given a dictionary by key, made by hand,
which it does not have itself. SQLite is in ``rival_sqlite``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

import numpy as np

from benchmarks.workload import Event, Rules, name_of

Match = Callable[[Event], list[int]]


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
