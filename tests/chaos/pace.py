"""How slow the machine is during a trial, and what that allows: here and nowhere else.

What is promised in seconds is promised where there is time to work. A trial plays
clients, servers and receivers on the same few processors, often beside other work. So a
metronome does the same small work throughout; by how much longer that takes than on an
idle processor, by so much longer may take what was promised, and by no more.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from statistics import mean
from typing import Final, NamedTuple

from tests.installations import ROOT

#: What the metronome's work takes on a processor of its own, on the machine of which
#: `docs/chaos.md` tells.
QUICK_SECONDS: Final = 0.005
#: Stretches shorter than this say nothing of what takes seconds.
_SHORTEST_SECONDS: Final = 2.0


class Beat(NamedTuple):
    """When a beat began, in monotonic time, and what it took, in seconds."""

    at: float
    took: float


@dataclass(slots=True)
class Pace:
    """Listens to a metronome.

    `least` is what is allowed at least, as a factor, where a trial may not fail because
    of the machine: in the suite, beside whose tests others run.
    """

    least: float = 1.0
    beats: list[Beat] = field(default_factory=list)

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Listen during the block."""
        metronome = subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.metronome"],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert metronome.stdout is not None
        thread = threading.Thread(
            target=self._hear, args=(metronome.stdout,), daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            metronome.kill()
            metronome.wait()
            thread.join()
            metronome.stdout.close()

    def _hear(self, lines: Iterator[str]) -> None:
        for line in lines:
            with contextlib.suppress(ValueError):  # the last may be cut off
                at, took = map(float, line.split())
                self.beats.append(Beat(at, took))

    def slowness(self, *, since: float, stretch: float) -> float:
        """Return how many times slower the slowest such stretch was since a moment."""
        beats = list(self.beats)
        stretches = (
            _until(beats, place, stretch)
            for place, one in enumerate(beats)
            if one.at + one.took >= since
        )
        slowest = max((mean(one.took for one in some) for some in stretches), default=0)
        return max(1.0, slowest / QUICK_SECONDS)

    def allowed(self, promised: float, *, since: float) -> float:
        """Return the seconds that are allowed where so many are promised."""
        stretch = max(promised, _SHORTEST_SECONDS)
        return promised * max(self.least, self.slowness(since=since, stretch=stretch))

    def differences(
        self, promised: float, *, what: str, took: float, since: float
    ) -> list[str]:
        """Say what took longer than that, if it did."""
        allowed = self.allowed(promised, since=since)
        if took <= allowed:
            return []
        return [
            (
                f"{what} took {took:.1f} s; {promised:.0f} s are promised, which are"
                f" {allowed:.1f} s at the pace of this machine"
            )
        ]


def _until(beats: Sequence[Beat], place: int, stretch: float) -> Sequence[Beat]:
    """Return the beats of the stretch that ends with the one at a place."""
    first = place
    while first > 0 and beats[first - 1].at >= beats[place].at - stretch:
        first -= 1
    return beats[first : place + 1]
