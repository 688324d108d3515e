"""The logs of lanes as a woven back-test goes through them: places, receipt, words."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from datasets.models import Lane
from rules.columns.history import History, Logs, Outline, numbered
from rules.engine import Position
from rules.services.awaiting import received_at
from rules.services.facts import series_of
from rules.services.gathering import microseconds_of
from rules.services.histories import history_of
from rules.services.merged_logs import merge_batches
from rules.services.witnesses import sent_at

Sent = Mapping[Position, Mapping[str, Any]]  # Any: JSON as decoded
"""What events carried, by their places."""


class PastLog(Protocol):
    """The way through one log or several, by the places of its events."""

    @property
    def histories(self) -> Logs:
        """Give the columns of the lanes, each by its series."""

    @property
    def next_seq(self) -> int:
        """Give the first place after the last."""

    def received_at(self, seqs: Sequence[int]) -> Mapping[int, int]:
        """Say when batches were received; history has no such time."""

    def sent_at(self, places: Iterable[Position], fields: Collection[str]) -> Sent:
        """Read what events carried of some fields, of those that are still stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLog:
    """The log of a lane, whose places are its own."""

    lane: Lane
    histories: Logs

    @property
    def next_seq(self) -> int:
        """Give the first place after the last."""
        return self.lane.next_seq

    def received_at(self, seqs: Sequence[int]) -> Mapping[int, int]:
        """Say when batches were received; history has no such time."""
        return received_at(self.lane, seqs)

    def sent_at(self, places: Iterable[Position], fields: Collection[str]) -> Sent:
        """Read what events carried of some fields, of those that are still stored."""
        return sent_at(self.lane, places, fields)


class SeveralLogs:
    """The logs of some lanes in the order in which they are judged as one.

    Its places number the batches of all of them, from 1 on, as a `Walk` does.
    """

    def __init__(
        self, lanes: Sequence[Lane], histories: Sequence[tuple[Lane, History]]
    ) -> None:
        self._batches: list[tuple[Lane, int, int | None]] = []
        seqs: dict[int, list[int]] = {lane.pk: [] for lane in lanes}
        numbers: dict[int, list[int]] = {lane.pk: [] for lane in lanes}
        home, *foreign = lanes
        for lane, one in merge_batches(home=home, foreign=foreign):
            at = microseconds_of(one.batch.received_at) if one.batch.is_live else None
            self._batches.append((lane, one.seq, at))
            seqs[lane.pk].append(one.seq)
            numbers[lane.pk].append(len(self._batches))
        self.histories: Logs = [
            (
                series_of(lane.dataset),
                numbered(history, seqs[lane.pk], numbers[lane.pk]),
            )
            for lane, history in histories
        ]

    @property
    def next_seq(self) -> int:
        """Give the first place after the last."""
        return len(self._batches) + 1

    def received_at(self, seqs: Sequence[int]) -> Mapping[int, int]:
        """Say when batches were received; history has no such time."""
        times = ((seq, self._batches[seq - 1][2]) for seq in seqs)
        return {seq: at for seq, at in times if at is not None}

    def sent_at(self, places: Iterable[Position], fields: Collection[str]) -> Sent:
        """Read what events carried of some fields, of those that are still stored."""
        own: dict[Lane, dict[Position, Position]] = {}
        for place in places:
            lane, seq, _ = self._batches[place.seq - 1]
            own.setdefault(lane, {})[Position(seq=seq, ord=place.ord)] = place
        return {
            known[position]: carried
            for lane, known in own.items()
            for position, carried in sent_at(lane, known, fields).items()
        }


def read_past_log(
    outline: Outline, lanes: Sequence[Lane], now: datetime
) -> PastLog | None:
    """Read the columns of what a rule reads; none if there are none that tell all."""
    histories = []
    for lane in lanes:
        fields = outline.sources.carried[series_of(lane.dataset)]
        history = history_of(lane, fields, now=now)
        if history is None:
            return None
        histories.append((lane, history))
    if len(lanes) > 1:
        return SeveralLogs(lanes, histories)
    lane, history = histories[0]
    return OneLog(lane=lane, histories=[(series_of(lane.dataset), history)])
