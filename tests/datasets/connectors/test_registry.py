"""Connectors are found by kind."""

from collections.abc import Iterator, Mapping
from datetime import datetime

import pytest

from datasets.connectors import UnknownConnector, find_connector, known_connectors
from datasets.connectors.registry import Registry


class Silent:
    kind = "silent"
    label = "Says nothing"

    def validate(self, config: Mapping[str, object]) -> dict[str, object]:
        return dict(config)

    def host(self, config: Mapping[str, object]) -> str:
        return ""

    def fetch(
        self, *, config: Mapping[str, object], slot: datetime
    ) -> Iterator[dict[str, object]]:
        return iter(())

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        return iter(())


def test_connector_is_found_by_its_kind():
    silent = Silent()

    assert Registry([silent]).find("silent") is silent


def test_unknown_kind_is_refused_and_known_ones_are_named():
    with pytest.raises(UnknownConnector, match="known kinds are: simulator"):
        find_connector("ftp")


def test_two_connectors_of_one_kind_are_refused():
    with pytest.raises(ValueError, match="'silent'"):
        Registry([Silent(), Silent()])


def test_every_known_connector_has_a_kind_and_a_label():
    told = [(connector.kind, connector.label) for connector in known_connectors()]

    assert ("simulator", "Market simulator") in told
    assert all(kind and label for kind, label in told)
