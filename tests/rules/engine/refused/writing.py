"""A good definition, and ways to write it wrong."""

GOOD = {
    "kind": "signal",
    "name": "Shopify under a threshold",
    "watch": {"facts": ["CORE:STOCK:SHOP:latestPrice"]},
    "when": {"all": [{"fact": 0, "op": "lte", "value": 310}]},
    "outputs": [{"output": "email-me", "at_most_every": "60s"}],
}
CONDITION = {"fact": 0, "op": "lte", "value": 310}


def given(**members):
    """Change members of a good definition; ``None`` takes one away."""
    changed = {**GOOD, **members}
    return {name: value for name, value in changed.items() if value is not None}


def when(**members):
    """Change members of the one condition of a good definition."""
    return given(when={"all": [{**CONDITION, **members}]})


def moving(by):
    """Ask how far the one fact moved."""
    return given(when={"all": [{"fact": 0, "op": "rise", "by": by}]})


def recovering(opens, ends):
    """Open on one bound of the fact, and end on another."""
    (op, value), (end, level) = opens, ends
    return given(
        kind="state",
        when={"fact": 0, "op": op, "value": value},
        recover={"when": {"fact": 0, "op": end, "value": level}},
    )


def without(name):
    """Take a member of the one condition away."""
    return given(
        when={"all": [{one: v for one, v in CONDITION.items() if one != name}]}
    )


def watching(*facts):
    """Watch other facts."""
    return given(watch={"facts": list(facts)})


def output(**members):
    """Change the one output."""
    return given(outputs=[{"output": "email-me", **members}])


def nested(depth):
    """Nest a condition so deep in groups."""
    node = CONDITION
    for place in range(depth):
        node = {"not": node} if place % 2 else {"all": [node]}
    return node


AT = "/when/all/0"
