"""Rules as their lanes judge them now, read from the versions in effect."""

from __future__ import annotations

from dataclasses import dataclass, field

from datasets.models import Dataset, Lane
from rules.engine import Counts, DefinitionInvalid, Specification, blank_specification
from rules.models import Rule, Version, counts_with
from rules.services.facts import foreign_datasets_of
from rules.services.moulds import read_alike
from rules.services.readers import Reader, reads_in
from rules.services.stored_rules import StoredRule


# Not frozen: one event may have very many read, each three times as fast.
@dataclass(slots=True, kw_only=True)
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


def rule_in_effect(stored: StoredRule) -> RuleInEffect:
    """Return a rule by the version that was read with it."""
    specification, error = _read(stored)
    return RuleInEffect(
        rule_id=stored.pk,
        rule_uuid=str(stored.uuid),
        workspace_id=stored.workspace_id,
        name=stored.name,
        version_id=stored.version_id,
        specification=specification,
        foreign=_foreign_datasets(stored, specification),
        is_spread=stored.is_spread,
        counted=counts_with(stored.tallied or 0, stored),
        is_tabled=stored.is_tabled,
        is_tallied=stored.tally_id is not None,
        error=error,
    )


def version_to_judge(rule_id: int, version_id: int | None) -> RuleInEffect | None:
    """Return a rule as a version of it says; None where no version is to be judged."""
    if version_id is None:
        return None
    rule = Rule.objects.select_related("workspace", "tally").get(pk=rule_id)
    return rule_in_effect(StoredRule.of(rule, Version.objects.get(pk=version_id)))


def readers_of(version: Version, *, change: int, lane: Lane) -> list[Reader]:
    """Return a version as a reader of a lane, once for each other that judges it."""
    specification, _ = _read(StoredRule.of(version.rule, version))
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
    stored: StoredRule, specification: Specification
) -> tuple[Dataset, ...]:
    reads = specification.facts + specification.include
    # Most rules read one dataset alone; they cost no query.
    if len({path.series for path in reads}) <= 1:
        return ()
    return tuple(foreign_datasets_of(stored.version_id))


def _read(stored: StoredRule) -> tuple[Specification, str]:
    """Return what a version says, or a blank and why it cannot be read."""
    try:
        return read_alike(stored.definition, workspace=stored.workspace), ""
    except DefinitionInvalid as error:
        return blank_specification(stored.kind, name=stored.name), (
            f"Version {stored.number} of this rule cannot be read, so it is not "
            f"judged: {error} Open the rule, mend that and save it again."
        )
