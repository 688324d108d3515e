"""Reading definitions with what the engine is given: patterns, and spelled times."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from decimal import Decimal

from datasets.services import TimeInvalid, read_event_time
from rules.engine import (
    ApperateRule,
    Ports,
    Specification,
    Value,
    parse_definition,
    read_apperate,
)
from rules.patterns import compile_pattern


def read_time(value: Value, zone: tzinfo) -> datetime | None:
    """Read a time in any spelling that a dataset takes; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return None
    try:
        return read_event_time(value, zone)
    except TimeInvalid:
        return None


PORTS = Ports(compile_pattern=compile_pattern, read_time=read_time)


def parse_rule(definition: Mapping[str, object], *, workspace: str) -> Specification:
    """Read a native definition of a rule of a workspace.

    Raises:
        DefinitionInvalid: with every problem found, each at its JSON Pointer.
    """
    return parse_definition(definition, workspace=workspace, ports=PORTS)


def parse_apperate(body: object, *, workspace: str) -> ApperateRule:
    """Read a body sent to `/v1/rules/create`.

    Raises:
        DefinitionInvalid: with every problem found, at its pointer into the body.
    """
    return read_apperate(body, workspace=workspace, ports=PORTS)
