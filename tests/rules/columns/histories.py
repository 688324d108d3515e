"""Random rules and histories, made to meet: ties, long decimals, nulls, other types."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from random import Random

from rules.engine import Value

SERIES = ("CORE:STOCK", "DEMO:ORDERS")
KEYS = ("A", "B", "C")
FIELDS = ("x", "y", "z")
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "ne")

PLAIN: tuple[int | Decimal, ...] = (
    *range(-3, 4),
    Decimal("0.1"),
    Decimal("0.5"),
    Decimal("1.0"),
    Decimal("-2.50"),
    Decimal("1E+1"),
    Decimal("0.123456789012345"),
    Decimal("-0"),
)
LONG_CONSTANTS: tuple[int | Decimal, ...] = (
    # Share a double with 0.1, from both sides.
    Decimal("0.10000000000000000001"),
    Decimal("0.09999999999999999999"),
    Decimal("0.1000000000000000055511151231257827"),
    # The double after 0.1, its own shortest decimal, and its neighbours.
    Decimal("0.10000000000000002"),
    Decimal("0.100000000000000019"),
    Decimal("0.1000000000000000208"),
    Decimal("1.00000000000000000000"),
    Decimal("1.0000000000000000000001"),
    Decimal("0.9999999999999999999999"),
    2**53,
    2**53 + 1,
    -(2**53) - 1,
    10**15,
    10**30 + 1,
    Decimal("1E-300"),
)
LONG: tuple[int | Decimal, ...] = (
    *LONG_CONSTANTS,
    # The double of 0.1 itself, to the last digit.
    Decimal("0.1000000000000000055511151231257827021181583404541015625"),
    Decimal("1E-400"),
    Decimal("-1E-400"),
    Decimal("1E-310"),
    Decimal("1E+400"),
    Decimal("-1E+400"),
    10**400,
)
OTHER: tuple[Value, ...] = (None, None, None, "0", "", True, False, [1], {"a": 1})


@dataclass(frozen=True)
class Happening:
    """An event, in the engine's words."""

    series: str
    key: str
    fields: dict[str, Value]
    raises: bool


@dataclass(frozen=True)
class Weather:
    """How wild a history is: shares of long numbers, other values and quiet events."""

    long: float
    other: float
    quiet: float
    missing: float


CALM = Weather(long=0, other=0, quiet=0, missing=0)
FAIR = Weather(long=0.02, other=0.02, quiet=0.02, missing=0.2)
WILD = Weather(long=0.3, other=0.15, quiet=0.2, missing=0.4)
WEATHERS = (CALM, FAIR, WILD)


def random_rule(random: Random, weather: Weather) -> dict[str, object]:
    """Write a rule; most watch one place or two, some cannot be indexed."""
    depth = random.choice([0, 0, 1, 1, 2, 4])
    key = random.choice((*KEYS, "*", "*"))
    series = random.choice(SERIES)
    scattered = random.random() < 0.15
    return {
        "kind": "signal",
        "name": "Random",
        "when": _random_node(random, weather, depth, (series, key), scattered),
    }


def random_events(random: Random, weather: Weather, number: int) -> Iterator[Happening]:
    """Send events of one series at a time, in runs, around the thresholds."""
    series = random.choice(SERIES)
    for _ in range(number):
        fields = {
            name: random_value(random, weather)
            for name in (*FIELDS, "unread")
            if random.random() >= weather.missing
        }
        yield Happening(
            series=series,
            key=random.choice(KEYS),
            fields=fields,
            raises=random.random() >= weather.quiet,
        )


def random_value(random: Random, weather: Weather) -> Value:
    """Draw a value."""
    drawn = random.random()
    if drawn < weather.other:
        return random.choice(OTHER)
    if drawn < weather.other + weather.long:
        return random.choice(LONG)
    return random.choice(PLAIN)


def _random_node(
    random: Random,
    weather: Weather,
    depth: int,
    subject: tuple[str, str],
    scattered: bool,
) -> dict[str, object]:
    if depth == 0 or random.random() < 0.15:
        return _random_condition(random, weather, subject, scattered)
    if random.random() < 0.2:
        return {"not": _random_node(random, weather, depth - 1, subject, scattered)}
    members = [
        _random_node(random, weather, depth - 1, subject, scattered)
        for _ in range(random.choice([1, 2, 2, 3]))
    ]
    return {random.choice(["all", "any"]): members}


def _random_condition(
    random: Random, weather: Weather, subject: tuple[str, str], scattered: bool
) -> dict[str, object]:
    number = random.choice(PLAIN)
    if random.random() < max(weather.long, 0.05):
        number = random.choice(LONG_CONSTANTS)
    wanted: object = number
    op = random.choice(OPERATORS)
    if random.random() < 0.03:
        wanted = {"fact": _fact(random, subject)}
    elif random.random() < 0.25:
        op = random.choice(["between", "outside", "in", "nin"])
        wanted = _several(random, number, in_order=op in ("between", "outside"))
    if random.random() < 0.02:
        wanted, op = "0", "eq"
    if scattered:
        subject = (random.choice(SERIES), random.choice((*KEYS, "*")))
    return {"fact": _fact(random, subject), "op": op, "value": wanted}


def _several(
    random: Random, number: int | Decimal, *, in_order: bool
) -> list[int | Decimal]:
    if in_order:
        return sorted([number, random.choice(PLAIN)])
    return [number, *random.choices(PLAIN, k=2)]


def _fact(random: Random, subject: tuple[str, str]) -> str:
    return f"{subject[0]}:{subject[1]}:{random.choice(FIELDS)}"
