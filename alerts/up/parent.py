"""The parent of `up`: starts the parts, restarts what ends, leaves nobody behind.

It imports the standard library only, so it stays small, and it decides nothing about
events: a part may be killed at any moment, and so may the parent.

1. Every part is a child in a session of its own with a pipe as standard input. When
   the parent is gone, however it went, the pipes end and the children leave.
2. A part that ended starts again after 0, 1, then 5 seconds; once it ran steadily the
   count begins anew. One that ends with `GIVE_UP` ends the parent as well.
3. SIGTERM and Ctrl-C are handed on; who is still there 10 seconds later is killed,
   and at once upon a second Ctrl-C. A worker whose broker is gone ignores SIGTERM.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

#: Seconds before a part starts again: after its first quick end, its second, others.
RESTART_AFTER = (0.0, 1.0, 5.0)
#: A part that ran for so long did start; its next end counts as the first.
STEADY_SECONDS = 10.0
STOP_SECONDS = 10.0
#: The status of a part that no restart can help (EX_CONFIG of sysexits.h).
GIVE_UP = 78


@dataclass(slots=True, kw_only=True)
class Part:
    """A child to keep running."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    #: Monotonic times: when it started last, and when it is to start.
    started_at: float = 0.0
    due_at: float = 0.0
    quick_ends: int = 0


@dataclass(slots=True, kw_only=True)
class Parent:
    """Keeps parts running until it is told to stop."""

    parts: list[Part]
    #: Open file that holds the data directory's lock as long as anybody lives.
    lock: int
    stops_asked: int = 0
    status: int = 0
    _wake: int = field(default=-1, init=False)

    def run(self) -> int:
        """Start, tend and finally stop the parts; return the exit status."""
        self._hear_signals()
        while not self.stops_asked:
            for part in self.parts:
                self._tend(part)
            self._doze()
        self._stop_all()
        return self.status

    def _hear_signals(self) -> None:
        self._wake, write = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(write, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        for one in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(one, self._ask_to_stop)
        # Python's own way to hear of a child's end at once: a handler that only wakes.
        signal.signal(signal.SIGCHLD, lambda *_: None)

    def _ask_to_stop(self, *_: object) -> None:
        self.stops_asked += 1

    def _doze(self) -> None:
        """Sleep until a signal comes or a part may be due."""
        waiting = any(part.process is None for part in self.parts)
        ready, _, _ = select.select([self._wake], [], [], 0.05 if waiting else 5.0)
        if ready:
            os.read(self._wake, 512)

    def _tend(self, part: Part) -> None:
        if part.process is None:
            if time.monotonic() >= part.due_at:
                self._start(part)
        elif part.process.poll() is not None:
            self._note_end(part, part.process)

    def _start(self, part: Part) -> None:
        part.started_at = time.monotonic()
        part.process = subprocess.Popen(  # noqa: S603 - our own command line
            part.command,
            stdin=subprocess.PIPE,
            start_new_session=True,
            pass_fds=(self.lock,),
        )

    def _note_end(self, part: Part, process: subprocess.Popen[bytes]) -> None:
        _kill_group(process)
        part.process = None
        if process.returncode == GIVE_UP:
            self.status = 1
            self.stops_asked += 1
            return
        now = time.monotonic()
        if now - part.started_at >= STEADY_SECONDS:
            part.quick_ends = 0
        delay = RESTART_AFTER[min(part.quick_ends, len(RESTART_AFTER) - 1)]
        part.quick_ends += 1
        part.due_at = now + delay
        again = f"in {delay:.0f} s" if delay else "at once"
        say(f"{part.name} {_ending(process.returncode)}; it starts again {again}.")

    def _stop_all(self) -> None:
        running = [part.process for part in self.parts if part.process is not None]
        asked = self.stops_asked
        for process in running:
            # Its standard input stays open: its end means that the parent is gone.
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(process.poll() is None for process in running):
            if time.monotonic() > deadline or self.stops_asked > asked:
                break
            select.select([self._wake], [], [], 0.1)
        for process in running:
            _kill_group(process)
            process.wait()


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill what is left of a part: a worker's pool may outlive the worker."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _ending(status: int) -> str:
    return f"was ended by signal {-status}" if status < 0 else f"ended with {status}"


def say(line: str) -> None:
    """Tell the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def command_line(parts: dict[str, list[str]], *, lock: int) -> list[str]:
    """Return how to start a parent for these parts, by name and command."""
    # Isolated: of the project it needs this file alone, whatever the directory.
    words = [sys.executable, "-I", __file__, "--lock", str(lock)]
    for name, command in parts.items():
        words += ["--part", shlex.join([name, *command])]
    return words


def main() -> int:
    """Read what `command_line` wrote and run it."""
    parser = argparse.ArgumentParser(prog="up", description="The parent of `up`.")
    parser.add_argument("--lock", type=int, required=True)
    parser.add_argument("--part", action="append", type=shlex.split, required=True)
    options = parser.parse_args()
    parts = [Part(name=name, command=command) for name, *command in options.part]
    return Parent(parts=parts, lock=options.lock).run()


if __name__ == "__main__":
    sys.exit(main())
