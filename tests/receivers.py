"""Real listeners on loopback for whatever leaves the process."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from socketserver import StreamRequestHandler, ThreadingTCPServer

from outbound.addresses import AddressRules

LOOPBACK = "127.0.0.1"


def allowing(*networks: str) -> AddressRules:
    """Make rules that open these networks besides the public addresses."""
    return AddressRules(allowed=tuple(map(ip_network, networks)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"ok"


@dataclass(slots=True)
class Receiver:
    """An HTTP server that keeps what it got and answers as it was told."""

    port: int
    scheme: str
    received: list[Received] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)
    replies: dict[str, Reply] = field(default_factory=dict)
    streams: dict[str, Callable[["Handler"], None]] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/", host: str = LOOPBACK) -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"


class Handler(BaseHTTPRequestHandler):
    receiver: Receiver

    def do_POST(self) -> None:
        self._take()

    def do_GET(self) -> None:
        self._take()

    def _take(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        got = Received(
            method=self.command,
            path=self.path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(length),
        )
        self.receiver.received.append(got)
        self.close_connection = True
        with suppress(OSError):
            stream = self.receiver.streams.get(self.path)
            if stream:
                stream(self)
            else:
                self._reply(self.receiver.replies.get(self.path, Reply()))

    def _reply(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("content-length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    def log_message(self, *args: object) -> None:
        """Stay quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, object]:
        connection, address = super().get_request()
        if self.tls:
            connection = self.tls.wrap_socket(
                connection, server_side=True, do_handshake_on_connect=False
            )
        return connection, address

    def handle_error(self, *args: object) -> None:
        """A client that hangs up is what is being tested."""


@contextmanager
def receiver(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    class BoundHandler(Handler):
        pass

    server = _Server((LOOPBACK, 0), BoundHandler)
    server.tls = tls
    here = Receiver(port=server.server_port, scheme="https" if tls else "http")
    BoundHandler.receiver = here
    if tls:
        tls.sni_callback = lambda _socket, name, _context: here.names.append(name)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield here
    finally:
        here.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(slots=True)
class Canary:
    """A listener that nobody may ever reach."""

    port: int
    visits: list[str] = field(default_factory=list)


@contextmanager
def canary() -> Iterator[Canary]:
    listeners = _loopback_listeners()
    bird = Canary(port=listeners[0].getsockname()[1])

    def watch(listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                visitor, address = listener.accept()
                bird.visits.append(str(address[0]))
                visitor.close()

    threads = [threading.Thread(target=watch, args=(one,)) for one in listeners]
    for thread in threads:
        thread.start()
    try:
        yield bird
    finally:
        for listener in listeners:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        for thread in threads:
            thread.join()


def _loopback_listeners() -> list[socket.socket]:
    """Listen on one port of both loopback addresses, where the machine has both."""
    listeners = [socket.create_server((LOOPBACK, 0))]
    port = listeners[0].getsockname()[1]
    with suppress(OSError):
        listeners.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    return listeners


@dataclass(slots=True)
class MailServer:
    """An SMTP server that keeps what it got and answers a command as it was told."""

    port: int
    answers: dict[str, bytes] = field(default_factory=dict)
    mails: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)


class _MailHandler(StreamRequestHandler):
    here: MailServer

    def handle(self) -> None:
        with suppress(OSError):
            self._say(b"220 ready")
            while line := self.rfile.readline():
                command = line[:4].decode().strip().upper()
                answer = self.here.answers.get(command, b"250 ok")
                if command == "RCPT":
                    self.here.recipients.append(line.decode().strip())
                if command == "DATA" and answer == b"250 ok":
                    self._say(b"354 go on")
                    self.here.mails.append(self._mail())
                self._say(answer)
                if command == "QUIT":
                    return

    def _say(self, answer: bytes) -> None:
        self.wfile.write(answer + b"\r\n")

    def _mail(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        return b"".join(lines)


class _MailTCPServer(ThreadingTCPServer):
    daemon_threads = True


@contextmanager
def mail_server() -> Iterator[MailServer]:
    class BoundHandler(_MailHandler):
        pass

    server = _MailTCPServer((LOOPBACK, 0), BoundHandler)
    BoundHandler.here = MailServer(port=server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield BoundHandler.here
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
