"""Where a rule is true, and where that begins."""

import numpy as np

from rules.columns.buffers import Flags, Floats, Longs
from rules.columns.cuts import Line
from rules.columns.history.moves import Steps
from rules.columns.history.questions import Question
from rules.columns.history.runs import Runs, first_of_keys

Source = Runs | Steps


def truths_on(line: Line, source: Source) -> Flags:
    """Tell at which runs a line is true; an unknown value is not."""
    truth: Flags | None = None
    for number, is_open in line.bounds:
        passed = source.passed(number, is_open=is_open)
        truth = passed if truth is None else np.logical_xor(truth, passed, out=truth)
    if truth is None:
        truth = np.zeros(len(values_of(source)), dtype=np.bool_)
    if line.base:
        np.logical_not(truth, out=truth)
        if isinstance(source, Steps) or source.unknown:
            truth &= ~np.isnan(values_of(source))
    return truth


def crossed(question: Question, runs: Runs) -> Longs:
    """Give the runs at which the level is crossed, in the ways that count.

    The side is that of the last value that was not the level itself; nulls are passed
    over, and the first value only sets the side.
    """
    level = question.level
    if level is None:
        raise ValueError("A crossing has one level.")
    above = runs.passed(level, is_open=True)
    on_it = runs.passed(level, is_open=False)
    np.not_equal(on_it, above, out=on_it)
    if runs.unknown:
        on_it |= np.isnan(runs.value)
    _keep_side(above, np.flatnonzero(on_it), runs.starts)
    places = changes(above, runs.starts)
    places = places[~_is_first(places, runs.starts)]
    up, down = question.crossing or (False, False)
    if up and down:
        return places
    wanted: Longs = places[above[places] == up]
    return wanted


def entered(truth: Flags, starts: Longs) -> Longs:
    """Give the places at which it is true and was not, at the key's run before."""
    places = changes(truth, starts)
    begun: Longs = places[truth[places]]
    return begun


def changes(truth: Flags, starts: Longs) -> Longs:
    """Give the places of another truth than at the key's run before; false at first."""
    turned = np.empty_like(truth)
    np.not_equal(truth[1:], truth[:-1], out=turned[1:])
    first = first_of_keys(starts)
    turned[first] = truth[first]
    return np.flatnonzero(turned)


def values_of(source: Source) -> Floats:
    """Give what is compared: the values, or the moves between them."""
    return source.moved if isinstance(source, Steps) else source.value


def _keep_side(above: Flags, undecided: Longs, starts: Longs) -> None:
    """Give runs that are on no side that of the run before.

    Those with which a key begins take the side of the first that is on one, so that
    none is crossed.
    """
    if not len(undecided):
        return
    begins = np.diff(undecided, prepend=-2) != 1
    begins |= _is_first(undecided, starts)
    heads = np.flatnonzero(begins)
    lengths = np.diff(np.append(heads, len(undecided)))
    head = undecided[heads]
    opening = _is_first(head, starts)
    after = np.minimum(head + lengths, len(above) - 1)
    side = np.where(opening, above[after], above[head - 1])
    above[undecided] = np.repeat(side, lengths)


def _is_first(places: Longs, starts: Longs) -> Flags:
    """Tell which places are the first of their key."""
    if not len(places):
        return np.zeros(0, dtype=np.bool_)
    following: Longs = np.searchsorted(starts, places)
    first: Flags = starts[np.minimum(following, len(starts) - 1)] == places
    return first
