"""Signal rules: an alert per qualifying event, and no lifecycle."""

from dataclasses import replace

from rules.engine.cooldowns import (
    FEED,
    feed_cool_down,
    is_over,
    outputs_to_tell,
    tell,
)
from rules.engine.instances import Instance
from rules.engine.runs import Outcome, Run
from rules.engine.specification import Mode
from rules.engine.transitions import TransitionKind

_WAS_TRUE = "was_true"


def run_signal(run: Run) -> Outcome:
    """Run a signal rule.

    1. If its conditions are true, the rule passes.
    2. In mode ``on_enter`` a pass is told only if the run before was false or unknown.
    3. A pass is told to each output whose cool-down is over; the feed counts as one.
    4. If at least one is told, the pass raises an alert; otherwise it is only counted.
    """
    instance = _remember(run)
    if not _is_to_be_told(run):
        return Outcome(instance=instance, counts=run.count())
    outputs = run.specification.outputs
    told = outputs_to_tell(outputs, instance.told, run.at)
    feed = is_over(feed_cool_down(outputs), instance.told.get(FEED), run.at)
    if not told and not feed:
        return Outcome(instance=instance, counts=run.count())
    noted = (*told, FEED) if feed else told
    return Outcome(
        instance=replace(
            instance,
            version=run.rule.version,
            told=tell(instance.told, noted, run.at),
        ),
        counts=run.count(sent=bool(told)),
        transition=run.transition(TransitionKind.RAISED, told=told),
    )


def _is_to_be_told(run: Run) -> bool:
    if run.verdict.truth is not True:
        return False
    return run.specification.mode is Mode.EVERY_MATCH or not _was_true(run)


def _was_true(run: Run) -> bool:
    return run.instance.memory.get(_WAS_TRUE) is True


def _remember(run: Run) -> Instance:
    """Keep, for ``on_enter``, whether this run was true."""
    is_true = run.verdict.truth is True
    if run.specification.mode is not Mode.ON_ENTER or is_true is _was_true(run):
        return run.instance
    memory = {_WAS_TRUE: True} if is_true else {}
    return replace(run.instance, version=run.rule.version, memory=memory)
