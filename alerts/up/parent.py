"""The parent of `up`: starts the parts, restarts what ends, leaves nobody behind.

It has loaded the whole program and runs none of it. Each part is a fork of it, which
works after a fraction of a second, where loading takes seconds, and shares with all
others what is loaded. So the parent opens no database, no broker and no thread; it
decides nothing about events, and it may be killed at any moment, as any part may.

1. First children prepare the installation, side by side: its database, and what its
   pages load. If one fails, that is the end.
2. Every part is a child in a session of its own, on a leash: the reading end of a pipe
   whose other end only the parent holds. When the parent is gone, however it went, the
   pipe ends and the children leave.
3. A part that ended starts again after 0, 1, then 5 seconds; once it ran steadily the
   count begins anew. One that ends with `GIVE_UP` ends the parent as well.
4. A part shows every few seconds that its interpreter still runs. One that has not for
   a minute hangs where no thread of its own can end it, and is killed.
5. SIGTERM and Ctrl-C are handed on; who is still there 10 seconds later is killed,
   and at once upon a second Ctrl-C. A worker whose broker is gone ignores SIGTERM.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from alerts.up.children import Child, Work, fork_child, name_process
from alerts.up.watching import LEAVING_SECONDS, leave_with_parent, show_life

#: Seconds before a part starts again: after its first quick end, its second, others.
RESTART_AFTER = (0.0, 1.0, 5.0)
#: A part that ran for so long did start; its next end counts as the first.
STEADY_SECONDS = 3.0
STOP_SECONDS = LEAVING_SECONDS + 2
SILENCE_SECONDS = 60.0
_LOOK_EVERY_SECONDS = 5.0
#: The status of a part that no restart can help (EX_CONFIG of sysexits.h).
GIVE_UP = 78


@dataclass(slots=True, kw_only=True)
class Part:
    """A child to keep running."""

    name: str
    work: Work
    child: Child | None = None
    #: The end of a pipe on which it shows that it runs; none when it does not.
    pulse: int = -1
    #: Monotonic times: of its last start and sign of life, and when it is to start.
    started_at: float = 0.0
    heard_at: float = 0.0
    due_at: float = 0.0
    quick_ends: int = 0


@dataclass(slots=True, kw_only=True)
class Parent:
    """Keeps parts running until it is told to stop."""

    parts: list[Part]
    #: What makes the installation ready, each done by a child of this name, which says
    #: itself what failed.
    preparations: Mapping[str, Work]
    #: Loads what the parts share, while that goes on and after it.
    load: Callable[[], None]
    load_prepared: Callable[[], None]
    silence_seconds: float = SILENCE_SECONDS
    stops_asked: int = 0
    status: int = 0
    _wake: tuple[int, int] = field(default=(-1, -1), init=False)
    _leash: tuple[int, int] = field(default=(-1, -1), init=False)

    def run(self) -> int:
        """Prepare, then tend the parts and finally stop them; return the status."""
        self._wake, self._leash = os.pipe(), os.pipe()
        self._hear_signals()
        self._run_preparation()
        while not self.stops_asked:
            for part in self.parts:
                self._tend(part)
            self._doze()
        self._stop_all()
        return self.status

    def _hear_signals(self) -> None:
        for end in self._wake:
            os.set_blocking(end, False)
        signal.set_wakeup_fd(self._wake[1], warn_on_full_buffer=False)
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(one, self._ask_to_stop)
        # Python's own way to hear of a child's end at once: a handler that only wakes.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask_to_stop(self, *_: object) -> None:
        self.stops_asked += 1

    def _run_preparation(self) -> None:
        name_process("up")
        children = [self._fork(name, work) for name, work in self.preparations.items()]
        self.load()
        while any(child.poll() is None for child in children) and not self.stops_asked:
            self._doze()
        if self.stops_asked:
            for child in children:
                child.kill()
                child.wait()
        elif any(child.poll() for child in children):
            self._end(status=1)
        else:
            self.load_prepared()

    def _end(self, *, status: int) -> None:
        self.status = status
        self.stops_asked += 1

    def _doze(self) -> None:
        """Sleep until a signal or a sign of life comes or a part may be due."""
        pulses = {part.pulse: part for part in self.parts if part.child is not None}
        begin = time.monotonic()
        due = [part.due_at - begin for part in self.parts if part.child is None]
        pause = max(0, min(due, default=_LOOK_EVERY_SECONDS))
        ready, _, _ = select.select([self._wake[0], *pulses], [], [], pause)
        now = time.monotonic()
        # Who was stopped himself, with the machine perhaps, knows nothing of others.
        slept_on = now - begin > 2 * _LOOK_EVERY_SECONDS
        for file, part in pulses.items():
            if slept_on or (file in ready and os.read(file, 512)):
                part.heard_at = now
        if self._wake[0] in ready:
            os.read(self._wake[0], 512)

    def _tend(self, part: Part) -> None:
        now = time.monotonic()
        if part.child is None:
            if now >= part.due_at:
                self._start(part)
        elif (status := part.child.poll()) is not None:
            self._note_end(part, part.child, status)
        elif now - part.heard_at > self.silence_seconds:
            say(
                f"{part.name} has not shown for {self.silence_seconds:.0f} s that it"
                " runs; it is killed."
            )
            part.heard_at = now
            part.child.kill()

    def _start(self, part: Part) -> None:
        part.pulse, pulse = os.pipe()
        part.started_at = part.heard_at = time.monotonic()

        def work() -> int:
            show_life(pulse)
            return part.work()

        part.child = self._fork(part.name, work)
        os.close(pulse)

    def _fork(self, name: str, work: Work) -> Child:
        """Fork a child that leaves with us."""

        def be_leashed() -> int:
            leave_with_parent(self._leash[0])
            return work()

        pulses = [part.pulse for part in self.parts if part.pulse >= 0]
        ours = [*self._wake, self._leash[1], *pulses]
        return fork_child(name, be_leashed, not_for_it=ours)

    def _note_end(self, part: Part, child: Child, status: int) -> None:
        child.kill()
        os.close(part.pulse)
        part.child, part.pulse = None, -1
        if status == GIVE_UP:
            self._end(status=1)
            return
        now = time.monotonic()
        if now - part.started_at >= STEADY_SECONDS:
            part.quick_ends = 0
        delay = RESTART_AFTER[min(part.quick_ends, len(RESTART_AFTER) - 1)]
        part.quick_ends += 1
        part.due_at = now + delay
        again = f"in {delay:.0f} s" if delay else "at once"
        say(f"{part.name} {_ending(status)}; it starts again {again}.")

    def _stop_all(self) -> None:
        running = [part.child for part in self.parts if part.child is not None]
        asked = self.stops_asked
        for child in running:
            # The leash stays: its end means that the parent is gone.
            child.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.poll() is None for child in running):
            if time.monotonic() > deadline or self.stops_asked > asked:
                break
            select.select([self._wake[0]], [], [], 0.1)
        for child in running:
            child.kill()
            child.wait()


def _ending(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with {status}"


def say(line: str) -> None:
    """Tell the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
