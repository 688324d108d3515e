"""Instances that remember something from before, by the key whose events touch them."""

from array import array
from collections.abc import Iterable
from itertools import chain

InstanceId = tuple[int, str]


class Memories:
    """Which rules remember something of a key, and what to tell when it is met again.

    A key is met at its first event after rules were loaded: what they remember of their
    last run may not be what the index knows by then.
    """

    def __init__(self) -> None:
        self._rules: dict[str, set[int]] = {}
        self._true: dict[str, array[int]] = {}
        self._unmet: set[str] = set()

    def add(self, instances: Iterable[InstanceId]) -> None:
        """Take in instances that remember something."""
        for rule_id, key in instances:
            self._rules.setdefault(key, set()).add(rule_id)

    def has(self, rule_id: int, key: str) -> bool:
        """Tell whether an instance may remember something."""
        return rule_id in self._rules.get(key, ())

    def keys_of(self, rule_id: int, own_key: str | None) -> list[str]:
        """Name the keys of which a rule remembers something; none of its own: any."""
        keys = self._rules if own_key is None else [own_key]
        return [key for key in keys if self.has(rule_id, key)]

    def await_keys(self, true: Iterable[tuple[str, int]]) -> None:
        """Wait for all keys: rules were loaded, of which some are true by key."""
        for key, rule_id in true:
            self._true.setdefault(key, array("q")).append(rule_id)
        self._unmet.update(self._rules, self._true)

    def met(self, keys: Iterable[str]) -> list[InstanceId]:
        """Give what is to be told again of keys that are met."""
        found = self._unmet.intersection(keys)
        self._unmet -= found
        return [
            (rule_id, key)
            for key in found
            for rule_id in {*chain(self._true.pop(key, ()), self._rules.get(key, ()))}
        ]
