from dataclasses import replace
from pathlib import Path

import pytest

from alerts.outputs.base import OutgoingMessage, OutputError, OutputInvalid, SendContext
from alerts.outputs.email import Email
from alerts.outputs.mailbox import StoredMail, list_mails
from outbound.addresses import AddressRules

pytestmark = pytest.mark.usefixtures("maildir")

TO: dict[str, object] = {"to": ["ann@example.com", "bob@example.com"]}


def sent(
    message: OutgoingMessage, sending: SendContext, config: dict[str, object] = TO
) -> StoredMail:
    Email().send(message, config=config, context=sending)
    return list_mails(workspace=message.workspace)[0]


def test_mail_says_the_rules_words_then_the_table(
    message: OutgoingMessage, sending: SendContext
) -> None:
    told = replace(
        message,
        subject="{{ key }} fell to {{ value }}",
        message="It is {{ margin }} under {{ threshold }}. High: {{ high }}",
    )

    mail = sent(told, sending)

    assert mail.subject == "MSFT fell to 309.20"
    assert mail.text.startswith("It is 0.80 under 310. High: 315")
    assert "CORE:STOCK:MSFT:latestPrice  309.20" in mail.text
    assert "CORE:STOCK:MSFT:high         315" in mail.text
    assert message.alert_url in mail.text


def test_mail_has_a_default_for_rules_without_words(
    message: OutgoingMessage, sending: SendContext
) -> None:
    mail = sent(message, sending)

    assert mail.subject == "Microsoft under a threshold: MSFT"
    assert "MSFT: latestPrice is 309.20, at or below 310 (by 0.80)." in mail.text
    assert message.sentence in mail.text


def test_mail_carries_what_identifies_a_repeat(
    message: OutgoingMessage, sending: SendContext
) -> None:
    first, second = sent(message, sending), sent(message, sending)

    headers = dict(first.headers)
    assert headers["Message-ID"] == f"<{message.delivery_id}@bellwether.example>"
    assert headers["X-Delivery-Id"] == str(message.delivery_id)
    assert headers["X-Bellwether-Workspace"] == "DEMO"
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers["List-Unsubscribe"] == f"<{sending.manage_url}>"
    assert headers["Message-ID"] == dict(second.headers)["Message-ID"]


def test_mail_goes_to_every_recipient_at_once(
    message: OutgoingMessage, sending: SendContext
) -> None:
    mail = sent(message, sending)

    assert mail.recipients == "ann@example.com, bob@example.com"
    assert mail.sender == "Bellwether <bellwether@bellwether.example>"
    assert len(list_mails(workspace="DEMO")) == 1


def test_values_and_words_are_escaped_in_html(
    message: OutgoingMessage, sending: SendContext
) -> None:
    hostile = "<script>alert(1)</script>"
    told = replace(
        message,
        rule=hostile,
        key=hostile,
        subject=hostile,
        message="{{ key }} <b>bold</b>",
        values={"DEMO:PRICES:A:name": hostile},
        alert_url='https://bellwether.example/"><script>',
    )

    mail = sent(told, sending)

    assert "<script>" not in mail.html
    assert "<b>" not in mail.html
    assert mail.html.count("&lt;script&gt;") >= 4
    assert "<script>alert(1)</script> <b>bold</b>" in mail.text


@pytest.mark.parametrize(
    "hostile",
    ["a\r\nBcc: eve@example.com", "a\nBcc: eve@example.com", "a\x00b", "a\u2028b"],
)
def test_subject_stays_one_header_whatever_a_value_holds(
    hostile: str, message: OutgoingMessage, sending: SendContext
) -> None:
    told = replace(message, key=hostile, subject="{{ key }}")

    mail = sent(told, sending)

    assert not {name.lower() for name, _ in mail.headers} & {"bcc", "cc"}
    assert mail.subject.startswith("a ")


def test_template_that_fails_does_not_hold_the_alert_back(
    message: OutgoingMessage, sending: SendContext
) -> None:
    told = replace(message, message="{% for i in (1..999999) %}x{% endfor %}")

    mail = sent(told, sending)

    assert "MSFT: latestPrice is 309.20" in mail.text
    assert "The rule's own text was not used." in mail.text


def test_simulated_data_are_said_to_be(
    message: OutgoingMessage, sending: SendContext
) -> None:
    mail = sent(replace(message, is_simulated=True), sending)

    assert "simulated" in mail.text
    assert "Simulated" in mail.html
    assert mail.subject == "Microsoft under a threshold: MSFT (simulated)"
    assert mail.is_simulated
    assert ("X-Bellwether-Simulated", "yes") in mail.headers
    assert not sent(message, sending).is_simulated


def test_end_of_an_alert_is_said_in_the_subject(
    message: OutgoingMessage, sending: SendContext
) -> None:
    mail = sent(replace(message, kind="resolved"), sending)

    assert mail.subject == "Resolved: Microsoft under a threshold: MSFT"


def test_mail_server_that_is_away_is_tried_again(
    message: OutgoingMessage, sending: SendContext, maildir: Path
) -> None:
    maildir.parent.mkdir(exist_ok=True)
    maildir.write_text("a file where the directory should be")

    with pytest.raises(OutputError, match="mail server") as failure:
        Email().send(message, config=TO, context=sending)

    assert not failure.value.permanent


@pytest.mark.parametrize(
    ("config", "clean"),
    [
        ({"to": "ann@example.com"}, ["ann@example.com"]),
        ({"to": ["ann@Example.com", "ann@example.com"]}, ["ann@example.com"]),
    ],
    ids=["one-as-apperate-sends", "list"],
)
def test_recipients_are_kept_as_a_list(
    config: dict[str, object], clean: list[str]
) -> None:
    assert Email().validate(config, rules=AddressRules()) == {"to": clean}


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({}, "to"),
        ({"to": []}, "to"),
        ({"to": ""}, "to"),
        ({"to": 5}, "to"),
        ({"to": [5]}, "to"),
        ({"to": "a@example.com, b@example.com"}, "to"),
        ({"to": ["a@example.com\nBcc: b@example.com"]}, "to"),
        ({"to": [f"a{number}@example.com" for number in range(21)]}, "to"),
        ({"to": "a@example.com", "cc": "b@example.com"}, "cc"),
    ],
)
def test_bad_configuration_names_the_field(
    config: dict[str, object], field: str
) -> None:
    with pytest.raises(OutputInvalid) as refusal:
        Email().validate(config, rules=AddressRules())

    assert [problem.field for problem in refusal.value.problems] == [field]


def test_recipient_that_became_invalid_is_given_up(
    message: OutgoingMessage, sending: SendContext
) -> None:
    with pytest.raises(OutputError) as failure:
        Email().send(message, config={"to": ["a@x, b@y"]}, context=sending)

    assert failure.value.permanent
    assert list_mails(workspace="DEMO") == []


def test_description_counts_the_others() -> None:
    assert Email().describe({"to": ["ann@example.com"]}) == "e-mail to ann@example.com"
    assert Email().describe(TO) == "e-mail to ann@example.com and 1 more"
