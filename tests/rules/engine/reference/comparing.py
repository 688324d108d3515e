"""Two values compared, in the plainest way; numbers as fractions."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.rules.engine.reference.reading import every


def is_number(value: object) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | Decimal | Fraction) and not isinstance(value, bool)


def said(truth: object) -> str:
    """Say true or false."""
    return "true" if truth else "false"


def side(value: Any, level: Any) -> int | None:
    """Tell below (-1), on (0) or above (1); unknown for what are no numbers."""
    if not (is_number(value) and is_number(level)):
        return None
    apart = Fraction(value) - Fraction(level)
    return (apart > 0) - (apart < 0)


def side_in(known: list[Any], level: Any) -> int | None:
    """Go back over what is on the level to the first that is not."""
    for value in reversed(known):
        found = side(value, level)
        if found != 0:
            return found
    return None


def rises(value: Any, base: Any, op: str, by: Any) -> str:
    """Tell whether a number moved as far as asked, from the value before."""
    if not (is_number(value) and is_number(base)):
        return "unknown"
    moved = Fraction(value) - Fraction(base)
    if isinstance(by, str):
        if base == 0:
            return "unknown"
        moved = moved / abs(Fraction(base)) * 100
        by = by.rstrip("% ")
    moved = {"rise": moved, "fall": -moved, "change": abs(moved)}[op]
    return said(moved >= Fraction(str(by)))


def alike(one: Any, other: Any) -> bool:
    """Tell whether two values are one; types do not convert, inside lists neither."""
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(alike, one, other))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def folded(value: Any) -> Any:
    """Fold the case of a text, or of each text in a list."""
    if isinstance(value, list):
        return [folded(one) for one in value]
    return value.casefold() if isinstance(value, str) else value


def instant(value: Any) -> datetime | None:
    """Read a time as ISO writes it, naive ones as UTC."""
    if not isinstance(value, str) or len(value) < len("2026-01-01"):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def changed(now: Any, before: Any, op: str, wanted: Any) -> str:
    """Tell whether a value is another one than before, and the one that is wanted."""
    if now is None or before is None:
        return "unknown"
    moved = not alike(now, before)
    if op == "changed":
        return said(moved)
    if op == "changed_to":
        return said(moved and alike(now, wanted))
    if not isinstance(now, bool) or not isinstance(before, bool):
        return "unknown"
    return said(moved and now == (op == "becomes_true"))


def compare(left: Any, op: str, right: Any, at: datetime) -> str:
    """Compare two values; unknown unless both are known and of one kind."""
    op = {">": "gt", "<": "lt", ">=": "gte", "<=": "lte"}.get(op, op)
    op = {"==": "eq", "=": "eq", "!=": "ne", "<>": "ne"}.get(op, op)
    if op in NEGATED:
        return OPPOSITE[compare(left, NEGATED[op], right, at)]
    if op in ASKED:
        return ASKED[op](left, right)
    if op in TIMES:
        return compare_times(left, op, right, at)
    return compare_plainly(left, op, right)


def compare_plainly(left: Any, op: str, right: Any) -> str:
    """Order or equate two values."""
    if isinstance(left, bool) and isinstance(right, bool):
        ordered = None
    elif is_number(left) and is_number(right):
        left, right = Fraction(left), Fraction(right)
        ordered = {"gt": left > right, "lt": left < right}
        ordered |= {"gte": not ordered["lt"], "lte": not ordered["gt"]}
    elif isinstance(left, str) and isinstance(right, str):
        ordered = None
    else:
        return "unknown"
    if op in ("eq", "ne"):
        return said((left == right) == (op == "eq"))
    return "unknown" if ordered is None else said(ordered[op])


def compare_range(left: Any, ends: Any) -> str:
    """Tell whether a number, or a time, lies between two, the ends included."""
    if isinstance(left, str):
        left, *ends = map(instant, (left, *ends))
        if left is None or None in ends:
            return "unknown"
    elif not all(map(is_number, (left, *ends))):
        return "unknown"
    return said(ends[0] <= left <= ends[1])


def compare_several(left: Any, right: Any) -> str:
    """Tell whether a value is one of several, all of one kind."""
    if compare_plainly(left, "eq", right[0]) == "unknown":
        return "unknown"
    return said(any(alike(left, one) for one in right))


def of_texts(holds: Callable[[str, str], object]) -> Callable[[Any, Any], str]:
    """Ask of two texts; unknown of anything else."""

    def ask(left: Any, right: Any) -> str:
        if not isinstance(left, str) or not isinstance(right, str):
            return "unknown"
        return said(holds(left, right))

    return ask


def of_list(holds: Callable[[list[bool]], bool]) -> Callable[[Any, Any], str]:
    """Ask of what a list holds of several things."""

    def ask(left: Any, right: Any) -> str:
        if not isinstance(left, list):
            return "unknown"
        return said(holds([any(alike(item, one) for item in left) for one in right]))

    return ask


def has(left: Any, right: Any) -> str:
    """Tell whether a list holds an item, or a text a part."""
    if isinstance(left, list):
        return said(any(alike(item, right) for item in left))
    return of_texts(lambda whole, part: part in whole)(left, right)


def is_empty(left: Any, _right: Any) -> str:
    """Tell whether there is nothing in it."""
    return said(not left) if isinstance(left, str | list | dict) else "unknown"


def has_key(left: Any, right: Any) -> str:
    """Tell whether an object has a member."""
    return said(right in left) if isinstance(left, dict) else "unknown"


def has_at_least(left: Any, right: Any) -> str:
    """Tell whether there are so many."""
    return said(len(left) >= right) if isinstance(left, list | dict) else "unknown"


ASKED: Mapping[str, Callable[[Any, Any], str]] = {
    "between": compare_range,
    "in": compare_several,
    "contains": has,
    "starts_with": of_texts(lambda left, right: left[: len(right)] == right),
    "ends_with": of_texts(lambda left, right: left[::-1][: len(right)] == right[::-1]),
    "matches": of_texts(lambda left, right: re.search(right, left)),
    "empty": is_empty,
    "contains_any": of_list(any),
    "contains_all": of_list(all),
    "contains_none": of_list(lambda held: not any(held)),
    "has_key": has_key,
    "has_at_least": has_at_least,
}
NEGATED = {
    "outside": "between",
    "nin": "in",
    "not_contains": "contains",
    "not_empty": "empty",
}
OPPOSITE = {"true": "false", "false": "true", "unknown": "unknown"}
TIMES = (
    *("before", "after", "within_last", "more_than_ago"),
    *("day_of_week", "time_of_day"),
)


def compare_times(left: Any, op: str, right: Any, at: datetime) -> str:
    """Compare the instant that a text spells."""
    moment = instant(left)
    if moment is None:
        return "unknown"
    if op in ("before", "after"):
        other = instant(right)
        if other is None:
            return "unknown"
        return said(moment < other if op == "before" else moment > other)
    if op == "within_last":
        return said(at - every(right) < moment <= at)
    if op == "more_than_ago":
        return said(moment < at - every(right))
    return said(falls_on(moment.astimezone(UTC), op, right))


def falls_on(moment: datetime, op: str, wanted: Any) -> bool:
    """Tell whether a moment falls on a day, or into hours of it."""
    if op == "day_of_week":
        return moment.strftime("%a").lower() in wanted
    (start, end), clock = wanted, moment.strftime("%H:%M")
    if start < end:
        return bool(start <= clock < end)
    return bool(clock >= start or clock < end)
