"""What rules must be told from the right: which outputs a workspace has.

Whether the words that a rule gives them can be rendered, and which alerts moved where.

`alerts` fills this in when Django starts, as the engine is handed compiled patterns:
the direction of imports stays.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from workspaces.access import Access


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputChoice:
    """An output that a rule may name."""

    slug: str
    name: str
    kind: str


class OutputDirectory(Protocol):
    """Lists the outputs of a workspace, and makes those that a rule brings along."""

    def choices(self, *, workspace_id: int) -> Sequence[OutputChoice]:
        """Return the workspace's outputs by name."""
        ...

    def ensure(self, *, access: Access, kind: str, address: str, now: datetime) -> str:
        """Return the slug of the output that leads there, made if there is none.

        Raises:
            Invalid: with the pointer of what is wrong.
        """
        ...

    def problem_of(self, *, template: str) -> str:
        """Say why a subject or a message can never be rendered; blank if it can."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertStep:
    """What became of an alert at an event: `kind` as in `raised` or `resolved`."""

    alert: uuid.UUID
    kind: str


class AlertSteps(Protocol):
    """Finds what a rule did to alerts at a place of a lane."""

    def at(
        self, *, rule_id: int, lane_id: int, seq: int, place: int
    ) -> Sequence[AlertStep]:
        """Return the steps that the event there, or a timer before it, caused."""
        ...


class _Ports:
    """Holds what was plugged in; asking before that is a programming error."""

    def __init__(self) -> None:
        self._outputs: OutputDirectory | None = None
        self._steps: AlertSteps | None = None

    def plug_outputs(self, directory: OutputDirectory) -> None:
        """Plug in the directory; once, at the start."""
        self._outputs = directory

    def plug_steps(self, steps: AlertSteps) -> None:
        """Plug in what finds the steps of alerts; once, at the start."""
        self._steps = steps

    @property
    def steps(self) -> AlertSteps:
        """Return what was plugged in to find the steps of alerts."""
        if self._steps is None:
            raise LookupError("Nothing that finds alerts was plugged in at the start.")
        return self._steps

    @property
    def outputs(self) -> OutputDirectory:
        """Return the directory that was plugged in."""
        if self._outputs is None:
            raise LookupError("No output directory was plugged in at the start.")
        return self._outputs


ports = _Ports()
