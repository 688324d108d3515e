"""Exact YAML: JSON's values in YAML's clothes, and the line of each.

Numbers keep their digits, and only what looks like a JSON number is one; `yes`, `on`
and dates are texts. What means something else than it seems is refused: a member
written twice, an anchor, a tag.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import yaml
from yaml.composer import Composer
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import BaseResolver
from yaml.scanner import Scanner

from datasets.json import JsonInvalid, decode

BYTES_LIMIT: Final = 1_000_000
DEPTH_LIMIT: Final = 40
_TAG: Final = "tag:yaml.org,2002:"
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")


class YamlInvalid(ValueError):
    """A text is no YAML that we take; `line` counts from 1."""

    def __init__(self, line: int, detail: str) -> None:
        super().__init__(detail)
        self.line = line
        self.detail = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A value as it was written, and by JSON Pointer the lines of its parts."""

    value: Any  # any JSON value; whoever reads it checks
    lines: Mapping[str, int]

    def line_of(self, pointer: str) -> int:
        """Return the line of a part, or of the nearest one around it."""
        while pointer not in self.lines:
            pointer = pointer.rpartition("/")[0]
        return self.lines[pointer]


def read_yaml(text: bytes) -> Written:
    """Read one YAML document.

    Raises:
        YamlInvalid: with the line, and a sentence that says what to mend.
    """
    if len(text) > BYTES_LIMIT:
        raise YamlInvalid(1, f"The file is larger than {BYTES_LIMIT:,} bytes.")
    try:
        root = _Loader(text).get_single_node()
    except yaml.MarkedYAMLError as error:
        raise YamlInvalid(_line(error.problem_mark), _said(error)) from error
    except yaml.YAMLError as error:
        raise YamlInvalid(1, f"The file is not YAML in UTF-8: {error}") from error
    if root is None:
        raise YamlInvalid(1, "The file is empty.")
    reading = _Reading()
    return Written(value=reading.value(root, ""), lines=reading.lines)


def point(pointer: str, member: str | int) -> str:
    """Return the pointer of a part (RFC 6901)."""
    return f"{pointer}/{str(member).replace('~', '~0').replace('/', '~1')}"


class _Loader(Reader, Scanner, Parser, Composer, BaseResolver):
    """PyYAML up to its nodes: what they mean is decided here, not there."""

    def __init__(self, text: bytes) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        Composer.__init__(self)
        BaseResolver.__init__(self)
        self._depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        """Refuse what makes files large, nests too deep, or changes a meaning."""
        event = self.peek_event()  # type: ignore[no-untyped-call] # as in the stubs
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            detail = "Anchors and aliases are not taken; write the value out."
            raise YamlInvalid(_line(event.start_mark), detail)
        if getattr(event, "tag", None):
            detail = f"The tag {event.tag} is not taken; leave it out."
            raise YamlInvalid(_line(event.start_mark), detail)
        if self._depth >= DEPTH_LIMIT:
            detail = f"Values nest deeper than {DEPTH_LIMIT}."
            raise YamlInvalid(_line(event.start_mark), detail)
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


for _name, _pattern, _first in (
    ("null", re.compile(r"(?:null|~|)\Z"), ["n", "~", ""]),
    ("bool", re.compile(r"(?:true|false)\Z"), ["t", "f"]),
    ("number", _NUMBER, list("-0123456789")),
):
    _Loader.add_implicit_resolver(_TAG + _name, _pattern, _first)


class _Mark(Protocol):
    """A place in the text, as either of PyYAML's readers marks it."""

    line: int


@dataclass(slots=True)
class _Reading:
    """Nodes on their way to values."""

    lines: dict[str, int] = field(default_factory=dict)

    def value(self, node: Node, pointer: str) -> object:
        """Return what a node says, and note its line."""
        self.lines[pointer] = _line(node.start_mark)
        if isinstance(node, MappingNode):
            return self._members(node, pointer)
        if isinstance(node, SequenceNode):
            return [
                self.value(one, point(pointer, place))
                for place, one in enumerate(node.value)
            ]
        return _scalar(node)

    def _members(self, node: MappingNode, pointer: str) -> dict[str, object]:
        members: dict[str, object] = {}
        for name_node, one in node.value:
            line = _line(name_node.start_mark)
            name = _scalar(name_node) if isinstance(name_node, ScalarNode) else None
            if not isinstance(name, str):
                raise YamlInvalid(
                    line, 'A name has to be text; put one like 5 in quotes, as "5".'
                )
            if name in members:
                raise YamlInvalid(
                    line, f'"{name}" is written twice; leave one of them out.'
                )
            members[name] = self.value(one, point(pointer, name))
            self.lines[point(pointer, name)] = line
        return members


def _scalar(node: Node) -> object:
    written: str = node.value
    match node.tag.removeprefix(_TAG):
        case "null":
            return None
        case "bool":
            return written == "true"
        case "number":
            return _number(node, written)
    return written


def _number(node: Node, written: str) -> object:
    try:
        return decode(written.encode())
    except JsonInvalid as error:
        raise YamlInvalid(_line(node.start_mark), error.detail) from error


def _line(mark: _Mark | None) -> int:
    return mark.line + 1 if mark else 1


def _said(error: yaml.MarkedYAMLError) -> str:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    return f"This is not YAML: {said}."
