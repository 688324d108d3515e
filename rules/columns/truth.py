"""Truth as small integers, and the changes of it that the index passes around."""

from dataclasses import dataclass

import numpy as np

from rules.columns.buffers import Bytes, Longs

FALSE, TRUE, UNKNOWN = 0, 1, 2
CROSSED = 3
"""True at this event alone: a crossing is over at the rule's next run."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of the truth of something, in one array each, in no particular order.

    ``event`` (int64) is the event's place in its batch, ``of`` (int64) a rule's row or
    a group's cell, ``before`` and ``after`` (int8) its truth.
    """

    event: Longs
    of: Longs
    before: Bytes
    after: Bytes

    @classmethod
    def none(cls) -> "Changes":
        """Give no changes."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty.astype(np.int8), empty.astype(np.int8))

    @classmethod
    def of_list(cls, changes: list[tuple[int, int, int, int]]) -> "Changes":
        """Make arrays of changes found one by one."""
        if not changes:
            return cls.none()
        event, of, before, after = np.array(changes, dtype=np.int64).T
        return cls(event, of, before.astype(np.int8), after.astype(np.int8))

    @classmethod
    def joined(cls, parts: "list[Changes]") -> "Changes":
        """Put changes together."""
        if len(parts) == 1:
            return parts[0]
        if not parts:
            return cls.none()
        return cls(
            np.concatenate([part.event for part in parts]),
            np.concatenate([part.of for part in parts]),
            np.concatenate([part.before for part in parts]),
            np.concatenate([part.after for part in parts]),
        )

    def where(self, mask: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> "Changes":
        """Keep some of the changes."""
        return Changes(
            self.event[mask], self.of[mask], self.before[mask], self.after[mask]
        )

    def as_list(self) -> list[tuple[int, int, int, int]]:
        """List the changes: event, what changed, its truth before and after."""
        parts = (self.event, self.of, self.before, self.after)
        return list(zip(*(part.tolist() for part in parts), strict=True))

    def __len__(self) -> int:
        return len(self.event)
