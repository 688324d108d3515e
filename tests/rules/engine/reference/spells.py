"""What is to be true for some time or at several events: asked of all the runs anew."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tests.rules.engine.reference.comparing import said
from tests.rules.engine.reference.reading import every

MODIFIERS = ("held", "times", "of_last")


class Seen(NamedTuple):
    """A moment at which a node was judged; timers are no events."""

    at: datetime
    truth: str
    is_event: bool


class Course(NamedTuple):
    """What an event said of the steps of a sequence, and of what must not come."""

    at: datetime
    steps: tuple[str, ...]
    between: str


class Begun(NamedTuple):
    """A beginning of a sequence, the number of steps done, and whether surely so."""

    at: datetime
    done: int
    is_sure: bool


class Answer(NamedTuple):
    """What is true, and when time alone may change it; ``ends`` take something away."""

    truth: str
    wakes: Sequence[datetime] = ()
    ends: Sequence[datetime] = ()


def ask(name: str, wanted: Any, seen: list[Seen]) -> Answer:
    """Judge a modifier over all moments, the newest last."""
    if name == "held":
        return held(seen, wanted)
    return counted(seen, wanted) if name == "times" else of_last(seen, wanted)


def held(seen: list[Seen], wanted: Any) -> Answer:
    """Go through all moments: false begins anew, unknown says nothing."""
    since, is_long, was_long = None, False, False
    for at, truth, _ in seen:
        was_long = is_long
        if truth == "false":
            since, is_long = None, False
        elif truth == "true":
            since = since or at
            is_long = is_long or at - since >= every(wanted)
    if seen[-1].truth != "true" or since is None:
        return Answer(seen[-1].truth)
    return Answer(said(is_long), [] if was_long else [since + every(wanted)])


def counted(seen: list[Seen], wanted: Any) -> Answer:
    """Count the events within the span, those that may be some of them too."""
    kept = within(seen, wanted)
    at, before = seen[-1].at, ends(within(seen[:-1], wanted), wanted)
    true = sum(one.truth == "true" for one in kept)
    return Answer(
        enough(true, len(kept), wanted["at_least"]),
        ends=[*ends(kept, wanted), *(end for end in before if end == at)],
    )


def within(seen: list[Seen], wanted: Any) -> list[Seen]:
    """Forget, moment by moment, what lies before the span."""
    kept: list[Seen] = []
    for one in seen:
        if one.is_event and one.truth != "false":
            kept.append(one)
        latest = max([one.at, *(other.at for other in kept)])
        kept = [each for each in kept if each.at > latest - every(wanted["within"])]
    return kept


def ends(kept: list[Seen], wanted: Any) -> list[datetime]:
    """Give the instants at which too few are left."""
    found = []
    for truths in (("true",), ("true", "unknown")):
        times = sorted(one.at for one in kept if one.truth in truths)
        if len(times) >= wanted["at_least"]:
            found.append(times[-wanted["at_least"]] + every(wanted["within"]))
    return found


def of_last(seen: list[Seen], wanted: Any) -> Answer:
    """Count among the last events."""
    truths = [one.truth for one in seen if one.is_event][-wanted["of"] :]
    may_be = len(truths) - truths.count("false")
    return Answer(enough(truths.count("true"), may_be, wanted["at_least"]))


def in_sequence(seen: list[Course], within: Any) -> str:
    """Follow every beginning through all events, however it may go on."""
    begun: set[Begun] = set()
    answer = "false"
    for at, steps, between in seen:
        begun = {one for one in begun if one.at > at - every(within)}
        ended = {
            one.is_sure and steps[-1] == "true"
            for one in begun
            if one.done == len(steps) - 1 and steps[-1] != "false"
        }
        answer = "true" if True in ended else "unknown" if ended else "false"
        begun = go_on(begun, steps, between)
        if steps[0] != "false":
            begun.add(Begun(at, 1, steps[0] == "true"))
    return answer


def go_on(begun: set[Begun], steps: tuple[str, ...], between: str) -> set[Begun]:
    """Let each beginning wait, and let it take its next step too if that is so."""
    after = set()
    for one in begun if between != "true" else ():
        left = one._replace(is_sure=one.is_sure and between == "false")
        after.add(left)
        if left.done < len(steps) - 1 and steps[left.done] != "false":
            sure = left.is_sure and steps[left.done] == "true"
            after.add(Begun(left.at, left.done + 1, sure))
    return after


def enough(true: int, may_be: int, wanted: int) -> str:
    """Tell whether there are enough; unknown where it hangs on what is unknown."""
    if true >= wanted:
        return "true"
    return "unknown" if may_be >= wanted else "false"
