import smtplib

import pytest
from django.core.mail import EmailMessage
from hypothesis import given
from hypothesis import strategies as st

from outbound.mail import (
    MailRefused,
    is_final,
    read_header,
    read_recipient,
    read_recipients,
)

GOOD = {
    "plain": ("ann@example.com", "ann@example.com"),
    "spaces-around": ("  ann@example.com ", "ann@example.com"),
    "tag": ("ann+alerts@example.com", "ann+alerts@example.com"),
    "dots": ("a.n.n@mail.example.com", "a.n.n@mail.example.com"),
    "capitals": ("Ann@Example.COM", "Ann@example.com"),
    "apostrophe": ("o'neil@example.com", "o'neil@example.com"),
    "slash": ("a/b@example.com", "a/b@example.com"),
    "idna": ("ann@bücher.example", "ann@xn--bcher-kva.example"),
    "localhost": ("root@localhost", "root@localhost"),
    "longest-local": ("a" * 64 + "@example.com", "a" * 64 + "@example.com"),
}


@pytest.mark.parametrize(("text", "address"), GOOD.values(), ids=GOOD)
def test_single_address_is_read(text: str, address: str) -> None:
    assert read_recipient(text) == address


BAD = {
    "two": "a@example.com, b@example.com",
    "two-without-space": "a@example.com,b@example.com",
    "two-semicolon": "a@example.com;b@example.com",
    "two-space": "a@example.com b@example.com",
    "group": "team: a@example.com, b@example.com;",
    "name": "Ann <ann@example.com>",
    "angle": "<ann@example.com>",
    "two-angles": "<a@example.com><b@example.com>",
    "route": "<@relay.example:ann@example.com>",
    "quoted": '"ann"@example.com',
    "quoted-at": '"a@b"@example.com',
    "comment": "ann(comment)@example.com",
    "comment-after": "ann@example.com (b@example.com)",
    "two-ats": "a@b@example.com",
    "line-feed": "a@example.com\nBcc: b@example.com",
    "return": "a@example.com\rBcc: b@example.com",
    "both": "a@example.com\r\nBcc: b@example.com",
    "line-feed-at-end": "a@example.com\n",
    "nul": "a@example.com\x00",
    "line-separator": "a@example.com\u2028b",
    "next-line": "a@example.com\u0085b",
    "tab": "a\t@example.com",
    "no-at": "ann",
    "no-local": "@example.com",
    "no-domain": "ann@",
    "empty": "",
    "dot-first": ".ann@example.com",
    "dot-last": "ann.@example.com",
    "dots-doubled": "a..n@example.com",
    "accents": "größer@example.com",
    "single-label": "ann@example",
    "literal": "ann@[127.0.0.1]",
    "bare-address": "ann@127.0.0.1",
    "domain-dots": "ann@example..com",
    "domain-hyphen": "ann@-example.com",
    "domain-underscore": "ann@exa_mple.com",
    "percent-relay": "ann%example.com@",
    "local-too-long": "a" * 65 + "@example.com",
    "too-long": "a" * 60 + "@" + "b." * 98 + "example",
    "header-smuggled": "ann@example.com>\r\nDATA",
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_text_that_is_not_one_address_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(MailRefused, match=r"e-mail address.*\.$"):
        read_recipient(text)


@given(st.text(max_size=40))
def test_any_text_is_one_address_or_refused(text: str) -> None:
    for candidate in (text, f"ann@{text}", f"{text}@example.com"):
        try:
            address = read_recipient(candidate)
        except MailRefused:
            continue
        assert read_recipient(address) == address
        message = EmailMessage("subject", "body", "from@example.com", [address])
        assert message.recipients() == [address]


def test_recipients_are_named_once_each_in_order() -> None:
    assert read_recipients(["b@example.com", "a@example.com", "b@EXAMPLE.com"]) == (
        "b@example.com",
        "a@example.com",
    )


@pytest.mark.parametrize(
    "texts",
    [[], [f"a{number}@example.com" for number in range(21)]],
    ids=["none", "21"],
)
def test_number_of_recipients_is_bounded(texts: list[str]) -> None:
    with pytest.raises(MailRefused, match="1 to 20"):
        read_recipients(texts)


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nBcc: b", "a\x00", "a\u2028b"])
def test_subject_that_breaks_the_line_is_refused(value: str) -> None:
    with pytest.raises(MailRefused, match="subject must not hold a line break"):
        read_header("subject", value)


def test_subject_of_any_other_text_is_kept() -> None:
    assert read_header("subject", "Größer als 5 €: ↑") == "Größer als 5 €: ↑"
    with pytest.raises(MailRefused, match="at most 998"):
        read_header("subject", "a" * 999)


FAILURES = {
    "recipient-unknown": (
        smtplib.SMTPRecipientsRefused({"a@example.com": (550, b"no such user")}),
        True,
    ),
    "one-of-two-later": (
        smtplib.SMTPRecipientsRefused(
            {"a@example.com": (550, b"no"), "b@example.com": (451, b"later")}
        ),
        False,
    ),
    "nobody-named": (smtplib.SMTPRecipientsRefused({}), False),
    "sender-refused": (smtplib.SMTPSenderRefused(550, b"no", "x@example.com"), True),
    "content-refused": (smtplib.SMTPDataError(554, b"no"), True),
    "content-later": (smtplib.SMTPDataError(451, b"later"), False),
    "login-refused": (smtplib.SMTPAuthenticationError(535, b"no"), False),
    "hung-up": (smtplib.SMTPServerDisconnected("gone"), False),
    "no-connection": (ConnectionRefusedError(), False),
    "no-answer": (TimeoutError(), False),
}


@pytest.mark.parametrize(("error", "final"), FAILURES.values(), ids=FAILURES)
def test_only_the_servers_word_on_this_mail_is_final(
    error: OSError, final: bool
) -> None:
    assert is_final(error) is final
