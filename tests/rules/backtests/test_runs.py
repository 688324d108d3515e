"""Back-tests that go on in the background, as programs meet them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from datasets.models import Dataset
from rules.models import BacktestRun, BacktestState, Rule
from rules.services import forget_backtests, run_backtest, sweep_backtests
from tests.factories import MembershipFactory, TokenFactory
from tests.logged import Log
from tests.rules.drafts import feed

pytestmark = pytest.mark.django_db

BACKTEST = "/api/v1/workspaces/demo/rules/backtest"
CHEAP = {"fact": "DEMO:PRICES:*:price", "op": "lte", "value": 310}
THERE = {"not": {"fact": "DEMO:PRICES:*:price", "op": "is_absent"}}
#: Columns do not know what an event did not bring.
PRESENT: dict[str, Any] = {"name": "Cheap", "when": {"all": [CHEAP, THERE]}}


@pytest.fixture
def program(prices: Dataset, settings: Settings) -> Client:
    """A program with a token, of whose four events two are judged at once."""
    settings.BELLWETHER_BACKTEST_EVENTS = 2
    prices.date_field = "day"
    prices.save()
    for day, price in [(2, "309.20"), (3, "315"), (4, "310.00"), (5, "301.5")]:
        feed(prices, price=Decimal(price), day=f"2026-02-0{day}T20:00:00")
    _, text = TokenFactory.with_text(workspace=prices.workspace)
    return Client(headers={"Authorization": f"Bearer {text}"})


def post(client: Client, definition: Mapping[str, Any] = PRESENT, **more: Any) -> Any:
    body = {"definition": definition, **more}
    return client.post(BACKTEST, body, content_type="application/json")


def run(url: str) -> None:
    run_backtest(run_id=UUID(url.rsplit("/", 1)[-1]))


def test_long_history_is_judged_in_the_background_as_it_would_be_at_once(
    program: Client, settings: Settings
) -> None:
    answer = post(program, since="2026-02-03")
    told = answer.json()
    assert (answer.status_code, answer["Location"]) == (202, told["url"])
    assert (told["state"], told["found"]) == ("queued", None)

    run(told["url"])

    done = program.get(told["url"]).json()
    assert (done["state"], done["read"], done["total"]) == ("done", 4, 4)
    assert (done["found"]["alerts"], done["found"]["is_cut"]) == (2, False)
    settings.BELLWETHER_BACKTEST_EVENTS = 4
    assert done["found"] == post(program, since="2026-02-03").json()
    assert not Rule.objects.exists()


def test_short_history_and_what_columns_answer_are_told_at_once(
    program: Client, settings: Settings
) -> None:
    assert post(program, {**PRESENT, "when": CHEAP}).status_code == 200

    settings.BELLWETHER_BACKTEST_EVENTS = 4
    assert post(program).json()["alerts"] == 3
    assert not BacktestRun.objects.exists()


def test_same_question_has_one_run(program: Client) -> None:
    first, again, other = (
        post(program, since=since).json()["url"] for since in ("", "", "2026-02-03")
    )

    assert first == again != other
    run(first)
    assert post(program).json()["state"] == "done"


def test_dropped_run_ends_and_is_found_no_more(program: Client) -> None:
    url = post(program).json()["url"]

    assert program.delete(url).status_code == 204

    run(url)
    assert program.get(url).status_code == 404
    assert program.get(url).json()["code"] == "backtest_not_found"


def test_run_that_is_dropped_on_its_way_keeps_nothing(program: Client) -> None:
    post(program)
    (one,) = BacktestRun.objects.all()
    later = one.created_at + timedelta(seconds=1)

    def clock() -> datetime:
        # It is read to claim the run first, when it still has to be there.
        BacktestRun.objects.filter(state=BacktestState.RUNNING).delete()
        return later

    run_backtest(run_id=one.pk, clock=clock)

    assert not BacktestRun.objects.exists()


@pytest.mark.parametrize(("tries", "state"), [(1, "done"), (3, "failed")])
def test_run_of_a_dead_worker_begins_anew_but_not_for_ever(
    program: Client, tries: int, state: str
) -> None:
    url = post(program).json()["url"]
    (one,) = BacktestRun.objects.all()
    left = BacktestRun.objects.filter(pk=one.pk)
    until = one.created_at - timedelta(seconds=1)
    left.update(state=BacktestState.RUNNING, tries=tries, lease_until=until)

    sweep_backtests(now=one.created_at)
    run(url)

    told = program.get(url).json()
    assert told["state"] == state
    assert ("given up" in told["error"]) == (state == "failed")


def test_draft_whose_dataset_went_meanwhile_says_so(
    program: Client, prices: Dataset
) -> None:
    url = post(program).json()["url"]
    Dataset.objects.filter(pk=prices.pk).update(slug="GONE")

    run(url)

    told = program.get(url).json()
    assert told["state"] == "failed"
    assert "There is no dataset DEMO:PRICES" in told["error"]


def test_so_many_of_a_workspace_wait_at_a_time(program: Client) -> None:
    for day in range(1, 11):
        assert post(program, since=f"2026-01-{day:02}").status_code == 202

    answer = post(program)

    assert (answer.status_code, answer["Retry-After"]) == (429, "30")
    assert answer.json()["code"] == "too_many_backtests"


def test_runs_are_kept_for_a_day(program: Client) -> None:
    url = post(program).json()["url"]
    (one,) = BacktestRun.objects.all()

    forget_backtests(now=one.created_at + timedelta(hours=23))
    assert program.get(url).status_code == 200

    forget_backtests(now=one.created_at + timedelta(hours=25))
    assert program.get(url).status_code == 404


def test_stranger_finds_no_run(program: Client, client: Client) -> None:
    url = post(program).json()["url"]
    client.force_login(MembershipFactory().user)

    assert client.get(url).status_code == 404
    assert client.delete(url).status_code == 404
    assert BacktestRun.objects.exists()


def test_back_test_that_breaks_is_logged_with_its_run(
    log: Log, program: Client, prices: Dataset
) -> None:
    told = post(program, since="2026-02-03").json()
    BacktestRun.objects.update(request={})

    run(told["url"])

    stored = BacktestRun.objects.get()
    assert stored.state == BacktestState.FAILED
    assert log.ids_of("back-test failed") == {
        "workspace": str(prices.workspace_id),
        "backtest": str(stored.pk),
    }
