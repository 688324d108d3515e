"""The live feed over WebSocket: who is let in, and that nobody misses or repeats."""

from __future__ import annotations

import pytest
from asgiref.sync import sync_to_async

from tests.alerts.feed.sockets import (
    BeatingConsumer,
    HastyConsumer,
    OldConsumer,
    closing_of,
    fill,
    fire,
    head_of_feed,
    keys_of,
    resume,
    ring,
    router,
    socket,
    watch,
)
from tests.alerts.market import Market
from tests.factories import TokenFactory, UserFactory
from workspaces.models import TokenKind, User

pytestmark = pytest.mark.django_db  # a socket looks after its thread's connection


async def test_member_hears_where_the_feed_stands_and_what_was_missed(
    market: Market, ana: User
) -> None:
    await watch(market)
    await fire(market, "A", "B", "C")
    head = await head_of_feed(market)

    async with socket(ana) as one:
        answer = await resume(one, 1, str(head.epoch))
        keys = await keys_of(one, 2)

    assert answer == {"type": "resumed", "head": 3, "epoch": str(head.epoch)}
    assert keys == ["B", "C"]


async def test_without_a_number_the_feed_goes_on_from_now(
    market: Market, ana: User
) -> None:
    await watch(market)
    await fire(market, "A")

    async with socket(ana) as one:
        answer = await resume(one, None)
        await fire(market, "B")
        await ring(market, 2)
        keys = await keys_of(one, 1)

    assert (answer["type"], answer["head"]) == ("resumed", 1)
    assert keys == ["B"]


async def test_announced_entries_arrive_by_themselves(
    market: Market, ana: User, bells: None
) -> None:
    await watch(market)

    async with socket(ana) as one:
        await resume(one, 0)
        await fire(market, "A")
        await fire(market, "B")
        keys = await keys_of(one, 2)

    assert keys == ["A", "B"]


async def test_entries_that_arrive_while_resuming_come_once_and_in_order(
    market: Market, ana: User
) -> None:
    await watch(market)
    await fire(market, "A", "B")

    async with socket(ana) as one:
        # The bell for what the answer already holds rings before and after it.
        await ring(market, 2)
        await one.send_json_to({"type": "resume", "since": 0, "epoch": ""})
        await fire(market, "C")
        await ring(market, 2)
        await ring(market, 3)
        await ring(market, 3)
        answer = await one.receive_json_from()
        keys = await keys_of(one, 3)
        assert await one.receive_nothing()

    assert answer["type"] == "resumed"
    assert keys == ["A", "B", "C"]


async def test_nothing_is_sent_before_the_client_said_how_far_it_has_read(
    market: Market, ana: User
) -> None:
    await watch(market)
    await fire(market, "A")

    async with socket(ana) as one:
        await ring(market, 1)
        assert await one.receive_nothing()


async def test_lost_bell_is_healed_by_the_next_beat(market: Market, ana: User) -> None:
    await watch(market)

    async with socket(ana, app=router(BeatingConsumer)) as one:
        await resume(one, 0)
        await fire(market, "A")
        while (frame := await one.receive_json_from())["type"] == "heartbeat":
            pass

    assert frame["alert"]["key"] == "A"


async def test_heartbeat_says_how_far_the_feed_has_come(
    market: Market, ana: User
) -> None:
    await fill(market, 3)

    async with socket(ana, app=router(BeatingConsumer)) as one:
        await resume(one, None)

        assert await one.receive_json_from() == {"type": "heartbeat", "head": 3}


@pytest.mark.parametrize(
    ("since", "epoch"),
    [
        pytest.param(0, "00000000-0000-4000-8000-000000000000", id="another epoch"),
        pytest.param(9, "", id="from the future"),
        pytest.param(2**70, "", id="from far beyond"),
    ],
)
async def test_cursor_of_another_feed_is_told_to_begin_anew(
    market: Market, ana: User, since: int, epoch: str
) -> None:
    await watch(market)
    await fire(market, "A")

    async with socket(ana) as one:
        answer = await resume(one, since, epoch)
        await fire(market, "B")
        await ring(market, 2)
        keys = await keys_of(one, 1)

    assert (answer["type"], answer["head"]) == ("reset", 1)
    assert keys == ["B"]


async def test_who_missed_more_than_is_replayed_gets_a_gap(
    market: Market, ana: User
) -> None:
    await fill(market, 1_005)

    async with socket(ana) as one:
        answer = await resume(one, 2)
        gap = await one.receive_json_from()
        assert await one.receive_nothing()
        await resume(one, 1_000)
        last = [await one.receive_json_from() for _ in range(5)]

    assert answer["type"] == "resumed"
    assert gap == {"type": "gap", "from": 3, "to": 1_005, "count": 1_003}
    assert [frame["seq"] for frame in last] == [1_001, 1_002, 1_003, 1_004, 1_005]


async def test_ping_is_answered() -> None:
    async with socket() as one:
        await one.send_json_to({"type": "ping"})

        assert await one.receive_json_from() == {"type": "pong"}


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("[" * 5_000, id="too deep"),
        pytest.param("[]", id="no object"),
        pytest.param('{"type": "shout"}', id="unknown type"),
    ],
)
async def test_frame_that_cannot_be_read_closes_the_socket(sent: str) -> None:
    async with socket() as one:
        await one.send_to(text_data=sent)

        assert await closing_of(one) == 4400


@pytest.mark.parametrize("since", [-1, True, "1"])
async def test_number_that_is_none_closes_the_socket(
    market: Market, ana: User, since: object
) -> None:
    async with socket(ana) as one:
        await one.send_json_to({"type": "resume", "since": since})

        assert await closing_of(one) == 4400


async def test_bytes_close_the_socket() -> None:
    async with socket() as one:
        await one.send_to(bytes_data=b"\x00")

        assert await closing_of(one) == 4400


async def test_stranger_is_not_let_in(market: Market) -> None:
    sam = await sync_to_async(UserFactory)(email="sam@example.com")

    async with socket(sam) as one:
        assert await closing_of(one) == 4403


async def test_workspace_that_is_none_reads_the_same_as_another_s(
    market: Market, ana: User
) -> None:
    async with socket(ana, slug="NONE") as one:
        assert await closing_of(one) == 4403


@pytest.mark.parametrize("kind", [TokenKind.SECRET, TokenKind.PUBLISHABLE])
async def test_program_shows_its_token_in_the_first_frame(
    market: Market, kind: TokenKind
) -> None:
    await watch(market)
    await fire(market, "A")
    make = sync_to_async(TokenFactory.with_text)
    _, text = await make(workspace=market.workspace, kind=kind)

    async with socket() as one:
        answer = await resume(one, 0, token=text)
        keys = await keys_of(one, 1)

    assert answer["type"] == "resumed"
    assert keys == ["A"]


@pytest.mark.parametrize("token", [None, "", "sk_nonsense", 7])
async def test_program_without_a_valid_token_is_not_let_in(
    market: Market, token: object
) -> None:
    async with socket() as one:
        await one.send_json_to({"type": "resume", "since": 0, "token": token})

        assert await closing_of(one) == 4403


async def test_token_of_another_workspace_is_not_let_in(market: Market) -> None:
    _, text = await sync_to_async(TokenFactory.with_text)()

    async with socket() as one:
        await one.send_json_to({"type": "resume", "since": 0, "token": text})

        assert await closing_of(one) == 4403


async def test_who_says_nothing_is_not_kept() -> None:
    async with socket(app=router(HastyConsumer)) as one:
        assert await closing_of(one) == 4403


async def test_old_socket_is_asked_to_come_back(market: Market, ana: User) -> None:
    async with socket(ana, app=router(OldConsumer)) as one:
        assert await closing_of(one) == 4000
