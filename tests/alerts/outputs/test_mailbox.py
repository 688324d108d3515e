from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives

from alerts.outputs.mailbox import (
    MailNotFound,
    list_mails,
    purge_mails,
    read_mail,
)

pytestmark = pytest.mark.usefixtures("maildir")


def keep(subject: str, workspace: str = "DEMO") -> None:
    headers = {"X-Bellwether-Workspace": workspace} if workspace else {}
    EmailMessage(
        subject, "text", "from@example.com", ["ann@example.com"], headers=headers
    ).send()


def test_mail_is_kept_and_read_back() -> None:
    mail = EmailMultiAlternatives(
        "Größer als 5 €",
        "Der Text",
        "from@example.com",
        ["ann@example.com"],
        headers={"X-Bellwether-Workspace": "DEMO", "X-Delivery-Id": "d-1"},
    )
    mail.attach_alternative("<p>Der Text</p>", "text/html")
    mail.send()

    (kept,) = list_mails(workspace="DEMO")

    assert kept.subject == "Größer als 5 €"
    assert kept.text.strip() == "Der Text"
    assert kept.html.strip() == "<p>Der Text</p>"
    assert kept.delivery_id == "d-1"
    assert ("To", "ann@example.com") in kept.headers
    assert read_mail(workspace="demo", key=kept.key) == kept


def test_newest_mail_comes_first() -> None:
    for number in range(12):
        keep(f"number {number}")

    subjects = [mail.subject for mail in list_mails(workspace="DEMO", limit=3)]

    assert subjects == ["number 11", "number 10", "number 9"]


def test_workspaces_do_not_see_each_others_mail() -> None:
    keep("ours", "DEMO")
    keep("theirs", "OTHER")
    keep("nobody's", "")
    (theirs,) = list_mails(workspace="OTHER")

    assert [mail.subject for mail in list_mails(workspace="DEMO")] == ["ours"]
    with pytest.raises(MailNotFound):
        read_mail(workspace="DEMO", key=theirs.key)


@pytest.mark.parametrize("workspace", ["../DEMO", "DEMO/new", ".", "", "a b", "-"])
def test_name_that_is_no_workspace_leads_nowhere_else(
    workspace: str, maildir: Path
) -> None:
    keep("ours", "DEMO")

    assert list_mails(workspace=workspace) == []
    assert {path.name for path in maildir.iterdir()} <= {"DEMO", "-"}


@pytest.mark.parametrize("key", ["", "..", "../DEMO/new/x", "nothing", "1.M1P1Q1.host"])
def test_unknown_key_is_not_found(key: str) -> None:
    with pytest.raises(MailNotFound):
        read_mail(workspace="DEMO", key=key)


def test_mailbox_is_emptied_for_one_workspace() -> None:
    for number in range(3):
        keep(f"number {number}", "DEMO")
    keep("theirs", "OTHER")

    assert purge_mails(workspace="DEMO", keep=1) == 2
    assert [mail.subject for mail in list_mails(workspace="DEMO")] == ["number 2"]
    assert purge_mails(workspace="DEMO") == 1
    assert len(list_mails(workspace="OTHER")) == 1


def test_first_mails_of_a_workspace_may_come_at_once() -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(keep, [f"number {number}" for number in range(24)]))

    subjects = {mail.subject for mail in list_mails(workspace="DEMO")}
    assert subjects == {f"number {number}" for number in range(24)}
