"""Setting up, signing in and out: who may, and what is said to whoever may not."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client

from datasets.models import Source
from datasets.schedules import Every
from datasets.services import create_source
from tests.factories import (
    NOW,
    DatasetFactory,
    MembershipFactory,
    UserFactory,
    WorkspaceFactory,
)
from workspaces.access import open_for_system
from workspaces.models import Installation, Membership, User, Workspace
from workspaces.services import is_set_up, new_setup_code

pytestmark = pytest.mark.django_db

PASSWORD = "kestrel-on-the-wire"
OWNER = {"email": "ana@example.com", "password": PASSWORD, "workspace": "DEMO"}


@pytest.fixture
def at_home(settings: object) -> Client:
    """A browser at a server that listens on its own machine alone."""
    settings.BELLWETHER_LISTEN = "127.0.0.1"  # type: ignore[attr-defined]
    return Client(headers={"Host": "localhost"})


def test_owner_at_the_machine_sets_up_without_a_code(at_home: Client) -> None:
    asked = at_home.get("/setup").content.decode()
    answer = at_home.post("/setup", OWNER, follow=True)

    assert 'name="code"' not in asked
    assert answer.redirect_chain == [("/", 302), ("/w/DEMO/", 302)]
    assert is_set_up()
    assert User.objects.get().is_staff
    assert Membership.objects.get(workspace__slug="DEMO").role == "owner"


@pytest.mark.parametrize(
    ("listen", "host", "remote"),
    [
        pytest.param("0.0.0.0", "localhost", "127.0.0.1", id="listens everywhere"),
        pytest.param("", "localhost", "127.0.0.1", id="served by another"),
        pytest.param("127.0.0.1", "alerts.example", "127.0.0.1", id="behind a proxy"),
        pytest.param("127.0.0.1", "localhost", "192.0.2.7", id="from elsewhere"),
    ],
)
def test_code_is_asked_for_where_others_could_be_asking(
    settings: object, listen: str, host: str, remote: str
) -> None:
    settings.BELLWETHER_LISTEN = listen  # type: ignore[attr-defined]
    settings.ALLOWED_HOSTS = [host]  # type: ignore[attr-defined]
    away = Client(headers={"Host": host}, REMOTE_ADDR=remote)
    code = new_setup_code()

    asked = away.get(f"/setup?code={code}").content.decode()
    without = away.post("/setup", OWNER)
    wrong = away.post("/setup", {**OWNER, "code": "guess"})
    right = away.post("/setup", {**OWNER, "code": code})

    assert f'value="{code}"' in asked
    assert without.status_code == 422
    assert wrong.status_code == 422
    assert "This code is not valid." in wrong.content.decode()
    assert right.headers["Location"] == "/"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"email": "ana"}, "Enter a valid email address", id="e-mail"),
        pytest.param({"password": "abc"}, "too short", id="short password"),
        pytest.param({"password": "password1"}, "too common", id="common password"),
        pytest.param({"workspace": "my team"}, "is not a name", id="workspace"),
        pytest.param({"workspace": "API"}, "is reserved", id="reserved workspace"),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_stored(
    at_home: Client, changed: dict[str, str], said: str
) -> None:
    answer = at_home.post("/setup", OWNER | changed)

    (field,) = changed
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert f'href="#id_{field}"' in page
    assert not User.objects.exists()
    assert not Workspace.objects.exists()


def simulated_market() -> Source:
    """Make the shared market as seeding does, with its source."""
    core = WorkspaceFactory(slug="CORE", is_shared=True)
    return create_source(
        access=open_for_system(workspace=core),
        dataset=DatasetFactory(workspace=core, slug="STOCK", is_simulated=True),
        name="Simulated stocks",
        kind="simulator",
        config={"feed": "stocks"},
        schedule=Every(timedelta(seconds=1)),
        now=NOW,
    )


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        pytest.param({"start": "market"}, True, id="market"),
        pytest.param({}, True, id="not said"),
        pytest.param({"start": "empty"}, False, id="empty"),
    ],
)
def test_demo_market_runs_unless_the_owner_starts_empty(
    at_home: Client, said: dict[str, str], runs: bool
) -> None:
    source = simulated_market()

    answer = at_home.post("/setup", OWNER | said, follow=True)

    source.refresh_from_db()
    assert source.is_enabled is runs
    assert ("Turn on the demo market" in answer.content.decode()) is not runs


def test_owner_who_started_empty_turns_the_market_on_from_home(at_home: Client) -> None:
    source = simulated_market()
    at_home.post("/setup", OWNER | {"start": "empty"})

    answer = at_home.post("/w/DEMO/market/on", follow=True)

    source.refresh_from_db()
    assert source.is_enabled
    assert "The demo market is on." in answer.content.decode()
    assert "Bring something to watch" in answer.content.decode()


def test_market_is_not_offered_where_the_simulator_is_off(
    at_home: Client, settings: object
) -> None:
    settings.BELLWETHER_SIMULATOR = False  # type: ignore[attr-defined]

    asked = at_home.get("/setup").content.decode()
    answer = at_home.post("/setup", OWNER, follow=True)

    assert 'name="start"' not in asked
    assert "Turn on the demo market" not in answer.content.decode()


def test_set_up_installation_leads_to_signing_in(at_home: Client) -> None:
    at_home.post("/setup", OWNER)

    again = Client(headers={"Host": "localhost"})

    assert again.get("/setup").headers["Location"] == "/login"
    assert again.post("/setup", OWNER).headers["Location"] == "/login"
    assert User.objects.count() == 1


def test_nobody_is_asked_to_sign_in_before_there_is_an_account() -> None:
    answer = Client().get("/", follow=True)

    assert answer.redirect_chain == [("/login?next=/", 302), ("/setup", 302)]


class TestSigningIn:
    """Ana has an account."""

    @pytest.fixture(autouse=True)
    def ana(self, db: None) -> None:
        Installation.objects.create(pk=1, set_up_at=NOW)
        user = UserFactory(email="ana@example.com")
        user.set_password(PASSWORD)
        user.save()
        MembershipFactory(user=user, workspace=WorkspaceFactory(slug="TEAM"))

    def sign_in(self, client: Client, **changed: str) -> object:
        form = {"username": "ana@example.com", "password": PASSWORD, **changed}
        return client.post("/login", form)

    def test_leads_back_to_the_page_that_asked(self) -> None:
        answer = self.sign_in(Client(), next="/w/TEAM/feed")

        assert answer.headers["Location"] == "/w/TEAM/feed"  # type: ignore[attr-defined]

    def test_leads_nowhere_else(self) -> None:
        answer = self.sign_in(Client(), next="https://elsewhere.example/")

        assert answer.headers["Location"] == "/"  # type: ignore[attr-defined]

    def test_reads_the_address_without_regard_to_case(self) -> None:
        answer = self.sign_in(Client(), username="Ana@Example.com")

        assert answer.status_code == 302  # type: ignore[attr-defined]

    def test_says_the_same_of_a_wrong_password_and_of_nobody(self) -> None:
        pages = []
        for changed in ({"password": "wrong"}, {"username": "nobody@example.com"}):
            page = self.sign_in(Client(), **changed).content.decode()  # type: ignore[attr-defined]
            assert "No account has this e-mail address and password." in page
            pages.append(page.count("errorlist"))

        assert pages[0] == pages[1]

    def test_signing_out_ends_the_session(self) -> None:
        browser = Client()
        self.sign_in(browser)

        left = browser.post("/logout")

        assert left.headers["Location"] == "/login"
        assert browser.get("/w/TEAM/").status_code == 302

    def test_somebody_without_a_workspace_is_told_what_to_do(self) -> None:
        lonely = Client()
        lonely.force_login(UserFactory())

        answer = lonely.get("/")

        assert answer.status_code == 404
        assert "ask an owner to invite you" in answer.content.decode()
