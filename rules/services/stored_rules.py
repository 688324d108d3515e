"""Rules as their rows say: plain values, because one event may have very many read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, Self
from uuid import UUID

from django.db.models import QuerySet

from config.portions import portions
from rules.models import Rule, Version

_AT_ONCE = 500
"""Rules that one statement names; databases take so many parameters and no more."""


class StoredRule(NamedTuple):
    """A rule with one of its versions, and all that judging needs of their rows.

    `tallied` is what its tally has counted by now; None without a tally.
    """

    pk: int
    uuid: UUID
    workspace_id: int
    workspace: str
    name: str
    kind: str
    is_tabled: bool
    ran_apart: int
    passed_apart: int
    unknown_apart: int
    tally_id: int | None
    tallied: int | None
    tallied_truth: bool | None
    version_id: int
    number: int
    definition: Mapping[str, object]
    is_spread: bool

    @classmethod
    def of(cls, rule: Rule, version: Version | None) -> Self:
        """Return a rule with a version of it, whichever is in effect."""
        if version is None:
            raise ValueError(f"Rule {rule.pk} has no version in effect.")
        return cls(
            pk=rule.pk,
            uuid=rule.uuid,
            workspace_id=rule.workspace_id,
            workspace=rule.workspace.slug,
            name=rule.name,
            kind=rule.kind,
            is_tabled=rule.is_tabled,
            ran_apart=rule.ran_apart,
            passed_apart=rule.passed_apart,
            unknown_apart=rule.unknown_apart,
            tally_id=rule.tally_id,
            tallied=rule.tally.runs if rule.tally else None,
            tallied_truth=rule.tallied_truth,
            version_id=version.pk,
            number=version.number,
            definition=version.definition,
            is_spread=version.is_spread,
        )


_COLUMNS = (
    *("pk", "uuid", "workspace_id", "workspace__slug", "name", "kind", "is_tabled"),
    *("ran_apart", "passed_apart", "unknown_apart"),
    *("tally_id", "tally__runs", "tallied_truth", "in_effect_id"),
    *("in_effect__number", "in_effect__definition", "in_effect__is_spread"),
)
"""Where the fields of a `StoredRule` are found, in their order."""


def read_stored(rules: QuerySet[Rule]) -> Iterator[StoredRule]:
    """Read those of some rules that are in effect, by the version that is."""
    in_effect = rules.filter(in_effect__isnull=False)
    return map(StoredRule._make, in_effect.values_list(*_COLUMNS))


def rules_in_effect(rule_ids: Collection[int]) -> Iterator[StoredRule]:
    """Read those rules that are in effect."""
    for some in portions(sorted(rule_ids), _AT_ONCE):
        yield from read_stored(Rule.objects.filter(pk__in=some))
