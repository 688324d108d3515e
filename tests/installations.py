"""Real installations of the product: `manage.py up`, and every process it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest
import redis

from tests.services.process import free_port

T = TypeVar("T")

ROOT = Path(__file__).parent.parent
START_SECONDS = 90.0
STOP_SECONDS = 20.0
#: A parent waits longer each time before it starts a part again.
PART_SECONDS = 30.0
#: The database of the test run's Redis that installations take for themselves.
REDIS_DATABASE = 9
_OURS = ("BELLWETHER_", "DATABASE_URL", "REDIS_URL", "EMAIL_URL", "DJANGO_", "PYTEST_")


class DidNotHappen(AssertionError):
    """Something that must happen did not happen in time."""


def until(question: Callable[[], T], *, seconds: float, what: str) -> T:
    """Ask until the answer is true, and return it."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if answer := question():
            return answer
        time.sleep(0.05)
    raise DidNotHappen(f"{what} did not happen within {seconds:.0f} s")


@dataclass(slots=True, kw_only=True)
class Installation:
    """A data directory, a port, and the `up` that works there."""

    data_dir: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    #: What `up` is told besides where to listen.
    options: Sequence[str] = ()
    #: Where it listens, and what its commands are run by, on a host of its own.
    host: str = "127.0.0.1"
    inside: Sequence[str] = ()
    _up: subprocess.Popen[bytes] | None = None

    @property
    def up(self) -> subprocess.Popen[bytes]:
        """The command, which becomes the parent."""
        assert self._up is not None, "it was never started"
        return self._up

    @property
    def url(self) -> str:
        """The address at which it serves."""
        return f"http://{self.host}:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment of all its processes; they are found by it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
        own = {
            "BELLWETHER_DATA_DIR": str(self.data_dir),
            "BELLWETHER_SIMULATOR": "off",
            "BELLWETHER_CANARY": "off",
        }
        return {**kept, **own, **self.settings}

    @property
    def said(self) -> str:
        """Everything it wrote to its terminal."""
        log = self.data_dir.with_suffix(".log")
        return log.read_text(errors="replace") if log.exists() else ""

    def start(self) -> None:
        """Start `up` and wait until it serves."""
        self.begin()
        until(self._serves, seconds=START_SECONDS, what=f"serving ({self.said})")

    def begin(self) -> None:
        """Start `up` without waiting."""
        with self.data_dir.with_suffix(".log").open("ab") as log:
            self._up = subprocess.Popen(
                [*self.inside, sys.executable, "manage.py", "up", *self._words],
                cwd=ROOT,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def manage(self, *words: str) -> str:
        """Run another command on the same data and return what it printed."""
        done = subprocess.run(
            [*self.inside, sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def answers(self, path: str, *, token: str = "") -> tuple[int, str]:
        """Return status and body of a page; status 0 if nobody answers."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        asked = urllib.request.Request(self.url + path, headers=headers)
        try:
            with urllib.request.urlopen(asked, timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def processes(self) -> dict[int, str]:
        """Return each process of this installation and the part it is.

        Those of a worker's pool carry the name of the worker, and a command that is no
        part that of its program.
        """
        return {
            pid: _part_of(pid) for pid in _pids() if self._is_ours(pid) and _lives(pid)
        }

    def leader_of(self, part: str) -> int:
        """Return the process that the parent started for a part, once it runs.

        One that has left, as it could not go on without a server, is started again.
        """
        return until(
            lambda: self.leaders().get(part, 0),
            seconds=PART_SECONDS,
            what=f"the start of {part}",
        )

    def leaders(self) -> dict[str, int]:
        """Return the process that the parent started for each part that runs."""
        # Of a worker and its pool, the worker has a session of its own.
        return {
            name: pid for pid, name in self.processes().items() if _leads_session(pid)
        }

    def pool_of(self, part: str) -> list[int]:
        """Return the processes in which a worker runs its tasks, if they are others."""
        return [
            pid
            for pid, name in self.processes().items()
            if name == part and not _leads_session(pid)
        ]

    def stop(self) -> int:
        """Ask `up` to stop and return its exit status."""
        self.up.send_signal(signal.SIGTERM)
        return self.up.wait(STOP_SECONDS)

    def end(self) -> None:
        """Leave nothing behind, whatever a test did."""
        if self._up is not None and self._up.poll() is None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.stop()
        while left := self.processes():
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.05)
        if self._up is not None:
            self._up.wait(STOP_SECONDS)

    @property
    def _words(self) -> list[str]:
        return ["--host", self.host, "--port", str(self.port), *self.options]

    def _serves(self) -> bool:
        assert self.up.poll() is None, self.said
        return self.answers("/healthz")[0] == HTTPStatus.OK

    def _is_ours(self, pid: int) -> bool:
        mark = f"BELLWETHER_DATA_DIR={self.data_dir}\0".encode()
        try:
            return mark in Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _lives(pid: int) -> bool:
    """Leave out what has ended and only waits for its parent to notice."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def _leads_session(pid: int) -> bool:
    try:
        return os.getsid(pid) == pid
    except ProcessLookupError:
        return False


def _part_of(pid: int) -> str:
    try:
        name = Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return "gone"
    return "parent" if name == "up" else name


@pytest.fixture(scope="session")
def prepared_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a data directory in which `up` ran once; copy it to start in 2 seconds."""
    first = Installation(data_dir=tmp_path_factory.mktemp("first") / "data")
    try:
        first.start()
        assert first.stop() == 0
    finally:
        first.end()
    return first.data_dir


@contextlib.contextmanager
def installed(
    data_dir: Path, *, prepared: Path, settings: Mapping[str, str] | None = None
) -> Iterator[Installation]:
    """Make an installation that another `up` prepared, and leave nothing of it."""
    shutil.copytree(prepared, data_dir)
    installation = Installation(data_dir=data_dir, settings=settings or {})
    try:
        yield installation
    finally:
        installation.end()


@contextlib.contextmanager
def full_settings(postgres_url: str, redis_url: str) -> Iterator[dict[str, str]]:
    """Make a database and empty a part of Redis, for the length of the block."""
    name = f"bw_{uuid.uuid4().hex[:12]}"
    broker = f"{redis_url.rpartition('/')[0]}/{REDIS_DATABASE}"
    with redis.Redis.from_url(broker) as client:
        client.flushdb()
    with psycopg.connect(postgres_url, autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
    try:
        yield {
            "DATABASE_URL": f"{postgres_url.rpartition('/')[0]}/{name}",
            "REDIS_URL": broker,
        }
    finally:
        # It may have been stopped meanwhile, and its connections with it.
        with psycopg.connect(postgres_url, autocommit=True) as server:
            server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def embedded(prepared_data: Path, tmp_path: Path) -> Iterator[Installation]:
    """Give an installation on SQLite, not yet started."""
    with installed(tmp_path / "data", prepared=prepared_data) as installation:
        yield installation


@pytest.fixture
def full(
    prepared_data: Path, tmp_path: Path, postgres_url: str, redis_url: str
) -> Iterator[Installation]:
    """Give an installation on PostgreSQL and Redis, not yet started."""
    with (
        full_settings(postgres_url, redis_url) as settings,
        installed(
            tmp_path / "data", prepared=prepared_data, settings=settings
        ) as installation,
    ):
        yield installation
