import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import msgspec
import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from alerts.outputs.base import (
    OutgoingMessage,
    OutputError,
    OutputInvalid,
    SendContext,
)
from alerts.outputs.webhook import Webhook, write_body
from outbound.addresses import AddressRules
from outbound.signing import make_secret
from tests.receivers import Handler, Receiver, Reply


def send(
    sink: Receiver, message: OutgoingMessage, sending: SendContext, path: str = "/hook"
) -> OutputError | None:
    try:
        Webhook().send(message, config={"url": sink.url(path)}, context=sending)
    except OutputError as error:
        return error
    return None


def test_body_is_apperates_with_ours_beside_it(message: OutgoingMessage) -> None:
    body = json.loads(write_body(message))

    assert body["data"] == {
        "name": "Microsoft under a threshold",
        "set": "CORE:STOCK:MSFT",
        "data": {"CORE:STOCK:MSFT:latestPrice": 309.2, "CORE:STOCK:MSFT:high": 315},
        "timestamp": 1795458950250,
    }
    assert next(iter(body["data"]["data"])) == "CORE:STOCK:MSFT:latestPrice"
    assert body["type"] == "alert.raised"
    assert body["alert"]["reason"] == message.reason


@pytest.mark.parametrize(
    "digits",
    ["309.20", "0.1", "1234567890123456789012345678901234", "-0.00000000000000000001"],
)
def test_numbers_leave_digit_by_digit(digits: str, message: OutgoingMessage) -> None:
    fact = "CORE:STOCK:MSFT:latestPrice"
    told = replace(message, values={fact: Decimal(digits)})

    body = msgspec.json.Decoder(float_hook=str).decode(write_body(told))

    assert Decimal(body["data"]["data"][fact]) == Decimal(digits)
    assert digits.encode() in write_body(told) or "0.000" in digits


@pytest.mark.parametrize(
    "value", [None, True, "größer", ["a", 1], {"a": {"b": None}}, 10**33]
)
def test_values_of_every_type_leave_as_they_came(
    value: object, message: OutgoingMessage
) -> None:
    told = replace(message, values={"DEMO:PRICES:A:field": value})  # type: ignore[dict-item]

    assert json.loads(write_body(told))["data"]["data"]["DEMO:PRICES:A:field"] == value


def test_reference_verifies_the_bytes_that_arrive(
    sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    assert send(sink, message, sending) is None

    (got,) = sink.received
    assert got.body == write_body(message)
    assert got.headers["webhook-id"] == str(message.delivery_id)
    verified = Verifier(sending.signing_secrets[0]).verify(got.body, got.headers)
    assert verified["data"]["name"] == message.rule


def test_repeat_is_recognised_by_its_id(
    sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    send(sink, message, sending)
    send(sink, message, replace(sending, now=sending.now + timedelta(seconds=60)))

    first, second = sink.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]


def test_both_secrets_sign_during_a_rotation(
    sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    secrets = (make_secret(), make_secret())

    send(sink, message, replace(sending, signing_secrets=secrets))

    (got,) = sink.received
    for secret in secrets:
        assert Verifier(secret).verify(got.body, got.headers)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_success(
    status: int, sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    sink.replies["/hook"] = Reply(status=status, body=b"")

    result = Webhook().send(message, config={"url": sink.url("/hook")}, context=sending)

    assert result.status_code == status


FAILURES = {
    300: (False, False),
    301: (False, False),
    302: (False, False),
    304: (False, False),
    307: (False, False),
    308: (False, False),
    400: (True, False),
    401: (True, False),
    403: (True, False),
    404: (True, False),
    405: (True, False),
    408: (False, False),
    409: (False, False),
    410: (True, True),
    413: (True, False),
    422: (True, False),
    425: (False, False),
    429: (False, False),
    451: (True, False),
    500: (False, False),
    502: (False, False),
    503: (False, False),
    504: (False, False),
    599: (False, False),
}


@pytest.mark.parametrize(
    ("status", "permanent", "disable"),
    [(status, *outcome) for status, outcome in FAILURES.items()],
)
def test_status_decides_what_becomes_of_the_delivery(
    status: int,
    permanent: bool,
    disable: bool,
    sink: Receiver,
    message: OutgoingMessage,
    sending: SendContext,
) -> None:
    headers = (("location", sink.url("/other")),)
    sink.replies["/hook"] = Reply(status=status, headers=headers, body=b"why\x00")

    error = send(sink, message, sending)

    assert error
    assert (error.permanent, error.disable) == (permanent, disable)
    assert error.result.status_code == status
    assert str(status) in str(error)
    assert [got.path for got in sink.received] == ["/hook"]


def test_beginning_of_the_answer_is_kept_as_storable_text(
    sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    sink.replies["/hook"] = Reply(status=500, body=b"\x00\xff" + b"x" * 10_000)

    error = send(sink, message, sending)

    assert error
    assert error.result.answer.startswith("\ufffd\ufffdxx")
    assert len(error.result.answer) == 4096


NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
WAITS = {
    "seconds": ("120", timedelta(seconds=120)),
    "zero": ("0", timedelta(0)),
    "over-a-day": ("172800", timedelta(hours=24)),
    "endless": ("9" * 30, timedelta(hours=24)),
    "date": (
        format_datetime(NOW + timedelta(hours=1)),
        timedelta(hours=1),
    ),
    "far-date": (format_datetime(NOW + timedelta(days=9)), timedelta(hours=24)),
    "past": (format_datetime(NOW - timedelta(hours=1), usegmt=True), None),
    "negative": ("-5", None),
    "fraction": ("1.5", None),
    "words": ("soon", None),
    "absent": ("", None),
}


@pytest.mark.parametrize(("header", "wait"), WAITS.values(), ids=WAITS)
def test_wait_asked_for_is_read_and_cut_to_a_day(
    header: str,
    wait: timedelta | None,
    sink: Receiver,
    message: OutgoingMessage,
    sending: SendContext,
) -> None:
    sink.replies["/hook"] = Reply(status=503, headers=(("Retry-After", header),))

    error = send(sink, message, replace(sending, now=NOW))

    assert error
    assert error.retry_after == wait


def hang_up(handler: Handler) -> None:
    handler.close_connection = True


def test_receiver_that_hangs_up_is_tried_again(
    sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    sink.streams["/hook"] = hang_up

    error = send(sink, message, sending)

    assert error
    assert not error.permanent
    assert error.result.status_code is None


def test_forbidden_address_is_given_up_at_once(
    sink: Receiver, message: OutgoingMessage, sending: SendContext
) -> None:
    error = send(sink, message, replace(sending, rules=AddressRules()))

    assert error
    assert error.permanent
    assert sink.received == []


def test_url_is_kept_in_its_one_spelling() -> None:
    clean = Webhook().validate(
        {"url": "HTTPS://Example.COM:443/Hook?a=b#c"}, rules=AddressRules()
    )

    assert clean == {"url": "https://example.com/Hook?a=b"}
    assert Webhook().validate(clean, rules=AddressRules()) == clean


@pytest.mark.parametrize(
    ("config", "field", "code"),
    [
        ({}, "url", "required"),
        ({"url": ""}, "url", "required"),
        ({"url": 5}, "url", "required"),
        ({"url": "example.com"}, "url", "refused"),
        ({"url": "ftp://example.com/"}, "url", "refused"),
        ({"url": "http://u:p@example.com/"}, "url", "refused"),
        ({"url": "http://127.0.0.1/"}, "url", "refused"),
        ({"url": "http://[::1]/"}, "url", "refused"),
        ({"url": "http://0177.0.0.1/"}, "url", "refused"),
        ({"url": "http://example.com/", "secret": "x"}, "secret", "unknown_field"),
    ],
)
def test_bad_configuration_names_the_field(
    config: dict[str, object], field: str, code: str
) -> None:
    with pytest.raises(OutputInvalid) as refusal:
        Webhook().validate(config, rules=AddressRules())

    (problem,) = refusal.value.problems
    assert (problem.field, problem.code) == (field, code)
    assert problem.detail.endswith(".")


def test_description_keeps_the_path_to_itself() -> None:
    said = Webhook().describe({"url": "https://hooks.example.com/T0/B0/s3cret"})

    assert said == "webhook to hooks.example.com"


@pytest.mark.parametrize("make", [Webhook().make_secret, make_secret])
def test_new_output_gets_a_secret_of_the_standard(make: Callable[[], str]) -> None:
    assert make().startswith("whsec_")
