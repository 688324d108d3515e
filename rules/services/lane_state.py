"""What a lane knows before it judges: read from the database, or held in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from django.db.models import Q

from datasets.models import Lane
from datasets.services import is_own_key, load_facts, read_facts
from rules.engine import Instance, KeyFacts, Value
from rules.models import Instance as StoredInstance
from rules.models import LaneRule
from rules.services.facts import KnownDatasets, facts_from

FactKey = tuple[str, str]
InstanceKey = tuple[int, str]


Values = Mapping[str, Mapping[str, Value]]
"""The last values of fields, by key."""


class KnownInstance(NamedTuple):
    """An instance, and when the sweep is to look at it."""

    instance: Instance
    wake_at: datetime | None


class LaneState(Protocol):
    """Where judging finds facts and instances; what was never seen is not given."""

    def read_facts(self, wanted: Collection[FactKey]) -> Mapping[FactKey, KeyFacts]:
        """Return the facts of these subjects."""

    def read_values(self, series: str) -> Values:
        """Return the last values of all keys of the lane's own dataset."""

    def read_instances(
        self, wanted: Collection[InstanceKey]
    ) -> Iterable[KnownInstance]:
        """Return these instances."""

    def read_all_instances(self, rule_id: int) -> Iterable[KnownInstance]:
        """Return the instances of a rule."""

    def read_armed(
        self, keys: Collection[str], until: datetime
    ) -> Iterable[KnownInstance]:
        """Return the instances of these keys with a timer that is due by an instant."""


class StoredState:
    """The state of a lane as its drains have committed it."""

    def __init__(self, lane: Lane, datasets: KnownDatasets) -> None:
        self._lane = lane
        self._datasets = datasets

    def read_facts(self, wanted: Collection[FactKey]) -> Mapping[FactKey, KeyFacts]:
        """Return the facts of these subjects."""
        named = {
            (self._datasets.id_of(series), key): (series, key)
            for series, key in wanted
            # Of a dataset that was purged nothing is known.
            if series in self._datasets
        }
        stored = load_facts(lane=self._lane, keys=named.keys())
        return {named[key]: facts_from(one) for key, one in stored.items()}

    def read_values(self, series: str) -> Values:
        """Return the last values of all keys of the lane's own dataset.

        What cannot be read is unknown here: it is the matter of its key's next event.
        """
        return {
            one.key: {name: _value_of(written) for name, written in one.fields.items()}
            for one in read_facts(lane=self._lane, keys=None)
        }

    def read_instances(
        self, wanted: Collection[InstanceKey]
    ) -> Iterable[KnownInstance]:
        """Return these instances."""
        rows = StoredInstance.objects.filter(
            rule_id__in={rule_id for rule_id, _ in wanted},
            key__in={key for _, key in wanted},
        )
        return [_known(row) for row in rows if (row.rule_id, row.key) in wanted]

    def read_all_instances(self, rule_id: int) -> Iterable[KnownInstance]:
        """Return the instances of a rule."""
        rows = StoredInstance.objects.filter(rule_id=rule_id)
        return map(_known, self._own(rows))

    def read_armed(
        self, keys: Collection[str], until: datetime
    ) -> Iterable[KnownInstance]:
        """Return the instances of these keys with a timer that is due by an instant."""
        rows = StoredInstance.objects.filter(
            is_judged_in(self._lane), key__in=keys, due_at__lte=until
        )
        return map(_known, self._own(rows))

    def _own(self, rows: Iterable[StoredInstance]) -> Iterator[StoredInstance]:
        """Leave out the keys of other lanes that judge a rule as well."""
        shared = shared_rules(self._lane)
        for row in rows:
            if row.rule_id not in shared or is_own_key(self._lane, row.key):
                yield row


class MemoryState:
    """The state of a lane that begins empty and is nowhere stored."""

    def __init__(self) -> None:
        self._facts: dict[FactKey, KeyFacts] = {}
        self._instances: dict[int, dict[str, Instance]] = {}
        self._armed: set[InstanceKey] = set()

    def remember(
        self,
        *,
        facts: Mapping[FactKey, KeyFacts],
        instances: Mapping[InstanceKey, Instance],
    ) -> None:
        """Take in what judging changed."""
        self._facts.update(facts)
        for (rule_id, key), instance in instances.items():
            self._instances.setdefault(rule_id, {})[key] = instance
            if instance.timers:
                self._armed.add((rule_id, key))
            else:
                self._armed.discard((rule_id, key))

    def read_facts(self, wanted: Collection[FactKey]) -> Mapping[FactKey, KeyFacts]:
        """Return the facts of these subjects."""
        return {named: self._facts[named] for named in wanted if named in self._facts}

    def read_values(self, series: str) -> Values:
        """Return the last values of all keys of a dataset."""
        return values_in(series, self._facts)

    def read_instances(
        self, wanted: Collection[InstanceKey]
    ) -> Iterable[KnownInstance]:
        """Return these instances."""
        for rule_id, key in wanted:
            instance = self._instances.get(rule_id, {}).get(key)
            if instance is not None:
                yield KnownInstance(instance, None)

    def read_all_instances(self, rule_id: int) -> Iterator[KnownInstance]:
        """Return the instances of a rule."""
        for instance in self._instances.get(rule_id, {}).values():
            yield KnownInstance(instance, None)

    def read_armed(
        self, keys: Collection[str], until: datetime
    ) -> Iterable[KnownInstance]:
        """Return the instances of these keys with a timer that is due by an instant."""
        for known in self.read_instances(self._armed):
            due_at = known.instance.wakes_at
            if known.instance.key in keys and due_at is not None and due_at <= until:
                yield known


def _known(row: StoredInstance) -> KnownInstance:
    return KnownInstance(Instance.from_json(row.memory), row.wake_at)


def is_judged_in(lane: Lane) -> Q:
    """Select the instances of the rules that a lane judges."""
    if lane.dataset.shards == 1:
        return Q(rule__in_effect__lane=lane)
    apart = Q(rule__in_effect__lane=lane, rule__in_effect__is_spread=False)
    return apart | Q(rule__in=shared_rules(lane))


def shared_rules(lane: Lane) -> frozenset[int]:
    """Name the rules that a lane judges with others of its dataset, as stored."""
    if lane.dataset.shards == 1:
        return frozenset()
    sharing = LaneRule.objects.filter(lane=lane, version__isnull=False)
    return frozenset(sharing.values_list("rule", flat=True))


def values_in(series: str, facts: Mapping[FactKey, KeyFacts]) -> Values:
    """Return the last values among facts, of the keys of one dataset."""
    return {
        key: {name: fact.value for name, fact in one.values.items()}
        for (own, key), one in facts.items()
        if own == series
    }


def _value_of(written: Any) -> Value:  # Any: JSON, whatever became of it
    return written[0] if isinstance(written, list) and written else None
