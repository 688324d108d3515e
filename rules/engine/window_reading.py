"""Reading the window over which the left side of a condition is taken."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from rules.engine.durations import render_duration
from rules.engine.grids import is_of_days
from rules.engine.operand_reading import read_zone
from rules.engine.operands import Constant, Constants, Wanted
from rules.engine.operators import Operator, Option
from rules.engine.places import Place
from rules.engine.values import Value, is_number
from rules.engine.windows import (
    LEAST_BASELINE,
    LONGEST_WINDOW,
    MAX_MEMBERS,
    SHORTEST_TUMBLING,
    USUAL_BASELINE,
    Shape,
    Take,
    Trace,
    Window,
)

_MEMBERS = ("take", "window", "length", "last", "zone")
_BASELINE = ("length", "last", "at_least")


def read_window(operator: Operator, members: Mapping[str, Place]) -> Window | None:
    """Read ``over`` or ``within``; ``None`` without, and once a problem is noted."""
    if "within" in members:
        return _read_within(operator, members)
    if "over" not in members:
        return None
    if operator.deviates:
        return _read_baseline(members["over"])
    return _read_over(operator, members["over"])


def _read_over(operator: Operator, place: Place) -> Window | None:
    """Read over what the left side is taken."""
    if not operator.measures:
        place.refuse(
            "useless_member",
            f'"{operator.id}" cannot be asked of a window; compare its number, as with'
            " gt, lte or between.",
        )
        return None
    said = place.members(_MEMBERS)
    if said is None:
        return None
    if "take" not in said:
        place.refuse("missing", f'Say what to take: {{"take": "{Take.AVG}"}}.')
        return None
    take = said["take"].choice(Take)
    return None if take is None else _read_extent(place, said, take)


def _read_within(operator: Operator, members: Mapping[str, Place]) -> Window | None:
    """Read how far back the extremes lie from which a move is measured."""
    place = members["within"]
    if not operator.reaches:
        place.refuse(
            "useless_member",
            f'"{operator.id}" has no use for "within"; leave it out.',
        )
        return None
    for other in ("over", Option.SINCE):
        if other in members:
            members[other].refuse(
                "useless_member",
                f'A move within a stretch of time is no other; leave out "{other}".',
            )
    length = read_length(place)
    return None if length is None else Window(take=Trace.EXTREMES, length=length)


def _read_baseline(place: Place) -> Window | None:
    """Read the values beside which one may be unusual, and how many there must be."""
    said = place.members(_BASELINE)
    if said is None or not _has_one_extent(place, said):
        return None
    last = read_last(said["last"], least=LEAST_BASELINE) if "last" in said else 0
    length = read_length(said["length"]) if "length" in said else None
    if last is None or ("length" in said and length is None):
        return None
    most = last or MAX_MEMBERS
    at_least: int | None = min(USUAL_BASELINE, most)
    if "at_least" in said:
        at_least = read_last(said["at_least"], least=LEAST_BASELINE, most=most)
    if at_least is None:
        return None
    return Window(take=Trace.BASELINE, length=length, last=last, at_least=at_least)


def refuse_no_number(wanted: Wanted, members: Mapping[str, Place]) -> None:
    """Refuse what the number that is taken over a window cannot be compared with."""
    for name in Option:
        if name in members:
            members[name].refuse(
                "useless_member",
                f'What is taken over a window is a number; leave out "{name}".',
            )
    if isinstance(wanted, Constant):
        values: Sequence[Value] = [wanted.value]
    else:
        values = wanted.values if isinstance(wanted, Constants) else []
    if not all(map(is_number, values)):
        members["value"].refuse(
            "wrong_type",
            "What is taken over a window is a number; compare it with a number.",
        )


def _read_extent(place: Place, said: Mapping[str, Place], take: Take) -> Window | None:
    """Read how far a window reaches: a length of time, or so many values."""
    if not _has_one_extent(place, said):
        return None
    if "last" in said:
        return _read_last(said, take)
    length = read_length(said["length"])
    shape: Shape | None = Shape.SLIDING
    if "window" in said:
        shape = said["window"].choice(Shape)
    if length is None or shape is None:
        return None
    if shape is Shape.TUMBLING and length < SHORTEST_TUMBLING:
        said["length"].refuse(
            "bad_window",
            "Windows that follow one another are each at least"
            f" {render_duration(SHORTEST_TUMBLING)} long.",
        )
        return None
    zone = _read_zone(said, shape, length)
    if zone is None:
        return None
    return Window(take=take, shape=shape, length=length, zone=zone)


def _read_zone(
    said: Mapping[str, Place], shape: Shape, length: timedelta
) -> str | None:
    """Read in which zone days begin; blank is the dataset's."""
    if "zone" not in said:
        return ""
    if shape is Shape.TUMBLING and is_of_days(length):
        return read_zone(said["zone"])
    said["zone"].refuse(
        "useless_member",
        "Only tumbling windows of whole days begin at midnight somewhere; leave out"
        ' "zone".',
    )
    return None


def _has_one_extent(place: Place, said: Mapping[str, Place]) -> bool:
    if ("last" in said) != ("length" in said):
        return True
    place.refuse(
        "bad_window",
        'Say how far the window reaches: either "length", as "1h", or "last", as'
        " 20 for the last 20 values.",
    )
    return False


def _read_last(said: Mapping[str, Place], take: Take) -> Window | None:
    last = read_last(said["last"])
    for name in ("window", "zone"):
        if name in said:
            said[name].refuse(
                "useless_member",
                "The last values of a key lie in no window of time; leave out"
                f' "{name}".',
            )
            return None
    return None if last is None else Window(take=take, last=last)


def read_length(place: Place) -> timedelta | None:
    """Read how long a window is."""
    length = place.duration()
    if length is None:
        return None
    if not timedelta() < length <= LONGEST_WINDOW:
        place.refuse(
            "bad_window",
            "A window is longer than 0 and at most"
            f" {render_duration(LONGEST_WINDOW)} long.",
        )
        return None
    return length


def read_last(place: Place, *, least: int = 1, most: int = MAX_MEMBERS) -> int | None:
    """Read of how many values a window is."""
    value = place.value
    if isinstance(value, int) and value is not True and least <= value <= most:
        return value
    place.refuse("bad_count", f"Give a whole number from {least} to {most}.")
    return None
