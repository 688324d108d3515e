"""Random rules of the kinds that columns answer for, and values that meet them."""

from decimal import Decimal
from functools import partial
from random import Random

from rules.engine import Value

SERIES = "CORE:STOCK"
LEVELS: tuple[int | Decimal, ...] = (
    0,
    1,
    2,
    Decimal("0.5"),
    Decimal("1.0"),
    -1,
    Decimal("0.10"),
)
LONG: tuple[int | Decimal, ...] = (
    Decimal("1.00000000000000000001"),
    Decimal("0.99999999999999999999"),
    Decimal("0.1000000000000000055511151231257827"),
    2**53 + 1,
    Decimal("1E-320"),
    10**400,
)
ODD: tuple[Value, ...] = ("1", True, [1])
OPERATORS = ("gt", "gte", "lt", "lte", "eq", "ne", "between", "outside", "in", "nin")
CROSSINGS = ("cross_up", "cross_down", "cross")
MOVES = ("rise", "fall", "change")


def random_condition(random: Random) -> dict[str, object]:
    key = random.choice(["*", "*", "A"])
    fact = f"{SERIES}:{key}:x"
    op = random.choice([*OPERATORS, *CROSSINGS * 2, *MOVES * 2])
    levels = [*LEVELS, *(LONG[:3] if random.random() < 0.3 else ())]
    if op in MOVES:
        amount = random.choice([1, Decimal("0.5"), "50%", "100%", "12.5%"])
        return {"fact": fact, "op": op, "by": amount}
    if op in ("between", "outside", "in", "nin"):
        return {"fact": fact, "op": op, "value": sorted(random.sample(levels, 2))}
    return {"fact": fact, "op": op, "value": random.choice(levels)}


def random_rule(random: Random) -> dict[str, object]:
    condition: dict[str, object] = random_condition(random)
    is_state = random.random() < 0.3
    rule: dict[str, object] = {
        "kind": "state" if is_state else "signal",
        "name": "A rule",
        "when": {"not": condition} if random.random() < 0.15 else condition,
        "outputs": [
            {"output": name, "at_most_every": random.choice([0, 5, 30, 90])}
            for name in random.choice([(), ("mail",), ("mail", "hook")])
        ],
    }
    raising: dict[str, object] = {}
    if is_state:
        raising["resolved"] = random.random() < 0.5
        if condition["op"] == "gte" and random.random() < 0.5:
            below = {**condition, "op": "lt", "value": -1}
            rule["recover"] = {"when": below}
    else:
        modes = ["every_match", "every_match", "on_enter", "once_per_key", "once"]
        raising["mode"] = random.choice(modes)
    if random.random() < 0.15:
        raising["only_new"] = True
    return {**rule, "raise": raising}


def random_waiting_rule(random: Random) -> dict[str, object]:
    """Write a state rule of which something has to last."""
    draw = random.choice([random_rule, random_joined_rule])
    rule = {**draw(random), "kind": "state", "raise": {"resolved": True}}
    recover = rule.pop("recover", {})
    assert isinstance(recover, dict)
    spans = ["0s", "1s", "3s", "5s", "24s", "200s"]
    return {
        **rule,
        "hold": random.choice(spans),
        "recover": {**recover, "hold": random.choice(spans)},
    }


def random_tree(random: Random, key: str, depth: int) -> dict[str, object]:
    """Join plain conditions on two fields of a key."""
    drawn = random.random()
    if depth and drawn < 0.15:
        return {"not": random_tree(random, key, depth - 1)}
    if depth and drawn < 0.8:
        members = [
            random_tree(random, key, depth - 1) for _ in range(random.randint(1, 3))
        ]
        return {random.choice(["all", "any"]): members}
    op, levels = random.choice(OPERATORS), [*LEVELS, LONG[0]]
    value: object = random.choice(levels)
    if random.random() < 0.25:
        return random_beside(random, key)
    if random.random() < 0.1:
        op = random.choice(["is_present", "is_missing"])
        return {"fact": f"{SERIES}:{key}:{random.choice('xyw')}", "op": op}
    if random.random() < 0.15:
        return random_of_words(random, key)
    if op in ("between", "outside", "in", "nin"):
        value = sorted(random.sample(levels, 2))
    return {"fact": f"{SERIES}:{key}:{random.choice('xy')}", "op": op, "value": value}


def random_beside(random: Random, key: str) -> dict[str, object]:
    """Ask one field against another, or what is made of that."""
    ways: list[dict[str, object]] = [
        {},
        {"times": Decimal("0.5")},
        {"plus": 1},
        {"times": 3, "plus": LONG[0]},
    ]
    field, other = random.sample("xy", 2)
    beside = random.choice([key, key, "B"]) if key == "*" else key
    return {
        "fact": f"{SERIES}:{key}:{field}",
        "op": random.choice(OPERATORS[:6]),
        "value": {"fact": f"{SERIES}:{beside}:{other}", **random.choice(ways)},
    }


def random_of_words(random: Random, key: str) -> dict[str, object]:
    """Ask about a text, or whether something is so."""
    asked: dict[str, object] = random.choice(
        [
            {"op": "eq", "value": "up"},
            {"op": "ne", "value": "up"},
            {"op": "eq", "value": random.choice([True, False])},
            {"op": "in", "value": ["up", "down"]},
            {"op": "nin", "value": ["up", "down"], "ignore_case": True},
            {"op": "eq", "value": "down", "ignore_case": True},
            {"op": "contains", "value": "ow"},
            {"op": "starts_with", "value": "u"},
        ]
    )
    return {"fact": f"{SERIES}:{key}:w", **asked}


TAKES = (
    *("avg", "min", "max", "sum", "count", "stddev", "first", "last", "change"),
    "distinct",
)


def random_window(random: Random, key: str) -> dict[str, object]:
    """Ask about a window: what is taken of it, a move in it, or a new extreme."""
    fact = {"fact": f"{SERIES}:{key}:{random.choice('xxy')}"}
    length = random.choice(["1s", "5s", "24s", "200s", "1h"])
    drawn = random.random()
    if drawn < 0.2:
        amount = random.choice([1, Decimal("0.5"), "50%", "100%", "12.5%"])
        return {**fact, "op": random.choice(MOVES), "by": amount, "within": length}
    if drawn < 0.3:
        return {
            **fact,
            "op": random.choice(["new_high", "new_low"]),
            "within": length,
        }
    reach: dict[str, object] = random.choice(
        [{"length": length}, {"last": random.randint(1, 5)}]
    )
    if drawn < 0.45:
        return {**fact, **random_unusual(random, length)}
    over: dict[str, object] = {"take": random.choice(TAKES), **reach}
    op, value = random.choice(OPERATORS), random.choice([*LEVELS, *LEVELS, 3, LONG[0]])
    wanted: object = value
    if op in ("between", "outside", "in", "nin"):
        wanted = sorted(random.sample([*LEVELS, 3], 2))
    return {**fact, "op": op, "value": wanted, "over": over}


def random_unusual(random: Random, length: str) -> dict[str, object]:
    """Ask whether a value lies far off those before it."""
    reach: dict[str, object] = random.choice(
        [{"length": length}, {"last": random.randint(3, 6)}]
    )
    asked: dict[str, object] = {
        "op": "anomaly",
        "value": random.choice([1, 2, Decimal("0.5"), Decimal("0.6745"), 3]),
        "over": {"at_least": 3, **reach},
    }
    if random.random() < 0.5:
        asked["direction"] = random.choice(["above", "below", "either"])
    if random.random() < 0.4:
        asked["by"] = random.choice([1, Decimal("0.5"), "50%", "12.5%"])
    return asked


def random_windowed_rule(random: Random) -> dict[str, object]:
    """Write a rule about a window, alone or beside plain conditions."""
    key = random.choice(["*", "*", "A"])
    rule = {**random_rule(random), "when": random_window(random, key)}
    rule.pop("recover", None)
    if random.random() < 0.3:
        rule |= {"kind": "state", "raise": {"resolved": True}}
    if random.random() < 0.4:
        others = [random_window(random, key), random_tree(random, key, 1)]
        members = [rule["when"], random.choice(others)]
        rule["when"] = {random.choice(["all", "any"]): members}
    if random.random() < 0.1:
        rule["when"] = {"not": rule["when"]}
    if rule["kind"] == "state" and random.random() < 0.4:
        rule["recover"] = {"when": random_window(random, key)}
    if rule["kind"] == "state" and random.random() < 0.15:
        rule["hold"] = random.choice(["1s", "5s", "24s"])
    return rule


def random_average(random: Random) -> dict[str, object]:
    """Write a rule that compares what is taken of a window with one level."""
    key = random.choice(["*", "*", "A"])
    over: dict[str, object] = {"take": random.choice(TAKES)}
    over |= random.choice([{"length": random.choice(["5s", "24s"])}, {"last": 3}])
    compared = {"op": random.choice(OPERATORS[:4]), "value": random.choice(LEVELS)}
    rule = random_rule(random)
    rule.pop("recover", None)
    return {**rule, "when": {"fact": f"{SERIES}:{key}:x", "over": over, **compared}}


def random_repeated_rule(random: Random) -> dict[str, object]:
    """Write a rule of what must be so at several events, or one after the other."""
    key = random.choice(["*", "*", "A"])
    rule = {**random_rule(random), "when": random_spell(random, key, 2)}
    rule.pop("recover", None)
    if rule["kind"] == "state" and random.random() < 0.3:
        rule["hold"] = random.choice(["1s", "5s", "24s"])
    return rule


def random_spell(random: Random, key: str, depth: int) -> dict[str, object]:
    """Ask something over time of conditions, some of which ask so as well."""

    def inside() -> dict[str, object]:
        if depth and random.random() < 0.2:
            return random_spell(random, key, depth - 1)
        draw = random_window if random.random() < 0.1 else partial(random_tree, depth=1)
        return draw(random, key)

    span = random.choice(["3s", "5s", "24s", "200s"])
    drawn = random.random()
    if drawn < 0.3:
        times = {"at_least": random.randint(1, 4), "within": span}
        return {"all": [inside()], "times": times}
    if drawn < 0.6:
        of_last = {"at_least": random.randint(1, 2), "of": random.randint(2, 5)}
        return {"any": [inside()], "of_last": of_last}
    if drawn < 0.7:
        return {"not": random_spell(random, key, 0)}
    steps = [inside() for _ in range(random.randint(2, 3))]
    between = {"without": inside()} if random.random() < 0.4 else {}
    return {"sequence": steps, "within": span, **between}


def random_resting_rule(random: Random) -> dict[str, object]:
    """Write a rule that watches at some hours of some days, or until some day."""
    draw = random.choice([random_rule, random_joined_rule, random_windowed_rule])
    rule = draw(random)
    hours = random.choice(["14:00-14:35", "09:30-09:34", "23:00-15:00", "15:30-01:30"])
    zone = random.choice(["UTC", "America/New_York", "Asia/Kathmandu"])
    active: dict[str, object] = {"hours": hours, "zone": zone}
    if random.random() < 0.3:
        active["days"] = random.choice(["mon-fri", "tue-sun"])
    if random.random() < 0.2:
        active["holidays"] = ["2026-03-02"]
    if random.random() < 0.8:
        rule["active"] = active
    if random.random() < 0.4:
        rule["expires_at"] = "2026-03-02T14:36:00Z"
    return rule


def random_silent_rule(random: Random) -> dict[str, object]:
    """Write a rule on keys of which nothing is heard."""
    key = random.choice(["*", "*", "A"])
    rule = {**random_rule(random), "when": random_silence(random, key)}
    rule.pop("recover", None)
    return rule


def random_silence(random: Random, key: str) -> dict[str, object]:
    span = random.choice(["1s", "5s", "24s", "90s", "200s"])
    return {"fact": f"{SERIES}:{key}:x", "op": "silent", "value": span}


def random_joined_rule(random: Random) -> dict[str, object]:
    """Write a rule of joined conditions, and maybe of others that end it."""
    key = random.choice(["*", "*", "A"])
    rule = {**random_rule(random), "when": random_tree(random, key, 3)}
    rule.pop("recover", None)
    if rule["kind"] == "state" and random.random() < 0.5:
        after = random.choice(["1s", "5s", "24s", "200s"])
        rule["no_data"] = {"after": after, "then": random.choice(["keep", "resolve"])}
    if rule["kind"] == "state" and random.random() < 0.4:
        rule["recover"] = {"when": random_tree(random, key, 1)}
    return rule


def random_word(random: Random, *, is_wild: bool) -> Value:
    words: tuple[Value, ...] = ("up", "up", "down", "Down", "", True, False, None)
    if is_wild and random.random() < 0.2:
        strangers: tuple[Value, ...] = (1, Decimal("0.5"), [1], "up" * 200)
        return random.choice(strangers)
    return random.choice(words)


def random_value(random: Random, *, is_wild: bool) -> Value:
    if random.random() < 0.08:
        return None
    if is_wild and random.random() < 0.2:
        return random.choice((*LONG, *LONG, *ODD))
    return random.choice((*LEVELS, *LEVELS, -2, 3, Decimal("0.11")))
