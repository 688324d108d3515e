"""Definitions as their authors wrote them, read by their shape."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Fields = Mapping[str, object]
Definition = Mapping[str, Any]  # Any: read as it is written, by its shape
Subject = tuple[str, str]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def conditions_of(node: Any) -> Iterator[Any]:
    """Walk the conditions of a tree."""
    return (one for one in nodes_of(node) if "fact" in one)


def nodes_of(node: Any) -> Iterator[Any]:
    """Walk all of a tree."""
    for inside in inside_of(node):
        yield from nodes_of(inside)
    yield node


def inside_of(node: Any) -> list[Any]:
    """Give what stands directly inside, as it is written."""
    single = [node[name] for name in ("not", "without") if name in node]
    return [
        *(one for name in ("all", "any", "sequence") for one in node.get(name, ())),
        *single,
    ]


def facts_of(definition: Definition) -> list[tuple[str, str, str]]:
    """Name the facts of the conditions, those of ``watch`` first."""
    listed = definition.get("watch", {}).get("facts", [])
    found = [split(text) for text in listed]
    waiting = [definition["when"]]
    if "when" in definition.get("recover", {}):
        waiting.append(definition["recover"]["when"])
    waiting += [step["when"] for step in definition.get("ladder", ())]
    while waiting:
        node = waiting.pop(0)
        if "fact" in node:
            found.append(fact_of(node["fact"], definition))
            if isinstance(node.get("value"), dict):
                found.append(fact_of(node["value"]["fact"], definition))
        waiting[:0] = inside_of(node)
    return found


def fact_of(written: object, definition: Definition) -> tuple[str, str, str]:
    """Find the fact that a condition names, by number or in full."""
    if isinstance(written, str):
        return split(written)
    return split(definition["watch"]["facts"][written])


def split(text: str) -> tuple[str, str, str]:
    """Split a plain path into series, key and field."""
    workspace, dataset, *key, field = text.split(":")
    if dataset.upper() == "DATASET":
        dataset, key = key[0], ["*"]
    named = ":".join(key)
    named = "*" if named == "ANYEVENT" else named
    return f"{workspace}:{dataset}".upper(), named, field


def every(written: Any) -> timedelta:
    """Read a cool-down, 60 seconds if nothing is said."""
    if written is None:
        return timedelta(seconds=60)
    if isinstance(written, str):
        return timedelta(seconds=float(written[:-1]) * UNITS[written[-1]])
    return timedelta(seconds=float(written))


def feed_every(definition: Definition) -> timedelta:
    """Give the feed's cool-down: the least of the outputs', 60 seconds without any."""
    outputs = definition.get("outputs", [])
    return min(
        (every(output.get("at_most_every")) for output in outputs),
        default=timedelta(seconds=60),
    )


def all_conditions(definition: Definition) -> list[Any]:
    """Give the conditions of a rule, those for recovery too."""
    return [one for one in all_nodes(definition) if "fact" in one]


def all_nodes(definition: Definition) -> list[Any]:
    """Give the conditions and groups of a rule: its own, for recovery, of steps."""
    recover = definition.get("recover", {}).get("when")
    tops = [definition["when"], *([recover] if recover else ())]
    tops += [step["when"] for step in definition.get("ladder", ())]
    return [node for top in tops for node in nodes_of(top)]


def key_of(definition: Definition, event_key: str) -> str:
    """Name the instance that an event of a key runs."""
    facts = facts_of(definition)
    return event_key if any(fact[1] == "*" for fact in facts) else facts[0][1]


def subject_of(definition: Definition, key: str) -> Subject:
    """Name the subject of which an instance is."""
    facts = facts_of(definition)
    starred = [fact for fact in facts if fact[1] == "*"]
    series, named, _ = (starred or facts)[0]
    return series, key if named == "*" else named


def is_active(definition: Definition, at: datetime) -> bool:
    """Tell whether a rule watches at an instant; hours are read as UTC's."""
    end = definition.get("expires_at")
    if end is not None and at >= datetime.fromisoformat(end):
        return False
    hours = definition.get("active", {}).get("hours")
    if hours is None:
        return True
    start, end = hours.split("-")
    clock = at.astimezone(UTC).strftime("%H:%M")
    if start < end:
        return bool(start <= clock < end)
    return bool(clock >= start or clock < end)
