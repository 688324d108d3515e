"""From what conditions said at a rule's runs to what it would have done."""

from dataclasses import replace

import numpy as np

from rules.columns.buffers import Flags, Longs
from rules.columns.cuts import Line
from rules.columns.history.answers import Answer
from rules.columns.history.departures import placed
from rules.columns.history.holding import Said, course_of
from rules.columns.history.moves import Steps
from rules.columns.history.questions import Question
from rules.columns.history.records import Records
from rules.columns.history.runs import Runs, in_order
from rules.columns.history.telling import tell_at
from rules.columns.history.together import Together
from rules.columns.history.trees import Tree
from rules.columns.history.truths import (
    Source,
    changes,
    crossed,
    entered,
    truths_on,
    values_of,
)
from rules.engine import Mode, RuleKind


def answer_from(question: Question, source: Source, records: Records) -> Answer | None:
    """Answer from runs, or from the moves between them; none if columns cannot."""
    runs = source.runs if isinstance(source, Steps) else source
    if question.kind is not RuleKind.STATE:
        passes, places = _passes(question, source, runs)
        return _signal(question, runs, passes, places, records)
    truth = truths_on(question.line, source)
    if question.waits:
        ends = None if question.ends is None else _said(question.ends, runs)
        return _waiting(question, runs, records, _said(question.line, runs), ends)
    if question.ends is None:
        return _state(question, runs, truth, _decided(source))
    return _state_ended(question, runs, truth, truths_on(question.ends, runs))


def answer_together(
    question: Question, together: Together, records: Records
) -> Answer | None:
    """Answer for conditions that are joined; none if columns cannot."""
    if question.tree is None:
        raise ValueError("There are no joined conditions.")
    runs = together.runs
    said = _judged(question, together, question.tree, begins=True)
    ends = None
    if question.ends_tree is not None:
        ends = _judged(question, together, question.ends_tree, begins=False)
    found: Answer | None
    if question.kind is not RuleKind.STATE:
        passes, places = _passes_of(question, said.true, runs)
        found = _signal(question, runs, passes, places, records)
    elif question.waits:
        found = _waiting(question, runs, records, said, ends)
    elif ends is None:
        found = _state(question, runs, said.true, said.true | said.false)
    else:
        found = _state_ended(question, runs, said.true, ends.true)
    if found is None:
        return None
    if together.departs is not None:
        lengths = [one.length or 0 for one in question.departing]
        span = max([question.quiet, *lengths])
        found = placed(found, together.departs, records, span)
    return replace(found, together=together)


def _judged(
    question: Question, together: Together, tree: Tree, *, begins: bool
) -> Said:
    """Judge what begins an alert, or what ends it; that a key is quiet ends one."""
    said = Said(*together.judge(tree))
    quiet = together.departs
    if not question.quiet or quiet is None:
        return said
    if begins:
        return Said(said.true & ~quiet, said.false | quiet)
    return Said(said.true | quiet, said.false & ~quiet)


def _signal(
    question: Question,
    runs: Runs,
    passes: Flags | Longs,
    places: Longs,
    records: Records,
) -> Answer:
    ran = None
    if question.mode is Mode.ONCE and len(places):
        passes = places = _first_of(places, runs, records)
        ran = _count_until(int(places[0]), runs, records)
    if question.mode is Mode.ONCE_PER_KEY:
        bounds = np.searchsorted(places, runs.starts)
        places = places[bounds[:-1][bounds[:-1] < bounds[1:]]]
    told, noticed = _tell(question, runs, places)
    return Answer(
        runs=runs,
        passes=passes,
        places=places[noticed],
        begins=np.ones(np.count_nonzero(noticed), dtype=np.bool_),
        told=told[noticed],
        outputs=len(question.outputs),
        ran_until=ran,
    )


def _first_of(places: Longs, runs: Runs, records: Records) -> Longs:
    """Give the first of some places in the lane's order, whatever the key."""
    rows = runs.row[places]
    return places[np.lexsort((records.ord[rows], records.seq[rows]))[:1]]


def _count_until(place: int, runs: Runs, records: Records) -> int:
    """Count the runs up to a place, whatever their key, in the lane's order."""
    seq, ord_ = records.seq[runs.row], records.ord[runs.row]
    until = (seq < seq[place]) | ((seq == seq[place]) & (ord_ <= ord_[place]))
    return int(np.count_nonzero(until))


def _passes(
    question: Question, source: Source, runs: Runs
) -> tuple[Flags | Longs, Longs]:
    """Say where a rule is true, and at which of those runs its mode would tell."""
    is_entering = question.mode is Mode.ON_ENTER
    if question.crossing:
        places = crossed(question, runs)
        if not is_entering:
            return places, places
        truth = np.zeros(len(runs), dtype=np.bool_)
        truth[places] = True
        return places, entered(truth, runs.starts)
    return _passes_of(question, truths_on(question.line, source), runs)


def _passes_of(
    question: Question, truth: Flags, runs: Runs
) -> tuple[Flags | Longs, Longs]:
    if question.mode is Mode.ON_ENTER:
        return truth, entered(truth, runs.starts)
    places = np.flatnonzero(truth)
    return places, places


def _state_ended(
    question: Question, runs: Runs, truth: Flags, ends: Flags
) -> Answer | None:
    """Answer for what ends by a condition of its own, which must not hold with it."""
    if (ends & truth).any():
        return None
    return _state(question, runs, truth, ends | truth)


def _state(
    question: Question, runs: Runs, truth: Flags, decided: Flags | None
) -> Answer:
    """Open where it turns true, resolve where it ends; unknown changes nothing."""
    if decided is None:
        places = changes(truth, runs.starts)
    else:
        known = np.flatnonzero(decided)
        starts = np.searchsorted(known, runs.starts)
        places = known[changes(truth[known], starts)]
    begins = truth[places]
    told = np.zeros(len(places), dtype=np.int64)
    told[begins], _ = _tell(question, runs, places[begins])
    if question.announces:
        # Every resolve follows the opening that it ends.
        ends = np.flatnonzero(~begins)
        told[ends] = told[ends - 1]
    return Answer(
        runs=runs,
        passes=truth,
        places=places,
        begins=begins,
        told=told,
        outputs=len(question.outputs),
    )


def _waiting(
    question: Question, runs: Runs, records: Records, opens: Said, ends: Said | None
) -> Answer:
    """Open where it has lasted, resolve where its end has."""
    holds = (question.hold, question.recover_hold)
    course = course_of(runs, records, opens, ends, holds)
    answer = Answer(
        runs=runs,
        passes=opens.true,
        places=course.places,
        begins=course.begins,
        told=np.zeros(len(course.places), dtype=np.int64),
        outputs=len(question.outputs),
        course=course,
    )
    begun = answer.only(answer.begins)
    bounds = np.searchsorted(begun.places, runs.starts)
    ordered = in_order(begun.at, bounds)
    answer.told[answer.begins], _ = tell_at(question, begun.at, bounds, ordered)
    if question.announces:
        ended = np.flatnonzero(~answer.begins)
        answer.told[ended] = answer.told[ended - 1]
    return answer


def _said(line: Line, runs: Runs) -> Said:
    true = truths_on(line, runs)
    return Said(true, ~true & ~np.isnan(runs.value))


def _decided(source: Source) -> Flags | None:
    """Tell which runs are true or false; none if all of them are."""
    if isinstance(source, Runs) and not source.unknown:
        return None
    return ~np.isnan(values_of(source))


def _tell(question: Question, runs: Runs, places: Longs) -> tuple[Longs, Flags]:
    """Say which outputs are told at some runs, and at which anybody is, or the feed."""
    bounds = np.searchsorted(places, runs.starts)
    return tell_at(question, runs.at[places], bounds, runs.in_order)
