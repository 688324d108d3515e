"""Finding a fact by a few letters of its key, its field or its dataset."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from datasets.models import Dataset, Fact
from datasets.schemas import Field, FieldType, read_schema
from datasets.services.making import find_dataset
from datasets.services.vocabulary import visible_datasets
from workspaces.access import Access

#: Keys looked at for one search; the nearest come first.
_KEYS_LOOKED_AT = 200
_WORDS_LIMIT = 8
_WORD = re.compile(r"[^\s:]+")
#: What a fact path reads as any key, unless a backslash stands before it.
_ANY_KEYS = frozenset(("*", "ANYEVENT"))
_TYPES: Mapping[type, FieldType] = {
    bool: FieldType.BOOLEAN,
    int: FieldType.NUMBER,
    Decimal: FieldType.NUMBER,
    str: FieldType.STRING,
    list: FieldType.ARRAY,
    dict: FieldType.OBJECT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundFact:
    """The last value of one field of one key, and where it stands."""

    path: str
    dataset: Dataset
    key: str
    field: str
    type: FieldType
    value: object
    event_time: datetime


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A dataset with its declared fields and the words that its name lacks."""

    dataset: Dataset
    fields: dict[str, Field]
    words: tuple[str, ...]

    def may_name_a_field(self, word: str) -> bool:
        """Say whether a field bears the word; undeclared ones might all do so."""
        return not self.fields or any(word in name.lower() for name in self.fields)


def search_facts(
    *, access: Access, text: str, limit: int, slug: str | None = None
) -> list[FoundFact]:
    """Return facts that bear every word of `text`, the nearest first.

    A word may stand anywhere in the key, the field or the dataset's name, in any
    letter case; four parts with colons are four words. Searched are the workspace's
    own datasets and the shared ones, or only the workspace's dataset named `slug`.

    1. A word that a dataset's name bears asks nothing more of its facts.
    2. Of the others each stands in a declared field or in the key: the database
       returns such keys, those that begin with a word before the rest.
    3. Each field of these keys is a fact; a word that the key lacks is in the field.
    """
    words = tuple(dict.fromkeys(_WORD.findall(text.lower())))[:_WORDS_LIMIT]
    datasets = (
        visible_datasets(workspace=access.workspace)
        if slug is None
        else [find_dataset(access=access, slug=slug)]
    )
    shelves = {dataset.pk: _shelf(dataset, words) for dataset in datasets}
    found: list[FoundFact] = []
    for row in _nearest_keys(shelves, words):
        found += _facts_of(row, shelves[row.dataset_id])
    # Sorting is stable: keys stay in the order in which the database ranked them.
    found.sort(key=lambda fact: _distance(fact, words))
    return found[:limit]


def fact_path(*, workspace: str, dataset: str, key: str, field: str) -> str:
    """Write the four parts of a fact as rules read them, special letters escaped."""
    if key.lstrip("\\") in _ANY_KEYS:
        key = f"\\{key}"
    field = re.sub(r"([.\[\\])", r"\\\1", field)
    return f"{workspace}:{dataset}:{key}:{field}"


def _shelf(dataset: Dataset, words: Sequence[str]) -> _Shelf:
    name = f"{dataset.workspace.slug} {dataset.slug} {dataset.title}".lower()
    schema = read_schema(dataset.schema)
    return _Shelf(
        dataset,
        {field.name: field for field in schema.fields},
        tuple(word for word in words if word not in name),
    )


def _nearest_keys(
    shelves: Mapping[int, _Shelf], words: Sequence[str]
) -> QuerySet[Fact]:
    fitting = Q(pk__in=[])
    for pk, shelf in shelves.items():
        one = Q(dataset=pk)
        for word in shelf.words:
            if not shelf.may_name_a_field(word):
                one &= Q(key__icontains=word)
        fitting |= one
    ranks = [When(key__iexact=word, then=Value(0)) for word in words]
    ranks += [When(key__istartswith=word, then=Value(1)) for word in words]
    rank = Case(*ranks, default=Value(2), output_field=IntegerField())
    return (
        Fact.objects.own().filter(fitting).order_by(rank, "key", "pk")[:_KEYS_LOOKED_AT]
    )


def _facts_of(row: Fact, shelf: _Shelf) -> Iterator[FoundFact]:
    dataset = shelf.dataset
    key = row.key.lower()
    in_field = [word for word in shelf.words if word not in key]
    declared = [name for name in shelf.fields if name in row.fields]
    for name in (*declared, *sorted(row.fields.keys() - shelf.fields.keys())):
        if not all(word in name.lower() for word in in_field):
            continue
        value, _, at, *_ = row.fields[name]
        yield FoundFact(
            path=fact_path(
                workspace=dataset.workspace.slug,
                dataset=dataset.slug,
                key=row.key,
                field=name,
            ),
            dataset=dataset,
            key=row.key,
            field=name,
            type=_type_of(shelf.fields.get(name), value),
            value=value,
            event_time=datetime.fromisoformat(at),
        )


def _distance(fact: FoundFact, words: Sequence[str]) -> int:
    """Count the words that are neither the key nor the beginning of the field."""
    key, field = fact.key.lower(), fact.field.lower()
    return sum(word != key and not field.startswith(word) for word in words)


def _type_of(declared: Field | None, value: object) -> FieldType:
    if declared is not None:
        return declared.type
    return _TYPES.get(type(value), FieldType.ANY)
