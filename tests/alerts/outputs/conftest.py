from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from pytest_django import Settings

from alerts.outputs.base import OutgoingMessage, SendContext
from outbound.signing import make_secret
from tests.receivers import Receiver, allowing, receiver


@pytest.fixture
def sink() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


@pytest.fixture
def maildir(settings: Settings, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND = "alerts.outputs.mailbox.EmailBackend"
    settings.BELLWETHER_MAILBOX_DIR = tmp_path / "mailbox"
    return tmp_path / "mailbox"


@pytest.fixture
def sending() -> SendContext:
    return SendContext(
        # The reference verifier of signatures reads the clock itself.
        now=datetime.now(tz=UTC),  # noqa: TID251
        rules=allowing("127.0.0.0/8"),
        host="bellwether.example",
        sender="Bellwether <bellwether@bellwether.example>",
        manage_url="https://bellwether.example/w/DEMO/outputs/",
        signing_secrets=(make_secret(),),
    )


@pytest.fixture
def message() -> OutgoingMessage:
    return OutgoingMessage(
        delivery_id=UUID("5f0c7f0e-31d2-4a55-9f0e-0a6c64f5a111"),
        workspace="DEMO",
        rule="Microsoft under a threshold",
        key="MSFT",
        kind="raised",
        severity="warning",
        fact_set="CORE:STOCK:MSFT",
        values={
            "CORE:STOCK:MSFT:latestPrice": Decimal("309.20"),
            "CORE:STOCK:MSFT:high": 315,
        },
        at=datetime(2026, 11, 23, 18, 35, 50, 250_000, tzinfo=UTC),
        reason="latestPrice is 309.20, at or below 310 (by 0.80)",
        sentence="When MSFT latestPrice is at or below 310, tell email-me.",
        alert_url="https://bellwether.example/w/DEMO/alerts/1/",
        threshold=310,
        margin=Decimal("0.80"),
    )
