"""Random rules with more to their lifecycle than columns know of alone."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from random import Random

from tests.rules.columns.random_rules import (
    LEVELS,
    SERIES,
    random_resting_rule,
    random_rule,
    random_tree,
    random_window,
)

OTHER_SERIES = "CORE:INDEX"
SPANS = ("1s", "5s", "24s", "90s", "200s")


def random_asked(random: Random, key: str, depth: int) -> dict[str, object]:
    """Join conditions of which some have to last, or to be so several times."""
    drawn = random.random()
    if drawn < 0.3:
        draw = random_window if random.random() < 0.3 else partial(random_tree, depth=1)
        inside = draw(random, key)
        return {"all": [inside], "held": random.choice(SPANS)}
    if drawn < 0.45:
        times = {"at_least": random.randint(1, 3), "within": random.choice(SPANS)}
        return {"any": [random_tree(random, key, 1)], "times": times}
    if drawn < 0.55:
        of_last = {"at_least": random.randint(1, 2), "of": random.randint(2, 4)}
        return {"any": [random_tree(random, key, 1)], "of_last": of_last}
    if depth and drawn < 0.85:
        members = [random_asked(random, key, depth - 1) for _ in range(2)]
        return {random.choice(["all", "any"]): members}
    if depth and drawn < 0.95:
        return {"not": random_asked(random, key, depth - 1)}
    draw = random_window if random.random() < 0.6 else partial(random_tree, depth=1)
    return draw(random, key)


def random_followed_rule(random: Random, key: str = "") -> dict[str, object]:
    """Write a rule; of a state rule there are reminders, a ladder, or silence."""
    key = key or random.choice(["*", "*", "A"])
    rule = random_rule(random)
    rule.pop("recover", None)
    depth = random.randint(0, 1)
    draw = random.choice([random_asked, random_asked, random_tree])
    rule["when"] = draw(random, key, depth)
    if random.random() < 0.3:
        rule["when"] = random_window(random, key)
    if random.random() < 0.7:
        rule |= {"kind": "state", "raise": {"resolved": random.random() < 0.7}}
        _let_it_live(random, rule, key)
    elif random.random() < 0.3:
        moved = random.choice([1, Decimal("0.5"), "50%"])
        rule["raise"] = {"mode": "again_if_moved", "again_if_moved": moved}
    elif random.random() < 0.2:
        rule["raise"] = {"mode": "once"}
    if random.random() < 0.2:
        raising = rule["raise"]
        assert isinstance(raising, dict)
        rule["raise"] = {**raising, "only_new": True}
    if random.random() < 0.3:
        resting = random_resting_rule(random)
        rule |= {
            name: resting[name] for name in ("active", "expires_at") if name in resting
        }
    return rule


def _let_it_live(random: Random, rule: dict[str, object], key: str) -> None:
    raising: dict[str, object] = {"resolved": random.random() < 0.7}
    if random.random() < 0.4:
        raising["remind_every"] = random.choice(["1m", "2m", "5m"])
    if random.random() < 0.3:
        raising["again_if_moved"] = random.choice([1, Decimal("0.5"), "50%"])
    rule["raise"] = raising
    if random.random() < 0.4:
        then = random.choice(["alert", "alert", "resolve", "keep"])
        rule["no_data"] = {"after": random.choice(SPANS), "then": then}
    if random.random() < 0.3:
        rule["hold"] = random.choice(SPANS)
    if random.random() < 0.4:
        asked = random.choice([random_tree, random_asked, random_asked])(random, key, 1)
        rule["recover"] = {"when": asked, "hold": random.choice(["0s", *SPANS])}
    if random.random() < 0.4:
        rule["severity"] = "info"
        severities = random.choice([["critical"], ["critical", "warning"]])
        rule["ladder"] = [
            {
                "when": {
                    "fact": f"{SERIES}:{key}:{random.choice('xxy')}",
                    "op": random.choice(["gt", "lt", "eq"]),
                    "value": random.choice(LEVELS),
                },
                "is": severity,
            }
            for severity in severities
        ]


def beside_keys(random: Random) -> dict[str, object]:
    """Write a rule on any key, that asks about some that are named as well."""
    named = [f"{SERIES}:{key}" for key in "AB"]
    return _spread(random, named, random_followed_rule(random, "*"))


def on_keys(random: Random) -> dict[str, object]:
    """Write a rule on two keys, or three."""
    named = [f"{SERIES}:{key}" for key in random.choice(["AB", "BC", "ABC"])]
    return _spread(random, named, random_followed_rule(random, "A"))


def on_series(random: Random) -> dict[str, object]:
    """Write a rule on two datasets, on any key or on keys that are named."""
    key = random.choice("*A")
    others = [f"{OTHER_SERIES}:{one}" for one in random.choice([key, "*B", "B"])]
    own = f"{SERIES}:{key}"
    return _spread(random, [own, *others], random_followed_rule(random, key))


def _spread(
    random: Random, subjects: Sequence[str], rule: dict[str, object]
) -> dict[str, object]:
    """Ask about other subjects here and there."""

    def spread(said: object) -> object:
        if isinstance(said, list | tuple):
            return [spread(one) for one in said]
        if not isinstance(said, dict):
            return said
        found = {name: spread(one) for name, one in said.items()}
        if "fact" in found and random.random() < 0.5:
            field = str(found["fact"]).rsplit(":", 1)[1]
            found["fact"] = f"{random.choice(subjects)}:{field}"
        return found

    return {name: spread(one) for name, one in rule.items()}
