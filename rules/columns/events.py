"""What goes into the index, and what comes out of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rules.columns.buffers import Bytes, Longs


@dataclass(slots=True)
class Events:
    """Events of one series in the order of their lane, which all move facts.

    ``keys`` are the keys as stored, ``fields`` what each event carries; a number is an
    int or a Decimal, or a float where it stands for its own shortest decimal.
    ``raises``, if it is given, is false for an event that moves facts and runs no rule.
    """

    series: str
    keys: Sequence[str]
    fields: Sequence[Mapping[str, Any]]  # Any: JSON
    raises: Sequence[bool] | None = None

    def __len__(self) -> int:
        return len(self.keys)


@dataclass(slots=True)
class Flips:
    """Where the truth of rules changed, in the order of events, and of ids in each.

    ``event`` is the event's place in the batch, ``rule`` the id, ``truth`` the new
    truth: FALSE, TRUE, UNKNOWN or CROSSED. All are arrays (int64, int64, int8) after a
    large batch, and lists after a small one, where making arrays would cost more than
    finding what is in them.
    """

    event: Longs | list[int]
    rule: Longs | list[int]
    truth: Bytes | list[int]

    def __len__(self) -> int:
        return len(self.event)

    def __iter__(self) -> Iterator[tuple[int, int, int]]:
        """Walk the changes: event, rule and truth of each."""
        return zip(
            np.asarray(self.event, dtype=np.int64).tolist(),
            np.asarray(self.rule, dtype=np.int64).tolist(),
            np.asarray(self.truth, dtype=np.int64).tolist(),
            strict=True,
        )
