"""A program whose plain rules lie in an index, and are read only when they run."""

from collections.abc import Callable, Collection, Iterable, Mapping, Set

from rules.columns.events import Events
from rules.columns.index import FEW, Index
from rules.columns.predicates import Predicate, Predicates, write_predicates
from rules.columns.settling import Settled
from rules.columns.trees import follow, leaves_of
from rules.engine import (
    CompiledRule,
    Counts,
    Program,
    Series,
    Specification,
    Value,
)

Values = Mapping[str, Mapping[str, Value]]
"""The last values of fields, by key."""

Reading = Callable[[Collection[int]], None]

NO_SERIES: Mapping[str, Series] = {}


class IndexedProgram(Program):
    """The rules of a lane, of which those on ``home`` alone are followed by an index.

    Rules that were loaded from a table of predicates are at hand only once they are to
    run: ``read`` is told their ids then, and has them kept, or removed.
    """

    def __init__(
        self,
        series: Mapping[str, Series] = NO_SERIES,
        *,
        home: str,
        few: int = FEW,
    ) -> None:
        super().__init__(series)
        self.index = Index(series, few=few)
        self.home = home
        self.read: Reading | None = None
        self._any_key: set[int] = set()

    def __len__(self) -> int:
        """Count the rules, at hand or not."""
        apart = sum(not self.is_followed(rule_id) for rule_id in self._rules)
        return len(self.index) + apart

    def __contains__(self, rule_id: object) -> bool:
        """Tell whether a rule is in the program, at hand or not."""
        is_loaded = isinstance(rule_id, int) and self.is_followed(rule_id)
        return is_loaded or super().__contains__(rule_id)

    def put(self, rule_id: int, version: int, specification: Specification) -> None:
        """Take in a rule, in place of the version that was here.

        The facts that it ``lacks`` are learnt before.
        """
        tree = follow(specification, self.series, home=self.home)
        if rule_id in self:
            self.remove(rule_id)
        if tree is None:
            super().put(rule_id, version, specification)
            return
        self.keep(rule_id, version, specification)
        if specification.keeps_time:
            self._keeping_time.add(rule_id)
        self.index.put_tree(rule_id, tree)
        if specification.any_key:
            self._any_key.add(rule_id)

    def put_apart(
        self, rule_id: int, version: int, specification: Specification
    ) -> None:
        """Take in a rule that the index is not to follow, whatever it is."""
        if rule_id in self:
            self.remove(rule_id)
        super().put(rule_id, version, specification)

    def remove(self, rule_id: int) -> None:
        """Take out a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        if not self.is_followed(rule_id):
            super().remove(rule_id)
            return
        self.let_go(rule_id)
        self._keeping_time.discard(rule_id)
        self._any_key.discard(rule_id)
        self.index.remove(rule_id)

    def load(self, table: Predicates, values: Values) -> list[tuple[str, int]]:
        """Take in many rules by their predicates, with the facts as they are.

        The rules are none of those here.

        Returns:
            The rules that are true, by key.
        """
        self.index.load(table)
        self._any_key.update(self.index.any_key_rules())
        return self._learn(self.index.open_series(self.home).columns.keys(), values)

    def keep(self, rule_id: int, version: int, specification: Specification) -> None:
        """Have a rule at hand that is followed."""
        self._rules[rule_id] = self._compile(rule_id, version, specification)

    def let_go(self, rule_id: int) -> None:
        """Have a rule at hand no more that is followed, until it is to run."""
        self._rules.pop(rule_id, None)

    def rule(self, rule_id: int) -> CompiledRule:
        """Give a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        if rule_id not in self._rules:
            self.have_at_hand([rule_id])
        return super().rule(rule_id)

    def have_at_hand(self, rule_ids: Iterable[int]) -> None:
        """Have rules read that are to run."""
        missing = [
            one for one in rule_ids if one not in self._rules and self.is_followed(one)
        ]
        if missing and self.read is not None:
            self.read(missing)

    def is_followed(self, rule_id: int) -> bool:
        """Tell whether the index follows a rule, and counts its runs."""
        return self.index.is_followed(rule_id)

    def predicates_of(self, specification: Specification) -> list[Predicate]:
        """Write a rule as rows of a table; none if it is put by its definition.

        Predicates do not say that a rule has timers.
        """
        if specification.keeps_time:
            return []
        tree = follow(specification, self.series, home=self.home)
        return [] if tree is None else write_predicates(tree)

    def lacks(self, specification: Specification) -> set[str]:
        """Name the fields of which facts are to be learnt before a rule is put."""
        tree = follow(specification, self.series, home=self.home)
        fields = {leaf.place.field for leaf in leaves_of(tree)} if tree else set()
        return fields - self.index.open_series(self.home).columns.keys()

    def learn(self, fields: Set[str], values: Values) -> None:
        """Take in some fields of all keys, with their values as they are now."""
        self._learn(fields, values)

    def settled(self) -> list[Settled]:
        """Give the counters of rules on one key that were settled since asked last."""
        return self.index.settled()

    def counted(self) -> dict[int, Counts]:
        """Give the counters of all rules on any key."""
        return {rule_id: self.index.counts(rule_id) for rule_id in self._any_key}

    def runs(self, key: str, fields: Iterable[str]) -> int:
        """Count the events of a key that ran the rules on some fields."""
        return self.index.runs(self.home, key, fields)

    def set_series(self, series: Mapping[str, Series]) -> None:
        """Note what is to be known of datasets from now on."""
        self.series.update(series)
        self.index.set_series(series)

    def _learn(self, fields: Set[str], values: Values) -> list[tuple[str, int]]:
        series = self.index.open_series(self.home)
        for name in sorted(fields):
            series.column(name)
        known = [
            {name: one[name] for name in fields & one.keys()} for one in values.values()
        ]
        return self.index.learn(Events(self.home, list(values), known))
