"""Writing JSON's values as YAML that people read, and that `rules.yaml` reads back.

Numbers keep their digits. A text that any reader of YAML might take for something else
stands in quotes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

#: What still stands in one line.
_WIDTH: Final = 88
#: Words, and lengths of time such as 5m.
_PLAIN: Final = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./-]+)*|[0-9]+[smhd])\Z"
)
#: Words that some reader takes for no text.
_WORDS: Final = frozenset(
    ("true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf")
)
#: What YAML wants escaped beyond JSON, or readers fold into a line's end.
_ODD: Final = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def write_yaml(value: object) -> str:
    """Write a JSON value as one YAML document; what fits in a line stands in one.

    Raises:
        TypeError: if it is no JSON value.
    """
    if isinstance(value, Mapping) and value:
        return "".join(f"{line}\n" for line in _block(value, ""))
    return f"{_in_line(value)}\n"


def _block(value: Any, indent: str) -> Iterator[str]:  # Any: a JSON value
    """Write what holds others, an entry a line, or more where that is too long."""
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _entry(f"{indent}{_name(name)}:", one, indent)
        return
    for one in value:
        yield from _item(one, indent)


def _entry(head: str, value: object, indent: str) -> Iterator[str]:
    line = f"{head} {_in_line(value)}"
    if len(line) <= _WIDTH or not _holds(value):
        yield line
        return
    yield head
    yield from _block(value, f"{indent}  ")


def _item(value: object, indent: str) -> Iterator[str]:
    line = f"{indent}- {_in_line(value)}"
    if len(line) <= _WIDTH or not _holds(value):
        yield line
        return
    first, *others = _block(value, f"{indent}  ")
    yield f"{indent}- {first.lstrip()}"
    yield from others


def _holds(value: object) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def _in_line(value: Any) -> str:  # Any: a JSON value
    match value:
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case int() | Decimal():
            return _number(value)
        case str():
            return _text(value)
        case list() | tuple():
            return f"[{', '.join(map(_in_line, value))}]"
        case Mapping():
            entries = value.items()
            inside = (f"{_name(name)}: {_in_line(one)}" for name, one in entries)
            return f"{{{', '.join(inside)}}}"
    raise TypeError(f"JSON has no {type(value).__name__}: {value!r}")


def _name(name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"A name is a text in JSON, not {name!r}.")
    return _text(name)


def _number(number: int | Decimal) -> str:
    if isinstance(number, Decimal) and not number.is_finite():
        raise TypeError(f"JSON has no number {number}.")
    return str(number)


def _text(text: str) -> str:
    if _PLAIN.match(text) and text.lower() not in _WORDS:
        return text
    quoted = json.dumps(text, ensure_ascii=False)
    return _ODD.sub(lambda found: f"\\U{ord(found[0]):08x}", quoted)
