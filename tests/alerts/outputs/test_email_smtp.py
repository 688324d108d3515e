"""E-mail over SMTP, to a server that answers as it is told."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from alerts.outputs.base import OutgoingMessage, OutputError, SendContext
from alerts.outputs.email import Email
from tests.receivers import LOOPBACK, MailServer, mail_server

TO: dict[str, object] = {"to": ["ann@example.com", "bob@example.com"]}


@pytest.fixture
def server(settings: Settings) -> Iterator[MailServer]:
    with mail_server() as one:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST = LOOPBACK
        settings.EMAIL_PORT = one.port
        settings.EMAIL_TIMEOUT = 5
        yield one


def test_mail_arrives_once_for_all_recipients(
    server: MailServer, message: OutgoingMessage, sending: SendContext
) -> None:
    Email().send(message, config=TO, context=sending)

    (mail,) = server.mails
    assert f"Message-ID: <{message.delivery_id}@bellwether.example>".encode() in mail
    assert [one.upper() for one in server.recipients] == [
        "RCPT TO:<ANN@EXAMPLE.COM>",
        "RCPT TO:<BOB@EXAMPLE.COM>",
    ]


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        ("RCPT", b"550 no such user", True),
        ("RCPT", b"451 try later", False),
        ("MAIL", b"550 not from you", True),
        ("DATA", b"554 no", True),
        ("DATA", b"452 full", False),
        ("MAIL", b"421 going away", False),
    ],
)
def test_servers_answer_decides_whether_to_try_again(
    command: str,
    answer: bytes,
    permanent: bool,
    server: MailServer,
    message: OutgoingMessage,
    sending: SendContext,
) -> None:
    server.answers[command] = answer

    with pytest.raises(OutputError, match="mail server") as failure:
        Email().send(message, config=TO, context=sending)

    assert failure.value.permanent is permanent
    assert server.mails == []


def test_server_that_is_away_is_tried_again(
    settings: Settings, message: OutgoingMessage, sending: SendContext
) -> None:
    with mail_server() as gone:
        port = gone.port
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = LOOPBACK, port

    with pytest.raises(OutputError) as failure:
        Email().send(message, config=TO, context=sending)

    assert not failure.value.permanent
