"""Children of the parent: forks, which share all that it has loaded."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

#: What a child does; the number is its exit status.
Work = Callable[[], int]

#: Signals that the parent hears in ways of its own, which a child must unlearn.
HEARD = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
_BROKEN = 1


class Child:
    """A process that was forked from this one, in a session of its own."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._status: int | None = None

    def poll(self) -> int | None:
        """Return the exit status, None while it runs; a signal's number is negative."""
        if self._status is None:
            self._note(*os.waitpid(self.pid, os.WNOHANG))
        return self._status

    def wait(self) -> None:
        """Return once it has ended."""
        if self._status is None:
            self._note(*os.waitpid(self.pid, 0))

    def terminate(self) -> None:
        """Ask it to stop."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Kill it and what it left behind: a worker's pool may outlive the worker."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def _note(self, pid: int, status: int) -> None:
        if pid:
            self._status = os.waitstatus_to_exitcode(status)


def fork_child(name: str, work: Work, *, not_for_it: Iterable[int]) -> Child:
    """Fork a process that works and then ends; it closes the files `not_for_it`.

    The caller has one thread and no connection open: a fork would get halves of them.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    # Until the child has unlearned them, a signal to it would end in our handlers.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)
    pid = os.fork()
    if not pid:
        _live(name, work, not_for_it)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    return Child(pid)


def name_process(name: str) -> None:
    """Let `ps -o comm` and `top` tell the processes apart, where the system can."""
    with contextlib.suppress(OSError):
        Path("/proc/self/comm").write_text(name)


def _live(name: str, work: Work, not_for_it: Iterable[int]) -> NoReturn:
    """Be the child; nothing of the parent's stack may run here, so never return."""
    status = _BROKEN
    try:
        os.setsid()
        for file in not_for_it:
            os.close(file)
        _forget_signals()
        name_process(name)
        status = work()
    except SystemExit as leaving:
        status = leaving.code if isinstance(leaving.code, int) else _BROKEN
    except BaseException:  # noqa: BLE001 - the last frame of a process
        traceback.print_exc()
    finally:
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def _forget_signals() -> None:
    signal.set_wakeup_fd(-1)
    for one in HEARD:
        signal.signal(one, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, HEARD)
