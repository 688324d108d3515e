"""A connector that knows a past, and a clock at whose looks things happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import count

from datasets.connectors import ConnectorError
from datasets.services.pasts import PAST_CHUNK
from tests.factories import NOW

#: Numbers of the past, numbered on; chunks of them are whole but for the last.
PAST = 2 * PAST_CHUNK + 100


class Killed(BaseException):
    """As SIGKILL: nothing of ours catches it, and what was not committed is gone."""


class Chronicle:
    """A connector that knows a past of `PAST` numbers, and one number of each slot."""

    kind = "chronicle"
    label = "Chronicle"

    def validate(self, config: Mapping[str, object]) -> dict[str, object]:
        return dict(config)

    def host(self, config: Mapping[str, object]) -> str:
        return ""

    def fetch(
        self, *, config: Mapping[str, object], slot: datetime
    ) -> Iterator[dict[str, object]]:
        yield {"symbol": "NOW", "price": -1}

    def history(
        self, *, config: Mapping[str, object], until: datetime
    ) -> Iterator[dict[str, object]]:
        for number in range(PAST):
            if number == config.get("breaks_at"):
                raise ConnectorError("The archive answered 503; try again later.")
            yield {"symbol": "PAST", "price": number}


class Clock:
    """A clock that moves on at every look; `at_look` says what else happens then."""

    def __init__(self, moment: datetime = NOW) -> None:
        self._moment = moment
        self._looks = count()
        self.at_look: dict[int, Callable[[], object]] = {}

    def __call__(self) -> datetime:
        look = next(self._looks)
        self.at_look.get(look, lambda: None)()
        return self._moment + (look + 1) * timedelta(milliseconds=1)
