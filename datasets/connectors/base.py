"""What a connector is: the code that fetches the events of one kind of source."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Protocol


class ConnectorError(Exception):
    """A fetch that failed; the text is shown to the source's owner."""


class ConfigInvalid(ConnectorError):
    """A configuration that a connector cannot use; `problems` is by setting."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(" ".join(self.problems.values()))


class Connector(Protocol):
    """Fetches the events of one kind of source; it keeps nothing between fetches."""

    @property
    def kind(self) -> str:
        """The word that stands for it in configurations."""

    @property
    def label(self) -> str:
        """Its name for people."""

    def validate(self, config: Mapping[str, object]) -> dict[str, object]:
        """Return the configuration complete with its defaults.

        Raises:
            ConfigInvalid: with a sentence for each setting that cannot be used.
        """

    def host(self, config: Mapping[str, object]) -> str:
        """Return the host that its fetches wait for, with its port; blank for none.

        Sources of one host share threads, so that one that hangs stops no other's.

        Raises:
            ConnectorError: for a configuration that cannot be read.
        """

    def fetch(
        self, *, config: Mapping[str, object], slot: datetime
    ) -> Iterator[dict[str, object]]:
        """Yield the events of one slot, in the same order whenever it is asked again.

        Raises:
            ConnectorError: also while the events are yielded.
        """

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        """Yield what a new source brings of the past, in time order; perhaps nothing.

        Raises:
            ConnectorError: also while the events are yielded.
        """
