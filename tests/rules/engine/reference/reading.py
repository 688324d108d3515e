"""Definitions as their authors wrote them, read by their shape."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

Fields = Mapping[str, object]
Definition = Mapping[str, Any]  # Any: read as it is written, by its shape
Subject = tuple[str, str]

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def conditions_of(node: Definition) -> Iterator[Definition]:
    """Walk the conditions of a tree."""
    for inside in [node.get("not"), *node.get("all", ()), *node.get("any", ())]:
        if inside:
            yield from conditions_of(inside)
    if "fact" in node:
        yield node


def facts_of(definition: Definition) -> list[tuple[str, str, str]]:
    """Name the facts of the conditions, those of ``watch`` first."""
    listed = definition.get("watch", {}).get("facts", [])
    found = [split(text) for text in listed]
    waiting = [definition["when"]]
    while waiting:
        node = waiting.pop(0)
        if "fact" in node:
            found.append(fact_of(node["fact"], definition))
            if isinstance(node.get("value"), dict):
                found.append(fact_of(node["value"]["fact"], definition))
        elif "not" in node:
            waiting.insert(0, node["not"])
        else:
            waiting[:0] = node.get("all") or node.get("any")
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
