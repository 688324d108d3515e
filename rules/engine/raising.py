"""When a rule raises, and what it tells while an alert stays open."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from rules.engine.durations import render_duration, say_every
from rules.engine.operand_reading import read_amount
from rules.engine.operands import Amount
from rules.engine.places import Place
from rules.engine.specification import Mode, RuleKind, Specification

_MODES = {
    RuleKind.SIGNAL: tuple(one for one in Mode if one is not Mode.ON_WINDOW_CLOSE),
    RuleKind.STATE: (Mode.ON_ENTER, Mode.ON_WINDOW_CLOSE),
}
LEAST_REMINDER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Raising:
    """When a rule raises, and whether it tells of the end."""

    mode: Mode
    announces_resolve: bool
    again_if_moved: Amount | None = None
    remind_every: timedelta | None = None
    only_new: bool = False


_RAISE = ("mode", "resolved", "again_if_moved", "remind_every", "only_new")


def read_raise(place: Place | None, kind: RuleKind) -> Raising:
    """Read it; what is left out is as usual for the kind."""
    members: Mapping[str, Place] = {}
    if place is not None:
        members = place.members(_RAISE) or {}
    mode = _read_mode(members.get("mode"), kind)
    announces = kind is RuleKind.STATE
    if "resolved" in members:
        if kind is RuleKind.SIGNAL:
            members["resolved"].refuse(
                "not_for_signal",
                "A signal rule has no end to announce; leave this out, or make a state"
                " rule.",
            )
        announces = members["resolved"].flag() is True
    return Raising(
        mode=mode,
        announces_resolve=announces,
        again_if_moved=_read_moved(place, members.get("again_if_moved"), mode, kind),
        remind_every=_read_remind(members.get("remind_every"), kind),
        only_new="only_new" in members and members["only_new"].flag() is True,
    )


def _read_mode(place: Place | None, kind: RuleKind) -> Mode:
    default = _MODES[kind][0]
    mode = default if place is None else place.choice(Mode)
    if place is not None and mode is not None and mode not in _MODES[kind]:
        allowed = ", ".join(_MODES[kind])
        place.refuse(
            "mode_not_for_kind", f"A {kind} rule cannot be {mode}; use {allowed}."
        )
    return mode or default


def _read_moved(
    place: Place | None, amount: Place | None, mode: Mode, kind: RuleKind
) -> Amount | None:
    reminds = kind is RuleKind.STATE
    if amount is not None and mode is not Mode.AGAIN_IF_MOVED and not reminds:
        amount.refuse(
            "useless_member", f'This belongs to the mode "{Mode.AGAIN_IF_MOVED}".'
        )
    elif amount is not None:
        return read_amount(amount)
    elif place is not None and mode is Mode.AGAIN_IF_MOVED:
        place.refuse("missing", 'Say how far, in "again_if_moved": 5, or "5%".')
    return None


def _read_remind(place: Place | None, kind: RuleKind) -> timedelta | None:
    if place is None or place.value is None:
        return None
    if kind is RuleKind.SIGNAL:
        place.refuse(
            "not_for_signal",
            "A signal rule has nothing that stays open to remind of; leave this out, or"
            " make a state rule.",
        )
        return None
    every = place.duration()
    if every is not None and every < LEAST_REMINDER:
        place.refuse(
            "bad_duration",
            f"Remind at most once {say_every(LEAST_REMINDER)}: 1m or longer.",
        )
        return None
    return every


def write_raise(specification: Specification) -> dict[str, object]:
    """Write what ``read_raise`` reads."""
    written: dict[str, object] = {"mode": str(specification.mode)}
    if specification.again_if_moved is not None:
        written["again_if_moved"] = specification.again_if_moved.to_json()
    if specification.remind_every is not None:
        written["remind_every"] = render_duration(specification.remind_every)
    if specification.only_new:
        written["only_new"] = True
    if specification.kind is RuleKind.STATE:
        written["resolved"] = specification.announces_resolve
    return written
