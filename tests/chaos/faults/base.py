"""What all faults are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from tests.chaos.arena import POSTGRESQL, SQLITE
from tests.chaos.scene import Scene


class Fault(ABC):
    """Something that goes wrong with an installation, as often as it is asked to."""

    #: By what it is chosen on the command line.
    name: ClassVar[str]
    #: What it does, for the report.
    does: ClassVar[str]
    databases: ClassVar[frozenset[str]] = frozenset({SQLITE, POSTGRESQL})
    #: What the installation has to be set to.
    settings: ClassVar[Mapping[str, str]] = {}
    #: Which part it struck last, where it takes one after the other.
    struck: str = ""

    def set_up(self, scene: Scene) -> None:  # noqa: B027 - most need nothing
        """Make what it needs, before the load begins."""

    @abstractmethod
    def strike(self, scene: Scene) -> None:
        """Do harm; return once it is undone, or need not be undone."""

    def finish(self, scene: Scene) -> None:  # noqa: B027 - most leave nothing
        """Wait for what is still to come, once the load has ended.

        What is not as promised goes to the scene's differences.
        """

    def told(self) -> str:
        """Return what it saw, for the end of the report."""
        return ""
