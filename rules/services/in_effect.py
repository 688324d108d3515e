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
    #: Other lanes of the dataset judge it as well, each its own keys.
    is_spread: bool = False
    #: How it fared before, as it was last stored; not in lanes that share it.
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
        is_spread=version.is_spread,
        counted=rule.counted_here,
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


def version_to_judge(rule_id: int, version_id: int | None) -> RuleInEffect | None:
    """Return a rule as a version of it says; None where no version is to be judged."""
    if version_id is None:
        return None
    rule = Rule.objects.select_related("workspace", "tally").get(pk=rule_id)
    rule.in_effect = Version.objects.get(pk=version_id)
    return rule_in_effect(rule)


def readers_of(version: Version, *, change: int, lane: Lane) -> list[Reader]:
    """Return a version as a reader of a lane, once for each other that judges it."""
    specification, _ = _read(version, version.rule)
    reads = reads_in(specification, lane, home=version.lane)
    return [
        Reader(
            rule_id=version.rule_id,
            version_id=version.pk,
            change=change,
            home=home,
            reads=reads,
        )
        for home in version.lanes
        if home.pk != lane.pk
    ]


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
