"""Where events are fetched from: a file or package per kind, a line in `registry`."""

from datasets.connectors.base import ConfigInvalid, Connector, ConnectorError
from datasets.connectors.registry import (
    UnknownConnector,
    find_connector,
    known_connectors,
)

__all__ = [
    "ConfigInvalid",
    "Connector",
    "ConnectorError",
    "UnknownConnector",
    "find_connector",
    "known_connectors",
]
