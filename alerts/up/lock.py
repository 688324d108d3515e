"""One `up` for one data directory.

Two on one SQLite file would hand live alerts to the wrong browser, because each has a
channel layer of its own. The lock belongs to the open file, which all children of `up`
inherit: it is free again when the last of them has left.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

#: How long the children of an `up` that was killed may take to leave.
LEAVING_SECONDS = 15.0


class AlreadyRunning(Exception):
    """Another `up` works in this data directory."""


def take_lock(data_dir: Path) -> int:
    """Lock the directory and return the open file that holds the lock.

    Raises:
        AlreadyRunning: at once if the other `up` lives; if only its children are
            left, after they had time to leave.
    """
    path = data_dir / "up.lock"
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + LEAVING_SECONDS
    while not _locked(lock):
        other = os.pread(lock, 20, 0).decode().strip()
        if _lives(other) or time.monotonic() > deadline:
            os.close(lock)
            raise AlreadyRunning(
                f"Bellwether already runs in {data_dir} (process {other or 'unknown'})."
                " Stop it first, or give this one a directory of its own with"
                " BELLWETHER_DATA_DIR."
            )
        time.sleep(0.1)
    os.truncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _lives(pid: str) -> bool:
    if not pid.isdecimal():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
