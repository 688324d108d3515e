import gzip
import zlib
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest

from outbound.addresses import AddressRules
from outbound.http import (
    FETCH_LIMITS,
    WEBHOOK_LIMITS,
    Answer,
    BadAnswer,
    ConnectionFailed,
    Limits,
    Refused,
    TimedOut,
    TooLarge,
    fetch,
    post_json,
)
from tests.receivers import Handler, Receiver, Reply

SHORT = Limits(
    connect=timedelta(seconds=1),
    total=timedelta(seconds=0.5),
    body_bytes=64 * 1024,
    redirects=3,
)


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.receiver.closing.is_set():
        handler.wfile.write(b"x" * 65536)


def drip(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    while not handler.receiver.closing.wait(0.05):
        handler.wfile.write(b"x")


def drip_headers(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.receiver.closing.wait(0.05):
        handler.wfile.write(b"a: b\r\n")


def hang(handler: Handler) -> None:
    handler.receiver.closing.wait()


def huge_header(handler: Handler) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not handler.receiver.closing.is_set():
        handler.wfile.write(b"a: " + b"b" * 65536 + b"\r\n")


def continue_for_ever(handler: Handler) -> None:
    while not handler.receiver.closing.wait(0.01):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def endless_empty_gzip(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("content-encoding", "gzip")
    handler.end_headers()
    member = gzip.compress(b"") * 1000
    while not handler.receiver.closing.is_set():
        handler.wfile.write(member)


def no_http(handler: Handler) -> None:
    handler.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def short_body(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("content-length", "100")
    handler.end_headers()
    handler.wfile.write(b"short")


def test_webhook_arrives_as_the_bytes_given(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    body = '{"price": 309.20, "name": "größer"}'.encode()

    answer = post_json(
        sink.url("/hook?a=b"),
        body=body,
        headers={"Webhook-Id": "d1"},
        rules=loopback_rules,
    )

    (got,) = sink.received
    assert (got.method, got.path, got.body) == ("POST", "/hook?a=b", body)
    assert got.headers["content-type"] == "application/json"
    assert got.headers["webhook-id"] == "d1"
    assert got.headers["content-length"] == str(len(body))
    assert got.headers["user-agent"] == "Bellwether"
    assert (answer.status, answer.body, answer.is_cut) == (200, b"ok", False)
    assert answer.elapsed > timedelta(0)


def test_host_header_keeps_the_name(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    asked = []

    def resolve(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
        asked.append((host, port, timeout_seconds <= 5))
        return ("127.0.0.1", "127.0.0.1")

    url = sink.url("/", host="Receiver.Example.")
    answer = post_json(url, body=b"{}", rules=loopback_rules, resolve=resolve)

    assert asked == [("receiver.example", sink.port, True)]
    assert sink.received[0].headers["host"] == f"receiver.example:{sink.port}"
    assert answer.url == f"http://receiver.example:{sink.port}/"


def test_next_address_is_tried_when_one_does_not_answer(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    def resolve(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
        return ("127.0.0.2", "127.0.0.1")

    url = sink.url("/", host="two.example")

    answer = post_json(url, body=b"{}", rules=loopback_rules, resolve=resolve)

    assert answer.status == 200
    assert len(sink.received) == 1


@pytest.mark.parametrize("status", [200, 204, 301, 308, 400, 404, 410, 429, 500, 503])
def test_any_status_is_an_answer(
    status: int, sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.replies["/"] = Reply(
        status=status, headers=(("Retry-After", "7"), ("location", "/other")), body=b""
    )

    answer = post_json(sink.url(), body=b"{}", rules=loopback_rules)

    assert answer.status == status
    assert answer.headers["retry-after"] == "7"
    assert [got.path for got in sink.received] == ["/"]


def test_only_the_beginning_of_a_webhooks_answer_is_read(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.streams["/"] = endless

    answer = post_json(sink.url(), body=b"{}", rules=loopback_rules)

    assert len(answer.body) == WEBHOOK_LIMITS.body_bytes
    assert answer.is_cut


def test_bomb_answered_to_a_webhook_is_not_inflated(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    bomb = gzip.compress(b"\0" * 20_000_000)
    sink.replies["/"] = Reply(headers=(("content-encoding", "gzip"),), body=bomb)

    answer = post_json(sink.url(), body=b"{}", rules=loopback_rules)

    assert sink.received[0].headers["accept-encoding"] == "identity"
    assert answer.body == bomb[: WEBHOOK_LIMITS.body_bytes]


@pytest.mark.parametrize("stream", [drip, drip_headers, hang, continue_for_ever])
@pytest.mark.parametrize("call", [partial(post_json, body=b"{}"), fetch])
def test_slow_answer_is_given_up_in_time(
    call: Callable[..., Answer],
    stream: Callable[[Handler], None],
    sink: Receiver,
    loopback_rules: AddressRules,
) -> None:
    sink.streams["/"] = stream

    with pytest.raises(TimedOut, match="in time"):
        call(sink.url(), rules=loopback_rules, limits=SHORT)


@pytest.mark.parametrize("stream", [huge_header, no_http, hang_up, short_body])
def test_answer_that_is_no_http_is_named(
    stream: Callable[[Handler], None], sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.streams["/"] = stream

    with pytest.raises(BadAnswer, match="not HTTP"):
        post_json(sink.url(), body=b"{}", rules=loopback_rules)


def test_closed_port_is_a_failed_connection(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    with pytest.raises(ConnectionFailed, match="not taken"):
        post_json("http://127.0.0.3:1234/", body=b"{}", rules=loopback_rules)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Host", "other.example"),
        ("Content-Length", "0"),
        ("Transfer-Encoding", "chunked"),
        ("X-Name", "a\r\nHost: b"),
        ("X-Name", "a\x00"),
        ("X-Name", "größer"),
        ("X-Name", " padded"),
        ("X Name", "a"),
        ("X-Name:", "a"),
        ("", "a"),
    ],
)
def test_header_that_could_bend_a_request_is_refused(
    name: str, value: str, sink: Receiver, loopback_rules: AddressRules
) -> None:
    with pytest.raises(Refused, match="header"):
        post_json(sink.url(), body=b"{}", headers={name: value}, rules=loopback_rules)

    assert sink.received == []


def test_document_is_fetched_and_decoded(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    text = b"date,close\n2026-01-01,1.5\n" * 100
    packed = gzip.compress(text[:1000]) + gzip.compress(text[1000:])
    sink.replies["/prices.csv"] = Reply(
        headers=(("Content-Encoding", "GZIP"), ("content-type", "text/csv")),
        body=packed,
    )

    answer = fetch(
        sink.url("/prices.csv"), headers={"X-Key": "k"}, rules=loopback_rules
    )

    assert sink.received[0].headers["x-key"] == "k"
    assert sink.received[0].headers["accept-encoding"] == "gzip"
    assert answer.body == text
    assert answer.headers["content-type"] == "text/csv"


BOMBS = {
    "plain": ((), b"x" * (FETCH_LIMITS.body_bytes + 1)),
    "gzip": (
        (("content-encoding", "gzip"),),
        gzip.compress(b"\0" * (FETCH_LIMITS.body_bytes * 5)),
    ),
}


@pytest.mark.parametrize(("headers", "body"), BOMBS.values(), ids=BOMBS)
def test_document_over_the_limit_is_refused(
    headers: tuple[tuple[str, str], ...],
    body: bytes,
    sink: Receiver,
    loopback_rules: AddressRules,
) -> None:
    sink.replies["/"] = Reply(headers=headers, body=body)

    with pytest.raises(TooLarge, match="larger than"):
        fetch(sink.url(), rules=loopback_rules)


@pytest.mark.parametrize("stream", [endless, endless_empty_gzip])
def test_endless_document_is_refused(
    stream: Callable[[Handler], None], sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.streams["/"] = stream

    with pytest.raises(TooLarge):
        fetch(sink.url(), rules=loopback_rules, limits=FETCH_LIMITS)


UNREADABLE = {
    "br": ("br", b"anything"),
    "zstd": ("zstd", b"anything"),
    "twice": ("gzip, gzip", gzip.compress(gzip.compress(b"a"))),
    "not-gzip": ("gzip", b"plain"),
    "zlib-for-gzip": ("gzip", zlib.compress(b"a" * 100)),
    "half-a-gzip": ("gzip", gzip.compress(b"abcdefgh" * 100)[:-4]),
}


@pytest.mark.parametrize(("encoding", "body"), UNREADABLE.values(), ids=UNREADABLE)
def test_encoding_not_asked_for_is_a_bad_answer(
    encoding: str, body: bytes, sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.replies["/"] = Reply(headers=(("content-encoding", encoding),), body=body)

    with pytest.raises(BadAnswer, match="gzip"):
        fetch(sink.url(), rules=loopback_rules)


def test_three_redirects_are_followed(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    for step in range(3):
        sink.replies[f"/{step}"] = Reply(
            status=302, headers=(("location", f"{step + 1}"),)
        )

    answer = fetch(sink.url("/0"), headers={"X-Key": "k"}, rules=loopback_rules)

    assert answer.url == sink.url("/3")
    assert [got.path for got in sink.received] == ["/0", "/1", "/2", "/3"]
    assert {got.headers["x-key"] for got in sink.received} == {"k"}


def test_fourth_redirect_is_not_followed(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.replies["/"] = Reply(status=302, headers=(("location", "/"),))

    with pytest.raises(BadAnswer, match="more than 3 times"):
        fetch(sink.url(), rules=loopback_rules)

    assert len(sink.received) == 4


def test_redirect_without_a_place_is_a_bad_answer(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    sink.replies["/"] = Reply(status=302)

    with pytest.raises(BadAnswer, match="where to"):
        fetch(sink.url(), rules=loopback_rules)


def test_secrets_do_not_follow_a_redirect_to_another_origin(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    elsewhere = sink.url("/there", host="127.0.0.1.example")
    sink.replies["/"] = Reply(status=302, headers=(("location", elsewhere),))

    fetch(
        sink.url(),
        headers={"Authorization": "Bearer s3cret"},
        rules=loopback_rules,
        resolve=lambda host, port, timeout_seconds: ("127.0.0.1",),
    )

    first, second = sink.received
    assert first.headers["authorization"] == "Bearer s3cret"
    assert "authorization" not in second.headers


def test_rules_open_nothing_by_default(sink: Receiver) -> None:
    with pytest.raises(Refused, match="BELLWETHER_ALLOWED_NETWORKS"):
        post_json(sink.url(), body=b"{}", rules=AddressRules())

    assert sink.received == []
