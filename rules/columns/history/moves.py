"""How far each value went from the one before it, exactly."""

from dataclasses import dataclass, replace
from fractions import Fraction
from math import nan

import numpy as np

from rules.columns.buffers import Flags, Floats
from rules.columns.cuts import Number
from rules.columns.history.questions import Move
from rules.columns.history.runs import Runs, first_of_keys

_MOST_DECIMALS = 9
#: Differences of such integers have at most 15 digits.
_MOST = 4e14
#: Wider than what three roundings can do to a share.
_DOUBT = 2.0**-50


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The moves of a rule's runs, with the interface of their values.

    ``moved`` holds them as doubles: the double nearest to the difference, or nearly
    the share in percent. ``by`` and ``base`` are the integers it was made from.
    """

    runs: Runs
    moved: Floats
    by: Floats
    base: Floats
    is_share: bool

    def passed(self, number: Number, *, is_open: bool) -> Flags:
        """Tell which moves are at a number or above it, or above it only."""
        if not self.is_share:
            return replace(self.runs, value=self.moved).passed(number, is_open=is_open)
        level = float(number)
        doubt = abs(level) * _DOUBT
        passed: Flags = self.moved > level + doubt
        maybe = self.moved >= level - doubt
        wanted = Fraction(number)
        for one in np.flatnonzero(maybe != passed).tolist():
            share = Fraction(int(self.by[one]) * 100, int(self.base[one]))
            passed[one] = share > wanted if is_open else share >= wanted
        return passed


def steps_of(runs: Runs, move: Move) -> Steps | None:
    """Measure the moves of some runs; none if doubles cannot do it exactly.

    Values of few decimals are integers of a smaller unit. Their differences are exact,
    and dividing back gives the double nearest to the difference.
    """
    scaled = None if len(runs.exacts.rows) else scale(runs.value)
    if scaled is None:
        return None
    whole, unit = scaled
    by, base = np.full(len(whole), nan), np.full(len(whole), nan)
    by[1:] = whole[1:] - whole[:-1]
    base[1:] = np.abs(whole[:-1])
    by[first_of_keys(runs.starts)] = nan
    if move.op == "fall":
        by = -by
    elif move.op == "change":
        by = np.abs(by)
    if move.is_percent:
        base[base == 0] = nan
        moved = by / base * 100
    else:
        moved = by / unit
    return Steps(runs=runs, moved=moved, by=by, base=base, is_share=move.is_percent)


def scale(value: Floats) -> tuple[Floats, float] | None:
    """Give the values as whole numbers of a unit, the largest that does."""
    for decimals in range(_MOST_DECIMALS + 1):
        unit = float(10**decimals)
        whole = np.rint(value * unit)
        same = (whole / unit == value) | np.isnan(value)
        if same.all():
            largest = np.nanmax(np.abs(whole), initial=0.0)
            return (whole, unit) if largest < _MOST else None
    return None
