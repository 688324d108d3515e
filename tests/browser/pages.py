"""The pages of an installation that somebody looks at, and what stands on them."""

from __future__ import annotations

from playwright.sync_api import Page

PASSWORD = "kestrel-on-the-wire"
#: The first start writes two days of the market, beside all that a busy machine does.
PAST_MS = 120_000
READER = "vic@example.com"
#: Makes a workspace in which nothing ever happened, and somebody who may only look;
#: prints the error pages that no address leads to.
PREPARE = f"""
import json
from django.template.loader import render_to_string
from config.clock import utc_now
from workspaces.models import Role, User, Workspace
from workspaces.services import add_member, create_workspace

now = utc_now()
quiet = create_workspace(slug="QUIET", now=now)
ana = User.objects.get(email="ana@example.com")
reader = User.objects.create_user("{READER}", "{PASSWORD}")
demo = Workspace.objects.get(slug="DEMO")
add_member(workspace=quiet, user=ana, role=Role.OWNER, now=now)
add_member(workspace=demo, user=reader, role=Role.VIEWER, now=now)
pages = {{code: render_to_string(f"errors/{{code}}.html") for code in (429, 500, 503)}}
print(json.dumps(pages))
"""

#: Sets an event aside, and lets a source fail.
TROUBLE = """
from config.clock import utc_now
from datasets.models import Batch, Dataset, Quarantine, Record, Run, Source

now = utc_now()
market = Dataset.objects.get(workspace__slug="CORE", slug="MARKET")
batch = Batch.objects.filter(lane__dataset=market, size__gt=0).latest("pk")
why = "Division by nothing."
Quarantine.objects.create(batch=batch, ord=0, reason=why, created_at=now)
failing = Source.objects.create(
    dataset=market, name="Rates", kind="simulator", config={"feed": "market"},
    every_seconds=86_400, next_run_at=now.replace(year=now.year + 1), created_at=now,
)
Run.objects.create(
    source=failing, slot=now, state="failed", started_at=now, ended_at=now,
    error="The host does not answer.",
)
"""

#: Of a workspace in which nothing ever happened.
QUIET = [
    f"/w/QUIET/{name}" for name in ("", "feed", "rules", "data", "mailbox", "jobs")
]
#: Of somebody who may only look; the last one they are refused.
READING = [
    *(
        f"/w/DEMO/{name}"
        for name in ("", "feed", "rules", "rules/new", "data", "data/new")
    ),
    "/w/CORE/data/STOCK",
    "/w/CORE/data/STOCK/import",
]
#: What says that something is wrong, beside those that no address leads to.
ERRORS = ["/w/DEMO/nowhere", "/docs/problems"]


def set_up(page: Page) -> None:
    """Make Ana's account through a newcomer's page, and await the market's past."""
    page.goto("/")
    page.get_by_label("E-mail address").fill("ana@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Open console").click()
    page.wait_for_url("**/w/DEMO/")
    # Home shows by itself that the past of the market is written.
    page.get_by_role("region", name="Rules to try").wait_for(timeout=PAST_MS)


def sign_in(page: Page, email: str) -> None:
    """Come back as somebody who has an account."""
    page.goto("/login")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/w/DEMO/")
