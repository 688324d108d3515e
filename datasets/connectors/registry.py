"""The known kinds of connectors. A new kind is a file beside this and a line here."""

from collections.abc import Iterable
from typing import Final

from datasets.connectors.base import Connector, ConnectorError
from datasets.connectors.simulator import Simulator


class UnknownConnector(ConnectorError):
    """No connector has this kind; the text names those that are known."""


class Registry:
    """Connectors by kind."""

    def __init__(self, connectors: Iterable[Connector]) -> None:
        self._connectors: dict[str, Connector] = {}
        for connector in connectors:
            if connector.kind in self._connectors:
                raise ValueError(f"Two connectors are called {connector.kind!r}.")
            self._connectors[connector.kind] = connector

    def find(self, kind: str) -> Connector:
        """Return the connector of that kind.

        Raises:
            UnknownConnector: naming the known kinds.
        """
        try:
            return self._connectors[kind]
        except KeyError:
            known = ", ".join(sorted(self._connectors))
            raise UnknownConnector(
                f"{kind!r} is no kind of source; the known kinds are: {known}."
            ) from None

    def known(self) -> tuple[Connector, ...]:
        """Return all connectors, in the order in which they were entered."""
        return tuple(self._connectors.values())


_registry: Final = Registry([Simulator()])

find_connector = _registry.find
known_connectors = _registry.known
