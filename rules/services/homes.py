"""Which lane judges a rule, and which others it reads of (DESIGN.md 2.1)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from datasets.models import Dataset, Lane
from datasets.services import lanes_of, shard_of
from rules.engine import FactPath, Problem, Specification, subject_of
from rules.services.facts import traits_of
from workspaces.models import Workspace

Watched = Mapping[str, Dataset]
"""The datasets of facts, by series."""


def home_lane(spec: Specification, watched: Watched, *, own: Workspace) -> Lane:
    """Choose the lane that judges a rule.

    The first fact of the rule's own workspace decides, else the first fact: what a
    workspace owns never enters the lane of a shared one. Of a divided dataset it is the
    lane of the fact's key.
    """
    facts = spec.facts + spec.include
    mine = [one for one in facts if watched[one.series].workspace_id == own.pk]
    return _lanes_of_fact((mine or facts)[0], watched)[0]


def lanes_read(facts: Iterable[FactPath], watched: Watched) -> set[Lane]:
    """Return the lanes in which facts are that a rule reads."""
    return {lane for fact in facts for lane in _lanes_of_fact(fact, watched)}


def problems_of_shards(spec: Specification, watched: Watched) -> Sequence[Problem]:
    """Say which facts of a rule no lane of a divided dataset could judge exactly."""
    return [
        Problem(
            pointer=f"/watch/facts/{place}",
            code="any_key_of_shards",
            detail=f"{fact.series} is divided into shards, and a rule over any key of "
            "it cannot be judged yet; name a key in place of *.",
        )
        for place, fact in enumerate(spec.facts)
        if fact.any_key and watched[fact.series].shards > 1
    ]


def _lanes_of_fact(fact: FactPath, watched: Watched) -> list[Lane]:
    """Return the lane of a fact's key; of any key, all of its dataset."""
    dataset = watched[fact.series]
    lanes = lanes_of(dataset)
    if fact.any_key:
        return lanes
    _, key = subject_of(fact, "", traits_of(dataset))
    return [lanes[shard_of(key, dataset.shards)]]
