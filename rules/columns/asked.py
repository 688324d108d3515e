"""Rules that the index cannot follow: the engine is asked on every event they read."""

from collections.abc import Iterable, Mapping

from rules.columns.events import Events
from rules.engine import Series, Specification, subject_of

Trigger = tuple[str, str, str | None]
"""A series, a field, and a key; no key means any."""


class Asked:
    """Rules by the facts that run them."""

    def __init__(self, known: Mapping[str, Series]) -> None:
        self._known = known
        self._triggers: dict[int, frozenset[Trigger]] = {}
        self._rules: dict[Trigger, set[int]] = {}

    def __contains__(self, rule_id: object) -> bool:
        return rule_id in self._triggers

    def __len__(self) -> int:
        return len(self._triggers)

    def put(self, rule_id: int, specification: Specification) -> None:
        """Ask about a rule that is not here."""
        triggers = frozenset(self._triggers_of(specification))
        self._triggers[rule_id] = triggers
        for trigger in triggers:
            self._rules.setdefault(trigger, set()).add(rule_id)

    def remove(self, rule_id: int) -> None:
        """Ask about a rule no more."""
        for trigger in self._triggers.pop(rule_id):
            rules = self._rules[trigger]
            rules.discard(rule_id)
            if not rules:
                del self._rules[trigger]

    def on(self, events: Events) -> list[tuple[int, int]]:
        """Name the rules to ask about, by event and then by id."""
        if not self._rules:
            return []
        pairs = []
        for place, (key, fields) in enumerate(
            zip(events.keys, events.fields, strict=True)
        ):
            if events.raises is None or events.raises[place]:
                found = self._on(events.series, key, fields)
                pairs += [(place, rule_id) for rule_id in sorted(found)]
        return pairs

    def _on(self, series: str, key: str, fields: Iterable[str]) -> set[int]:
        found: set[int] = set()
        for name in fields:
            found |= self._rules.get((series, name, key), set())
            found |= self._rules.get((series, name, None), set())
        return found

    def _triggers_of(self, specification: Specification) -> Iterable[Trigger]:
        for fact in specification.triggers:
            if fact.any_key:
                yield fact.series, fact.root, None
            else:
                series, key = subject_of(fact, "", self._known)
                yield series, fact.root, key
