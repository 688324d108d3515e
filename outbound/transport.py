"""The guarded transport: it decides what a name means, and connects to nothing else.

1. The host of the request is read again from its text, and resolved here.
2. All answers must be addresses that may be called; one that may not spoils all.
3. The connection is made to a checked address, never to a name, so that a second
   answer of the name service cannot lead elsewhere.
4. The other end of the socket is compared with that address before a byte leaves.
5. Every read and write is cut to what is left of the call's time, so that a peer
   that drips cannot hold a worker.

Host header and SNI keep the name. No proxy, cookie, credential or setting is taken
from the environment.
"""

import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import certifi
import httpcore
import httpx

from outbound.addresses import Address, AddressRules, is_address, read_host
from outbound.errors import BadAnswer, ConnectionFailed, Refused, TimedOut
from outbound.resolver import Resolve

_WRITE_SLICE = 16_384


class Deadline:
    """What is left of the time a call may take; measured, so of this process alone."""

    def __init__(self, seconds: float) -> None:
        self._ends_at = time.monotonic() + seconds

    def left(self, *, at_most: float | None = None) -> float:
        """Return the seconds left, never more than `at_most`.

        Raises:
            TimedOut: none are left.
        """
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimedOut("The whole answer did not come in time.")
        return left if at_most is None else min(left, at_most)


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every step is cut to what is left of the call's time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(at_most=timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # In slices, because a timeout below counts anew for each part that was taken.
        for start in range(0, len(buffer), _WRITE_SLICE):
            left = self._deadline.left(at_most=timeout)
            self._stream.write(buffer[start : start + _WRITE_SLICE], left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(at_most=timeout)
        secured = self._stream.start_tls(ssl_context, server_hostname, left)
        return _TimedStream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore.NetworkBackend):
    """Open connections to addresses that the rules admit, and to no others."""

    def __init__(
        self,
        *,
        rules: AddressRules,
        resolve: Resolve,
        connect_seconds: float,
        deadline: Deadline,
        network: httpcore.NetworkBackend | None = None,
    ) -> None:
        self._rules = rules
        self._resolve = resolve
        self._connect_seconds = connect_seconds
        self._deadline = deadline
        self._network = network or httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Resolve, check all, connect to the first that answers, check again."""
        connecting = Deadline(self._deadline.left(at_most=self._connect_seconds))
        failure: Exception = ConnectionFailed(f"{host} did not take the connection.")
        for address in self._addresses_of(host, port, connecting):
            try:
                stream = self._network.connect_tcp(
                    str(address), port, connecting.left(), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return self._checked(stream, address)
        raise failure

    def _addresses_of(
        self, host: str, port: int, connecting: Deadline
    ) -> tuple[Address, ...]:
        name = read_host(f"[{host}]" if ":" in host else host)
        if is_address(name):
            return self._rules.read_addresses((name,))
        answers = self._resolve(name, port, connecting.left())
        return self._rules.read_addresses(answers)

    def _checked(
        self, stream: httpcore.NetworkStream, wanted: Address
    ) -> httpcore.NetworkStream:
        try:
            peer = self._rules.read_address(stream.get_extra_info("server_addr")[0])
        except OSError:
            stream.close()
            raise ConnectionFailed("The connection broke at once.") from None
        except Refused:
            stream.close()
            raise
        if peer != wanted:
            stream.close()
            raise Refused("The connection led to another address than the name.")
        return _TimedStream(stream, self._deadline)


class GuardedTransport(httpx.BaseTransport):
    """An httpx transport for one call, or one chain of redirects.

    It raises the errors of `outbound.errors` and none of httpx or httpcore.
    """

    def __init__(
        self,
        *,
        rules: AddressRules,
        resolve: Resolve,
        connect_seconds: float,
        total_seconds: float,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or public_tls(),
            max_connections=1,
            network_backend=GuardedBackend(
                rules=rules,
                resolve=resolve,
                connect_seconds=connect_seconds,
                deadline=Deadline(total_seconds),
            ),
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer with its body still unread."""
        with _named_errors():
            answer = self._pool.handle_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                )
            )
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_AnswerStream(answer),
        )

    def close(self) -> None:
        """Close the connection, also one whose answer was not read to its end."""
        self._pool.close()


class _AnswerStream(httpx.SyncByteStream):
    def __init__(self, answer: httpcore.Response) -> None:
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        with _named_errors():
            yield from self._answer.iter_stream()

    def close(self) -> None:
        self._answer.close()


@lru_cache(maxsize=1)
def public_tls() -> ssl.SSLContext:
    """Trust what the system trusts, or certifi's list where a system has none."""
    context = ssl.create_default_context()
    paths = ssl.get_default_verify_paths()
    if not (paths.cafile or paths.capath):
        context.load_verify_locations(certifi.where())
    return context


@contextmanager
def _named_errors() -> Iterator[None]:
    try:
        yield
    except httpcore.ConnectTimeout:
        raise TimedOut("The connection was not taken in time.") from None
    except httpcore.TimeoutException:
        raise TimedOut("The whole answer did not come in time.") from None
    except httpcore.ConnectError as error:
        raise ConnectionFailed(_why_unconnected(error)) from None
    except httpcore.NetworkError:
        raise ConnectionFailed("The connection broke before the answer came.") from None
    except httpcore.RemoteProtocolError:
        raise BadAnswer(
            "The answer is not HTTP, ended early, or its headers are too large."
        ) from None
    except httpcore.LocalProtocolError:
        raise Refused(
            "A header of the request holds characters HTTP forbids."
        ) from None


def _why_unconnected(error: httpcore.ConnectError) -> str:
    # The pool raises it anew without its cause; httpcore keeps that as the argument.
    cause = next(iter(error.args), None)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return f"The certificate is not trusted: {cause.verify_message}."
    if isinstance(cause, ssl.SSLError):
        return "No secure connection came about (TLS)."
    return "The connection was not taken."
