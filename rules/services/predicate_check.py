"""Proving that the table of predicates says what the definitions say."""

from __future__ import annotations

from collections.abc import Sequence

from datasets.models import Lane
from datasets.services import lateness_in_effect
from rules.columns import Predicate, rules_in
from rules.models import Rule
from rules.services.facts import series_of
from rules.services.in_effect import rule_in_effect
from rules.services.lane_program import empty_program
from rules.services.predicates import load_predicates
from rules.services.stored_rules import StoredRule


def misread_rules(lane: Lane) -> list[str]:
    """Name the rules of which a lane's table says something else than they do.

    A rule of which it says nothing is read by its definition.
    """
    program = empty_program(
        lane, next_seq=lane.next_seq, lateness_seconds=lateness_in_effect(lane)
    )
    table = dict(rules_in(load_predicates(lane, series=series_of(lane.dataset))))
    rules = Rule.objects.filter(in_effect__lane=lane).order_by("pk")
    misread = []
    for stored in rules.select_related("in_effect", "workspace", "tally").iterator():
        said: Sequence[Predicate] = table.pop(stored.pk, [])
        rule = rule_in_effect(StoredRule.of(stored, stored.in_effect))
        wanted = [] if rule.error else program.predicates_of(rule)
        if bool(said) is not stored.is_tabled or (said and said != wanted):
            misread.append(stored.slug)
    return misread + [f"{rule_id}, which is not in effect" for rule_id in table]
