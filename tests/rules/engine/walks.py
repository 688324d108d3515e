"""Rules around values that wander, so that they fire, end and cool down repeatedly.

Hypothesis alone favours small examples, in which little happens.
"""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from rules.engine import Value
from tests.rules.engine.strategies import Put, Remove, Sent, modified, workable

KEYS = ("A", "B")
RULES = range(1, 5)
CROSSINGS = ("cross_up", "cross_down", "cross", "cross")


def happenings(random: Random, *, number: int) -> Iterator[Put | Remove | Sent]:
    """Turn on some rules, then send events among which rules are changed."""
    rules = {rule_id: random_rule(random) for rule_id in RULES}
    for rule_id, definition in rules.items():
        yield Put(rule_id, definition)
    values = {(key, field): 0 for key in KEYS for field in "xy"}
    for _ in range(number):
        if random.random() < 0.05:
            yield random_change(random, rules)
        yield random_event(random, values)


def random_change(random: Random, rules: dict[int, dict[str, object]]) -> Put | Remove:
    """Turn a rule off, write it anew, or edit only its outputs."""
    rule_id = random.choice(RULES)
    if random.random() < 0.3:
        return Remove(rule_id)
    if random.random() < 0.3:
        rules[rule_id] = random_rule(random)
    rules[rule_id] = {**rules[rule_id], "outputs": random_outputs(random)}
    return Put(rule_id, rules[rule_id])


def random_rule(random: Random) -> dict[str, object]:
    """Write a rule of either kind that can work."""
    return workable(random_definition(random))


def random_definition(random: Random) -> dict[str, object]:
    """Write a definition; two in three watch one condition or two."""
    kind = random.choice(["signal", "state"])
    modes = ["every_match", "on_enter", "again_if_moved", "once_per_key", "once"]
    raising: dict[str, object] = {"mode": random.choice(modes)}
    if raising["mode"] == "again_if_moved":
        raising["again_if_moved"] = random.choice([1, 2, "50%"])
    terms: dict[str, object] = {}
    if random.random() < 0.3:
        worse = random.sample(["critical", "warning", "info"], random.choice([1, 2]))
        terms["ladder"] = [
            {"when": random_node(random, depth=1), "is": one} for one in worse
        ]
    if kind == "state":
        raising = {"resolved": random.random() < 0.8}
        if random.random() < 0.4:
            raising["mode"] = "on_window_close"
        if random.random() < 0.3:
            raising["remind_every"] = random.choice(["1m", "100s"])
        if random.random() < 0.3:
            raising["again_if_moved"] = random.choice([1, 2, "50%"])
        terms |= random_terms(random)
    return {
        **terms,
        "kind": kind,
        "name": "Wandering",
        "when": random_node(random, depth=random.choice([0, 1, 3])),
        "raise": raising,
        "outputs": random_outputs(random),
    }


def random_terms(random: Random) -> dict[str, object]:
    """Say how long things must hold, what ends them, and what of silence."""
    terms: dict[str, object] = {"hold": random.choice(["0s", "0s", "10s", "40s"])}
    if random.random() < 0.5:
        terms["recover"] = {"hold": random.choice(["0s", "20s"])}
    if random.random() < 0.2:
        terms["recover"] = {"when": random_condition(random), "hold": "10s"}
    if random.random() < 0.3:
        then = random.choice(["alert", "resolve", "keep"])
        terms["no_data"] = {"after": random.choice(["25s", "50s"]), "then": then}
    if random.random() < 0.1:
        terms["active"] = {"hours": "14:31-14:50"}
    return terms


def random_node(random: Random, *, depth: int) -> dict[str, object]:
    """Write a condition, or a group at most so deep; some are asked over time."""
    node = random_bare_node(random, depth=depth)
    if random.random() < 0.15:
        return modified(node, random_modifier(random))
    return node


def random_modifier(random: Random) -> dict[str, object]:
    """Ask how long, or how often."""
    span = random.choice(["10s", "30s", "80s"])
    count = random.choice([1, 2, 3])
    return random.choice(
        [
            {"held": span},
            {"times": {"at_least": count, "within": span}},
            {"of_last": {"at_least": count, "of": count + random.choice([0, 1, 2])}},
        ]
    )


def random_bare_node(random: Random, *, depth: int) -> dict[str, object]:
    """Write a condition, or a group at most so deep."""
    if depth == 0 or random.random() < 0.2:
        return random_condition(random)
    if random.random() < 0.2:
        return {"not": random_node(random, depth=depth - 1)}
    if random.random() < 0.2:
        return random_sequence(random, depth=depth - 1)
    members = [
        random_node(random, depth=depth - 1) for _ in range(random.choice([1, 2, 3]))
    ]
    return {random.choice(["all", "any"]): members}


def random_sequence(random: Random, *, depth: int) -> dict[str, object]:
    """Ask for two things or three, one after the other."""
    steps = [random_node(random, depth=depth) for _ in range(random.choice([2, 2, 3]))]
    asked: dict[str, object] = {
        "sequence": steps,
        "within": random.choice(["20s", "60s", "200s"]),
    }
    if random.random() < 0.4:
        return {**asked, "without": random_node(random, depth=0)}
    return asked


def random_condition(random: Random) -> dict[str, object]:
    """Compare a fact with a constant among which it wanders, or with another fact."""
    if random.random() < 0.08:
        least = random.choice(["15s", "35s"])
        return {"fact": random_fact(random), "op": "silent", "value": least}
    if random.random() < 0.06:
        return {
            "fact": random_fact(random),
            "op": random.choice(["rise", "fall", "change"]),
            "by": random.choice([1, 2, "50%"]),
            "since": "last_alert",
        }
    if random.random() < 0.1:
        return {
            "fact": random_fact(random),
            "op": random.choice(["rise", "fall", "change"]),
            "by": random.choice([1, 2, "50%"]),
            "within": random.choice(["15s", "45s", "90s"]),
        }
    if random.random() < 0.06:
        return {
            "fact": random_fact(random),
            "op": random.choice(["new_high", "new_low"]),
            "within": random.choice(["15s", "45s", "90s"]),
        }
    if random.random() < 0.08:
        return random_anomaly(random)
    over: dict[str, object] = {}
    if random.random() < 0.35:
        over = {"over": random_window(random)}
    wanted: object = random.choice([-1, 0, 1, Decimal("0.5"), Decimal("-1.0")])
    if random.random() < 0.3:
        wanted = {"fact": random_fact(random)}
    return {
        **over,
        "fact": random_fact(random),
        "op": random.choice(["gt", "gte", "lt", "lte", "eq", "ne", *CROSSINGS]),
        "value": wanted,
    }


def random_anomaly(random: Random) -> dict[str, object]:
    """Ask whether a value is unusual beside a few that came before."""
    extent: dict[str, object] = {"length": random.choice(["45s", "90s", "200s"])}
    if random.random() < 0.5:
        extent = {"last": random.choice([3, 5, 8])}
    by = {"by": random.choice([1, "50%"])} if random.random() < 0.3 else {}
    return {
        "fact": random_fact(random),
        "op": "anomaly",
        "over": {**extent, "at_least": 3},
        "value": random.choice([1, Decimal("0.7"), 2]),
        "direction": random.choice(["above", "below", "either"]),
        **by,
    }


def random_window(random: Random) -> dict[str, object]:
    """Take something of the last few values, or over about as many."""
    numbers = ["avg", "min", "max", "sum", "stddev", "first", "last", "change"]
    take = random.choice([*numbers, "count", "count", "count", "distinct"])
    if random.random() < 0.3:
        return {"take": take, "last": random.choice([1, 2, 3, 5])}
    if random.random() < 0.4:
        length = random.choice(["10s", "45s", "2m"])
        return {"take": take, "window": "tumbling", "length": length}
    return {"take": take, "length": random.choice(["15s", "45s", "90s"])}


def random_fact(random: Random) -> str:
    """Name a fact: of any key, of one, seldom of another dataset."""
    series = "DEMO:ORDERS" if random.random() < 0.1 else "CORE:STOCK"
    return f"{series}:{random.choice(['*', '*', *KEYS])}:{random.choice('xy')}"


def random_outputs(random: Random) -> list[dict[str, object]]:
    """Name up to three outputs with cool-downs of all lengths."""
    slugs = random.sample(["mail", "hook", "chat"], random.choice([0, 1, 1, 2, 3]))
    every = [0, 0, "10s", 45, "1m", "2m"]
    return [{"output": slug, "at_most_every": random.choice(every)} for slug in slugs]


def random_event(random: Random, values: dict[tuple[str, str], int]) -> Sent:
    """Move the values of one key a little; sometimes lose one, or send it late."""
    key = random.choice(KEYS)
    fields: dict[str, Value] = {}
    for field in "xy":
        moved = values[key, field] + random.choice([-1, -1, 0, 1, 1])
        values[key, field] = max(-3, min(3, moved))
        if random.random() < 0.8:
            fields[field] = random_value(random, values[key, field])
    return Sent(
        series="DEMO:ORDERS" if random.random() < 0.1 else "CORE:STOCK",
        key=key,
        fields=fields,
        seconds=random.choice([0, 1, 5, 10, 20, 30, 40, 60, -5, -50, -100]),
        raises=random.random() < 0.95,
        moves_facts=random.random() < 0.95,
    )


def random_value(random: Random, near: int) -> Value:
    """Write a number in one of its forms; seldom something else."""
    forms: list[Value] = [near, near, Decimal(near) / 2, Decimal(f"{near}.0")]
    if random.random() < 0.08:
        forms = [None, None, "0", True, [1]]
    return random.choice(forms)
