"""Children of the test run: started on a free port, awaited, stopped by their id."""

import contextlib
import importlib.util
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

START_SECONDS = 60.0
STOP_SECONDS = 10.0


class ServerDidNotStartError(Exception):
    """A server is missing, left, or was silent for too long after its start."""


def free_port() -> int:
    """Return a loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def inside_wheel(package: str, path: str) -> Path:
    """Return where a wheel keeps a file, without running the wheel's own code."""
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ServerDidNotStartError(
            f"{package} is not installed; install requirements/test.txt."
        )
    return Path(spec.origin).parent / path


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs a program; the default is whoever runs the tests."""

    user: int | None = None
    group: int | None = None
    extra_groups: tuple[int, ...] | None = None


US = Account()


def run_once(
    command: Sequence[str | Path], *, account: Account = US, cwd: Path | None = None
) -> str:
    """Run a program to its end and return what it said; raise if it failed."""
    try:
        ended = subprocess.run(
            command,
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=cwd,
            user=account.user,
            group=account.group,
            extra_groups=account.extra_groups,
        )
    except PermissionError as error:
        raise ServerDidNotStartError(str(error)) from error
    except subprocess.CalledProcessError as error:
        raise ServerDidNotStartError(f"{error} It said:\n{error.stdout}") from error
    return ended.stdout


@dataclass(slots=True, kw_only=True)
class Server:
    """A server that can be started, stopped and killed, and started again.

    It gets a session of its own: Ctrl-C in a terminal reaches the test run alone,
    which ends its tests first and its servers last.
    """

    command: Sequence[str | Path]
    is_ready: Callable[[], bool]
    log: Path
    account: Account = US
    stop_signal: signal.Signals = signal.SIGTERM
    _child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that was started last."""
        assert self._child is not None, "it was never started"
        return self._child.pid

    def start(self) -> None:
        """Start it and return once it is ready."""
        with self.log.open("ab") as output:
            self._child = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=self.account.user,
                group=self.account.group,
                extra_groups=self.account.extra_groups,
            )
        _await(self._child, self.is_ready, self.log)

    def end(self, how: signal.Signals | None = None) -> None:
        """Send it this signal, and kill it if it is still there after a while."""
        if self._child is None:
            return
        self._child.send_signal(how or self.stop_signal)
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    """Run a server until the block ends; the block begins once it is ready."""
    try:
        server.start()
        yield server
    finally:
        server.end()


def _await(
    child: subprocess.Popen[bytes], is_ready: Callable[[], bool], log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while child.poll() is None and time.monotonic() < deadline:
        if is_ready():
            return
        time.sleep(0.05)
    said = log.read_text(errors="replace")[-2000:]
    raise ServerDidNotStartError(f"{child.args!r} did not start. It said:\n{said}")
