"""What a change of a rule does to its instances.

Editing is compared by meaning, not by text. If what a rule watches or when it is true
changed, open instances close and state begins anew; anything else keeps state. A
cool-down survives edits that leave its output, and ends with the output.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from rules.engine.cooldowns import FEED
from rules.engine.events import Position
from rules.engine.instances import Instance, InstanceState
from rules.engine.specification import Specification
from rules.engine.transitions import InstanceId, StepResult, Transition, TransitionKind


class CloseReason(StrEnum):
    """Why open instances of a rule were closed without being resolved."""

    EDITED = "edited"
    DISABLED = "disabled"
    DELETED = "deleted"
    EXPIRED = "expired"
    DONE = "done"


_SAID = {
    CloseReason.EDITED: "The rule was edited.",
    CloseReason.DISABLED: "The rule was turned off.",
    CloseReason.EXPIRED: "The rule has come to its end.",
    CloseReason.DONE: "The rule has raised its one alert.",
    CloseReason.DELETED: "The rule, or the data it watched, was deleted.",
}


def same_meaning(old: Specification, new: Specification) -> bool:
    """Tell whether instances keep their state when ``new`` takes the place of ``old``.

    The order of members, nested groups of one kind and doubled negations mean nothing;
    the spelling of names without regard to case neither.
    """
    return old.meaning == new.meaning


def edit_rule(
    old: Specification,
    new: Specification,
    instances: Iterable[Instance],
    *,
    at: datetime,
    position: Position,
) -> StepResult:
    """Carry instances over to a new version: close the open ones, or keep their state.

    Either way the cool-downs of outputs that the new version does not have are
    forgotten.
    """
    known = list(instances)
    closed = StepResult()
    if not same_meaning(old, new):
        closed = close_rule(known, reason=CloseReason.EDITED, at=at, position=position)
    after = {**_by_id(known), **closed.instances}
    kept = frozenset(use.output for use in new.outputs) | {FEED}
    return replace(closed, instances={**closed.instances, **_forget(after, kept)})


def close_rule(
    instances: Iterable[Instance],
    *,
    reason: CloseReason,
    at: datetime,
    position: Position,
) -> StepResult:
    """Close the open instances of a rule, and forget all but the cool-downs.

    Nobody is told. Closing twice changes nothing the second time.
    """
    changed = [instance for instance in instances if not instance.is_blank]
    return StepResult(
        instances=_by_id(_blank(instance) for instance in changed),
        transitions=tuple(
            _closed(instance, instance.opening, reason, at, position)
            for instance in changed
            if instance.is_open and instance.opening is not None
        ),
    )


def _closed(
    instance: Instance,
    opening: Position,
    reason: CloseReason,
    at: datetime,
    position: Position,
) -> Transition:
    return Transition(
        rule_id=instance.rule_id,
        version=instance.version,
        key=instance.key,
        kind=TransitionKind.CLOSED,
        at=at,
        position=position,
        opening=opening,
        told=(),
        values={},
        set="",
        verdict=None,
        reason=_SAID[reason],
    )


def _blank(instance: Instance) -> Instance:
    return replace(
        instance,
        state=InstanceState.INACTIVE,
        since=None,
        opening=None,
        memory={},
        nodes={},
        timers={},
    )


def _by_id(instances: Iterable[Instance]) -> dict[InstanceId, Instance]:
    return {(instance.rule_id, instance.key): instance for instance in instances}


def _forget(
    instances: Mapping[InstanceId, Instance], kept: Collection[str]
) -> dict[InstanceId, Instance]:
    """Give the instances that were told through outputs not kept, without those."""
    return {
        named: replace(
            instance,
            told={name: at for name, at in instance.told.items() if name in kept},
        )
        for named, instance in instances.items()
        if not instance.told.keys() <= set(kept)
    }
