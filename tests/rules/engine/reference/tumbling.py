"""What is known of windows that follow one another, from all that came for them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.rules.engine.reference.comparing import compare
from tests.rules.engine.reference.windows import Timed, take

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Row(NamedTuple):
    """The windows of a condition at an instant: what came in time, and how they lie."""

    values: Timed
    over: Mapping[str, Any]
    length: timedelta
    lateness: timedelta
    now: datetime

    def start_of(self, at: datetime) -> datetime:
        """Give where the window begins in which an instant lies."""
        return EPOCH + (at - EPOCH) // self.length * self.length

    @property
    def end(self) -> datetime:
        """Give where the newest window ends for which nothing comes any more."""
        return self.start_of(self.now - self.lateness)

    @property
    def is_known(self) -> bool:
        """Tell whether any value came by the end of that."""
        return any(at < self.end for at, _ in self.values)

    def taken(self, start: datetime) -> Any:
        """Take of the values of one window; of none a sum is 0, as a count is."""
        end = start + self.length
        inside = sorted(
            (one for one in self.values if start <= one[0] < end),
            key=lambda one: one[0],
        )
        if not inside and self.over["take"] == "sum":
            return 0
        return take([value for _, value in inside], self.over["take"])

    def is_surely(self, node: Mapping[str, Any], within: datetime | None) -> bool:
        """Tell whether a window, or a certain one, is true already, whatever comes."""
        starts = {self.start_of(at) for at, _ in self.values if at >= self.end}
        return any(
            self._stays(node["op"], start)
            and compare(self.taken(start), node["op"], node["value"], self.now)
            == "true"
            for start in (starts if within is None else starts & {within})
        )

    def _stays(self, op: str, start: datetime) -> bool:
        taken = self.over["take"]
        if op in ("lt", "lte", "<", "<="):
            return bool(taken == "min")
        inside = [value for at, value in self.values if self.start_of(at) == start]
        adds = taken == "sum" and all(value >= 0 for value in inside)
        rises = taken in ("count", "distinct", "max")
        return op in ("gt", "gte", ">", ">=") and (rises or adds)

    def closings(self, *, surely: bool) -> list[datetime]:
        """Give when windows close next of which something new can be said."""
        starts = {self.start_of(at) for at, _ in self.values}
        ends = {start + self.length for start in starts}
        ends |= {end + self.length for end in ends}
        if surely and starts:
            ends.add(self.end + self.length)
        return [end + self.lateness for end in ends if end > self.end]
