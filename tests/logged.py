"""What the program writes into its log, in each of the two forms."""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from config.logs import JsonFormatter, PlainFormatter

_FORMS = {"plain": PlainFormatter, "json": JsonFormatter}
_OF_EVERY_LINE = {"time", "level", "logger", "message", "exception"}


@dataclass(frozen=True, slots=True)
class Log:
    """Reads back, in whatever form they have, the lines that were written meanwhile."""

    is_json: bool
    written: io.StringIO = field(default_factory=io.StringIO)

    def ids_of(self, message: str) -> dict[str, str]:
        """Return what the only line that says this is about."""
        lines = self.written.getvalue().splitlines()
        (line,) = [one for one in lines if message in one]
        return _told_as_json(json.loads(line)) if self.is_json else _told(line)


def _told_as_json(said: Mapping[str, str | list[str]]) -> dict[str, str]:
    return {
        name: f"[{', '.join(one)}]" if isinstance(one, list) else one
        for name, one in said.items()
        if name not in _OF_EVERY_LINE
    }


def _told(line: str) -> dict[str, str]:
    in_brackets = line.rpartition(" (")[2].removesuffix(")")
    return dict(re.findall(r"(\w+)=(\[.*?\]|[^,]*)", in_brackets))


@pytest.fixture(params=list(_FORMS))
def log(request: pytest.FixtureRequest) -> Iterator[Log]:
    """Give the log as it is set up, in one form and then in the other."""
    (handler,) = [
        one
        for one in logging.getLogger().handlers
        if isinstance(one, logging.StreamHandler)
        and isinstance(one.formatter, tuple(_FORMS.values()))
    ]
    found = Log(is_json=request.param == "json")
    before, stream = handler.formatter, handler.setStream(found.written)
    handler.setFormatter(_FORMS[request.param]())
    yield found
    handler.setFormatter(before)
    handler.setStream(stream)
