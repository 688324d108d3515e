"""Log lines that keep what was said beside the message: for people, or as JSON.

`logger.warning("fetch failed", extra={"run": 7})` says which run; Python's own
formatters leave that out. What the work at hand is about, `config.about` adds.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

#: What every record has; the rest is what a caller added.
_USUAL = frozenset(
    {*logging.makeLogRecord({}).__dict__, "message", "asctime", "taskName"}
)
#: What libraries add that is no id: Django hands over the request itself.
_UNSAID = frozenset({"request", "server_time"})


class PlainFormatter(logging.Formatter):
    """Writes `2026-03-01 14:30:00,000 WARNING datasets: fetch failed (run=7)`."""

    def __init__(self) -> None:
        super().__init__("{asctime} {levelname} {name}: {message}", style="{")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - Python's
        """Return the line, with what was added to it in brackets."""
        line = super().formatMessage(record)
        added = ", ".join(f"{name}={value}" for name, value in _added(record).items())
        line = f"{line} ({added})" if added else line
        # What others named or sent begins no line of its own making.
        return line.replace("\r", "\\r").replace("\n", "\\n")


class JsonFormatter(logging.Formatter):
    """Writes one JSON object a line, for whatever collects logs."""

    def format(self, record: logging.LogRecord) -> str:
        """Return time in UTC, level, logger and message, and what was added to them."""
        said = {
            **{name: _plain(value) for name, value in _added(record).items()},
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            said["exception"] = self.formatException(record.exc_info)
        return json.dumps(said, ensure_ascii=False)


def _plain(value: object) -> str | list[str]:
    if isinstance(value, list):
        return [str(one) for one in value]
    return str(value)


def _added(record: logging.LogRecord) -> dict[str, object]:
    return {
        name: value
        for name, value in record.__dict__.items()
        if name not in _USUAL and name not in _UNSAID
    }
