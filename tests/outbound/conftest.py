from collections.abc import Iterator

import pytest

from outbound.addresses import AddressRules
from tests.receivers import Receiver, allowing, receiver


@pytest.fixture
def sink() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def loopback_rules() -> AddressRules:
    return allowing("127.0.0.0/8")
