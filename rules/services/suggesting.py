"""Suggestions while somebody types a fact."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from datasets.models import Fact
from datasets.schemas import read_schema
from datasets.services import FoundFact, search_facts
from rules.engine import ANY_KEY, FactPath, FactPathInvalid, FieldType, Value
from rules.models import Rule
from rules.services.definitions import engine_type
from rules.services.facts import dataset_of
from workspaces.access import Access
from workspaces.models import Workspace

#: Fields for which "any key" is offered before the keys themselves.
_ANY_KEY_OFFERS = 3
#: Keys that are named where one is to be chosen.
KEYS_OFFERED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """A fact to watch: one key's, or any key's, each on its own."""

    path: str
    key: str
    field: str
    series: str
    is_simulated: bool
    value: Value = None
    event_time: datetime | None = None

    @property
    def is_any_key(self) -> bool:
        """Say whether it stands for every key."""
        return self.key == ANY_KEY


def suggest_facts(*, access: Access, text: str, limit: int) -> list[Suggestion]:
    """Return facts that bear every word of `text`; first some that mean any key."""
    found = search_facts(access=access, text=text.replace(ANY_KEY, " "), limit=limit)
    named = [_suggestion(one, one.key, one.path) for one in found]
    any_key: dict[str, Suggestion] = {}
    for one in found:
        path = _any_key_path(one)
        any_key.setdefault(path, _suggestion(one, ANY_KEY, path))
    offers = list(any_key.values())[:_ANY_KEY_OFFERS]
    # Who types a key's name wants that key; who types a field's sees "any key" first.
    names_a_key = any(one.key.lower() in text.lower().split() for one in found)
    return named + offers if names_a_key else offers + named


def keys_of_rule(*, rule: Rule, limit: int = KEYS_OFFERED) -> list[str]:
    """Return the keys that a rule can be asked about; of any key, those known."""
    version = rule.in_effect or rule.latest
    facts = version.definition["watch"]["facts"] if version else ()
    paths = [FactPath.parse(fact, rule.workspace.slug) for fact in facts]
    if version is None or not any(path.any_key for path in paths):
        return [path.key for path in paths[:1]]
    known = Fact.objects.own().filter(dataset=version.lane.dataset_id)
    return list(known.order_by("key").values_list("key", flat=True)[:limit])


def type_of_fact(*, workspace: Workspace, text: str) -> FieldType | None:
    """Return what the schema says of a fact as typed; None if nothing is known."""
    try:
        fact = FactPath.parse(text, workspace.slug)
    except FactPathInvalid:
        return None
    dataset = dataset_of(fact, own=workspace)
    field = read_schema(dataset.schema).field(fact.root) if dataset else None
    return engine_type(field.type) if field and not fact.steps else None


def _suggestion(one: FoundFact, key: str, path: str) -> Suggestion:
    is_own = key == one.key
    return Suggestion(
        path=path,
        key=key,
        field=one.field,
        series=f"{one.dataset.workspace.slug}:{one.dataset.slug}",
        is_simulated=one.dataset.is_simulated,
        value=cast("Value", one.value) if is_own else None,
        event_time=one.event_time if is_own else None,
    )


def _any_key_path(one: FoundFact) -> str:
    head, _, field = one.path.rpartition(":")
    workspace, dataset, _ = head.split(":", 2)
    return f"{workspace}:{dataset}:{ANY_KEY}:{field}"
