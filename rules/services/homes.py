"""Which lanes judge a rule, and of which others they read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from datasets.models import Dataset, Lane
from datasets.services import lanes_of, shard_of
from rules.engine import FactPath, Mode, Problem, Specification, subject_of
from rules.services.facts import series_of, traits_of
from workspaces.models import Workspace

Watched = Mapping[str, Dataset]
"""The datasets of facts, by series."""


def home_lane(spec: Specification, watched: Watched, *, own: Workspace) -> Lane:
    """Choose the lane that judges a rule; of one that is spread, the first that does.

    1. The first fact of the rule's own workspace decides, else the first fact: what a
       workspace owns never enters the lane of a shared one.
    2. Of a divided dataset it is the lane of the fact's key. A rule on any key goes
       there only if it is on any key of that dataset: else to the first such fact, by
       the same order.
    """
    facts = _own_first(spec.facts + spec.include, watched, own)
    if spec.any_key and watched[facts[0].series].shards > 1:
        facts = _own_first(spec.triggers, watched, own)
    return _lanes_of_fact(facts[0], watched)[0]


def is_spread(spec: Specification, home: Lane) -> bool:
    """Say whether all lanes of the home's dataset judge a rule, each its own keys."""
    return spec.any_key and home.dataset.shards > 1


def lanes_read(facts: Iterable[FactPath], watched: Watched) -> set[Lane]:
    """Return the lanes in which facts are that a rule reads."""
    return {lane for fact in facts for lane in _lanes_of_fact(fact, watched)}


def lanes_telling(spec: Specification, watched: Watched, home: Lane) -> set[Lane]:
    """Return the lanes that tell others of what a rule reads.

    Of one that is spread a lane that judges it may be among them: it tells the others
    of a key that the rule names.
    """
    if not is_spread(spec, home):
        return lanes_read(spec.facts + spec.include, watched) - {home}
    series = series_of(home.dataset)
    told = (
        fact
        for fact in spec.facts + spec.include
        if not (fact.any_key and fact.series == series)
    )
    return lanes_read(told, watched)


def problems_of_shards(
    spec: Specification, watched: Watched, *, own: Workspace
) -> Iterator[Problem]:
    """Say what of a rule no lane of a divided dataset could judge exactly."""
    home = home_lane(spec, watched, own=own)
    if not is_spread(spec, home):
        return
    name = series_of(home.dataset)
    if home.dataset.workspace_id != own.pk and any(
        one.workspace_id == own.pk for one in watched.values()
    ):
        yield Problem(
            pointer="/watch/facts",
            code="any_key_elsewhere",
            detail=f"{name} is divided into shards, and data of your workspace do not "
            "go there; name a key in place of *, or watch any key of a dataset of "
            "your own.",
        )
    if spec.mode is Mode.ONCE:
        yield Problem(
            pointer="/raise/mode",
            code="once_of_shards",
            detail=f"{name} is divided into shards, which are judged apart, so a rule "
            "on any key cannot raise once for all of them; use once_per_key.",
        )
    forms = {watched[one.series].key_form for one in _of_any_key(spec)}
    if forms != {home.dataset.key_form}:
        yield Problem(
            pointer="/watch/facts",
            code="keys_of_shards_differ",
            detail=f"{name} is divided into shards by key, and another dataset of the "
            "rule keeps its keys in another form; make both keep them alike.",
        )


def _of_any_key(spec: Specification) -> Iterator[FactPath]:
    return (fact for fact in spec.facts + spec.include if fact.any_key)


def _own_first(
    facts: tuple[FactPath, ...], watched: Watched, own: Workspace
) -> tuple[FactPath, ...]:
    """Return the facts of the own workspace, or all if none is."""
    mine = tuple(one for one in facts if watched[one.series].workspace_id == own.pk)
    return mine or facts


def _lanes_of_fact(fact: FactPath, watched: Watched) -> list[Lane]:
    """Return the lane of a fact's key; of any key, all of its dataset."""
    dataset = watched[fact.series]
    lanes = lanes_of(dataset)
    if fact.any_key:
        return lanes
    _, key = subject_of(fact, "", traits_of(dataset))
    return [lanes[shard_of(key, dataset.shards)]]
