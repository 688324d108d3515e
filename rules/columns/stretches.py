"""What was chosen of the events between two changes of rules."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from rules.engine import Event, Position


@dataclass(slots=True)
class Stretch:
    """Rules that were chosen, by position.

    ``chosen`` has their truth by the index, ``uncounted`` the events that it did not
    see, ``opened`` the rules by key that may come to remember something on the way.
    """

    chosen: dict[Position, dict[int, int]] = field(default_factory=dict)
    uncounted: set[Position] = field(default_factory=set)
    opened: dict[str, set[int]] = field(default_factory=dict)

    def choose(self, event: Event, rule_id: int, truth: int) -> None:
        """Choose a run."""
        self.chosen.setdefault(event.position, {})[rule_id] = truth

    def open(self, key: str, rules: Iterable[int]) -> None:
        """Note that some rules may come to remember something of a key."""
        self.opened.setdefault(key, set()).update(rules)

    def is_opened(self, key: str, rule_id: int) -> bool:
        """Tell whether a rule may by now remember something of a key."""
        return rule_id in self.opened.get(key, ())

    def rules(self) -> set[int]:
        """Name the rules that were chosen anywhere."""
        return {rule_id for rules in self.chosen.values() for rule_id in rules}
