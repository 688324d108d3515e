import base64
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from outbound.signing import SecretInvalid, make_secret, read_secret, signed_headers

BODY = b'{"price": 309.20, "name": "gr\xc3\xb6\xc3\x9fer"}'
SOME_DAY = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def now() -> datetime:
    """The time of the test itself: the reference reads the clock, and is strict."""
    return datetime.now(tz=UTC)  # noqa: TID251 - as the reference does


def test_reference_verifies_what_was_signed(now: datetime) -> None:
    secret = make_secret()

    headers = signed_headers(
        BODY, message_id="d-1", sent_at=now, signing_secrets=[secret]
    )

    assert Webhook(secret).verify(BODY, headers) == {"price": 309.2, "name": "größer"}


def test_receiver_with_either_secret_verifies_during_a_rotation(
    now: datetime,
) -> None:
    new, old = make_secret(), make_secret()

    headers = signed_headers(
        BODY, message_id="d-1", sent_at=now, signing_secrets=[new, old]
    )

    assert len(headers["webhook-signature"].split(" ")) == 2
    assert Webhook(new).verify(BODY, headers)
    assert Webhook(old).verify(BODY, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_secret()).verify(BODY, headers)


@pytest.mark.parametrize("part", ["body", "webhook-id", "webhook-timestamp"])
def test_reference_refuses_what_was_changed(part: str, now: datetime) -> None:
    secret = make_secret()
    headers = signed_headers(
        BODY, message_id="d-1", sent_at=now, signing_secrets=[secret]
    )
    changed = {
        "webhook-id": "d-2",
        "webhook-timestamp": str(int(now.timestamp()) + 1),
    }
    body = BODY + b" " if part == "body" else BODY

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(body, {**headers, part: changed.get(part, "")})


@pytest.mark.parametrize("minutes", [-6, 60])
def test_reference_refuses_what_is_over_five_minutes_off(
    minutes: int, now: datetime
) -> None:
    secret = make_secret()
    headers = signed_headers(
        BODY,
        message_id="d-1",
        sent_at=now + timedelta(minutes=minutes),
        signing_secrets=[secret],
    )

    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(BODY, headers)


def test_signature_equals_the_one_printed_in_the_standards_own_tests() -> None:
    headers = signed_headers(
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        sent_at=datetime.fromtimestamp(1614265330, tz=UTC),
        signing_secrets=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
    )

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


@given(st.binary(min_size=24, max_size=64))
def test_secret_of_the_standards_length_is_read(key: bytes) -> None:
    assert read_secret("whsec_" + base64.b64encode(key).decode()) == key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_" + base64.b64encode(b"a" * 23).decode(),
        "whsec_" + base64.b64encode(b"a" * 65).decode(),
        "whsec_not base64 at all, s3cret",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
        "whsec_größer",
    ],
)
def test_secret_of_another_form_is_refused_without_its_text(text: str) -> None:
    with pytest.raises(SecretInvalid) as refusal:
        read_secret(text)

    assert "s3cret" not in str(refusal.value)


def test_nothing_is_sent_unsigned_for_want_of_a_secret() -> None:
    with pytest.raises(SecretInvalid, match="no secret"):
        signed_headers(BODY, message_id="d-1", sent_at=SOME_DAY, signing_secrets=[])


@pytest.mark.parametrize("message_id", ["", "a.b", "a\nb", "a b", "ä"])
def test_id_that_blurs_what_is_signed_is_refused(message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        signed_headers(
            BODY,
            message_id=message_id,
            sent_at=SOME_DAY,
            signing_secrets=[make_secret()],
        )
