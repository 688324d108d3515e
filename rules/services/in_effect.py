"""Rules as their lanes judge them now, read from the versions in effect."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from datasets.models import Dataset, Lane
from rules.engine import Counts, DefinitionInvalid, Specification, blank_specification
from rules.models import Rule, Version
from rules.services.facts import datasets_of
from rules.services.parsing import parse_rule
from rules.services.readers import Reader, reads_in

_AT_ONCE = 500
"""Rules that one statement names; databases take so many parameters and no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleInEffect:
    """A rule as its lane judges it now.

    One whose stored definition cannot be read any more, perhaps because another
    release wrote it, is not judged: `error` tells its owner, `specification` is blank.
    """

    rule_id: int
    rule_uuid: str
    workspace_id: int
    name: str
    version_id: int
    specification: Specification
    #: The datasets of its facts that are of other lanes than its home.
    foreign: tuple[Dataset, ...] = ()
    #: How it fared before, as it was last stored.
    counted: Counts = field(default_factory=Counts)
    #: Its lane's table of predicates says what it watches.
    is_tabled: bool = False
    #: What it ran is counted by the tally of its key.
    is_tallied: bool = False
    error: str = ""

    @property
    def reads_simulated(self) -> bool:
        """Say whether data of other lanes that it reads are simulated."""
        return any(dataset.is_simulated for dataset in self.foreign)


def rule_in_effect(rule: Rule) -> RuleInEffect:
    """Return a rule by the version its lane judges; it must have one."""
    version = rule.in_effect
    if version is None:
        raise ValueError(f"Rule {rule.pk} has no version in effect.")
    specification, error = _read(version, rule)
    return RuleInEffect(
        rule_id=rule.pk,
        rule_uuid=str(rule.uuid),
        workspace_id=rule.workspace_id,
        name=rule.name,
        version_id=version.pk,
        specification=specification,
        foreign=tuple(_foreign_datasets(version, specification)),
        counted=Counts(
            ran=rule.ran,
            passed=rule.passed,
            failed=rule.failed,
            unknown=rule.unknown,
        ),
        is_tabled=rule.is_tabled,
        is_tallied=rule.tally_id is not None,
        error=error,
    )


def rules_in_effect(rule_ids: Collection[int]) -> Iterator[Rule]:
    """Read rules that are in effect, with all that judging them needs."""
    listed = sorted(rule_ids)
    for first in range(0, len(listed), _AT_ONCE):
        yield from Rule.objects.filter(
            pk__in=listed[first : first + _AT_ONCE], in_effect__isnull=False
        ).select_related("in_effect", "workspace", "tally")


def reader_of(version: Version, *, change: int, lane: Lane) -> Reader:
    """Return a version that another lane judges as a reader of this one."""
    specification, _ = _read(version, version.rule)
    return Reader(
        rule_id=version.rule_id,
        version_id=version.pk,
        change=change,
        home_id=version.lane_id,
        reads=reads_in(specification, lane),
    )


def _foreign_datasets(
    version: Version, specification: Specification
) -> Iterator[Dataset]:
    reads = specification.facts + specification.include
    # Most rules read one dataset alone; they cost no query.
    if len({path.series for path in reads}) > 1:
        yield from datasets_of(version)[1:]


def _read(version: Version, rule: Rule) -> tuple[Specification, str]:
    """Return what a version says, or a blank and why it cannot be read."""
    try:
        return parse_rule(version.definition, workspace=rule.workspace.slug), ""
    except DefinitionInvalid as error:
        return blank_specification(rule.kind, name=rule.name), (
            f"Version {version.number} of this rule cannot be read, so it is not "
            f"judged: {error} Open the rule, mend that and save it again."
        )
