"""The values that a condition leaves a fact: numbers, texts, true or false, or none."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from rules.engine.nodes import Condition
from rules.engine.operands import Constant, Constants, OtherFact, Written
from rules.engine.regions import (
    EVERYWHERE,
    NOWHERE,
    Region,
    complement,
    meet,
    region_of,
)
from rules.engine.values import Scalar, Value, is_number


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Some texts, or all but some."""

    named: frozenset[str] = frozenset()
    all_but: bool = False

    def meet(self, other: "Words") -> "Words":
        """Give what lies in both."""
        if self.all_but and other.all_but:
            return Words(named=self.named | other.named, all_but=True)
        if self.all_but:
            return Words(named=other.named - self.named)
        if other.all_but:
            return Words(named=self.named - other.named)
        return Words(named=self.named & other.named)

    @property
    def is_empty(self) -> bool:
        """Tell whether there is no text."""
        return not self.named and not self.all_but


_NO_WORDS = Words()
_ALL_WORDS = Words(all_but=True)
_BOTH = frozenset((True, False))


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Values of a fact; ``others`` are lists and objects, ``nothing`` is no value."""

    numbers: Region = NOWHERE
    words: Words = _NO_WORDS
    flags: frozenset[bool] = frozenset()
    others: bool = False
    nothing: bool = False

    def meet(self, other: "Room") -> "Room":
        """Give what lies in both."""
        return Room(
            numbers=meet(self.numbers, other.numbers),
            words=self.words.meet(other.words),
            flags=self.flags & other.flags,
            others=self.others and other.others,
            nothing=self.nothing and other.nothing,
        )

    @property
    def is_empty(self) -> bool:
        """Tell whether no value lies inside."""
        rest = self.flags or self.others or self.nothing
        return not (self.numbers or not self.words.is_empty or rest)


_NOTHING = Room(nothing=True)
_NUMBERS = Room(numbers=EVERYWHERE)
SOMETHING = Room(numbers=EVERYWHERE, words=_ALL_WORDS, flags=_BOTH, others=True)
ANYTHING = replace(SOMETHING, nothing=True)

_FREE = frozenset({"is_absent", "silent"})
_EQUALS = {"eq": True, "in": True, "ne": False, "nin": False}
_ENDS = {"cross_up": "gt", "cross_down": "lt", "cross": "ne"}
_MOVES = frozenset({"rise", "fall", "change"})
_ORDERS = frozenset({"gt", "gte", "lt", "lte"})
_BECOMES = {"becomes_true": True, "becomes_false": False}


def room_of(condition: Condition, *, truth: bool) -> Room:
    """Give room for every value of the left fact with which a condition may be so.

    It may be larger than need be, as where the past or another fact has a say, and
    never leaves a value out.
    """
    op, wanted = condition.op, condition.wanted
    if op in _FREE:
        return ANYTHING
    if op in ("is_missing", "is_present"):
        return _NOTHING if (op == "is_missing") is truth else SOMETHING
    if isinstance(wanted, OtherFact):
        return _NUMBERS if op in _ORDERS or op in _ENDS else SOMETHING
    if op in _BECOMES:
        return Room(flags=frozenset({_BECOMES[op]}) if truth else _BOTH)
    if op in _MOVES:
        return _NUMBERS
    return _room_by_value(condition, wanted, truth=truth)


def _room_by_value(
    condition: Condition, wanted: Written | None, *, truth: bool
) -> Room:
    op = condition.op
    given: Value = wanted.to_json() if wanted is not None else None
    if op in _ENDS:
        region = region_of(_ENDS[op], given) if truth else EVERYWHERE
        return Room(numbers=region or NOWHERE)
    if op == "changed_to" and isinstance(wanted, Constant):
        return _room_for([wanted.value], among=True) if truth else SOMETHING
    region = region_of(op, given)
    if region is not None:
        return Room(numbers=region if truth else complement(region))
    if op in _EQUALS and not condition.ignore_case:
        named = wanted.values if isinstance(wanted, Constants) else [given]
        return _room_for(named, among=_EQUALS[op] is truth)  # type: ignore[arg-type] # a constant is a scalar
    return SOMETHING


def _room_for(named: Collection[Scalar], *, among: bool) -> Room:
    """Give room for the values named, all of one type, or for all others of it."""
    if all(is_number(one) for one in named):
        region = region_of("in" if among else "nin", list(named))
        return Room(numbers=region or NOWHERE)
    if all(isinstance(one, bool) for one in named):
        flags = frozenset(one for one in named if isinstance(one, bool))
        return Room(flags=flags if among else _BOTH - flags)
    if all(isinstance(one, str) for one in named):
        texts = frozenset(one for one in named if isinstance(one, str))
        return Room(words=Words(named=texts, all_but=not among))
    return SOMETHING
