"""Family S: every way to lead the server to an inner address, with a canary there."""

# ruff: noqa: RUF001 - disguised digits and letters are what is tested here

from collections.abc import Callable, Iterator

import pytest

from outbound.addresses import AddressRules
from outbound.http import Answer, BadAnswer, ConnectionFailed, Refused, fetch, post_json
from tests.receivers import Canary, Receiver, Reply, allowing, canary, receiver

# `{port}` is the canary's. The name service of these tests answers every question
# with the canary's own address, as the most gullible resolver would.
SPELLINGS = {
    "loopback": "http://127.0.0.1:{port}/",
    "loopback-other": "http://127.8.9.10:{port}/",
    "loopback-trailing-dot": "http://127.0.0.1.:{port}/",
    "name-of-loopback": "http://localhost:{port}/",
    "name-of-loopback-capitals": "http://LOCALHOST:{port}/",
    "name-of-loopback-trailing-dot": "http://localhost.:{port}/",
    "name-below-localhost": "http://app.localhost:{port}/",
    "name-of-loopback-fullwidth": "http://ｌｏｃａｌｈｏｓｔ:{port}/",
    "name-of-loopback-circled": "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ:{port}/",
    "wildcard-dns": "http://127.0.0.1.nip.io:{port}/",
    "short-one-part": "http://2130706433:{port}/",
    "short-two-parts": "http://127.1:{port}/",
    "short-three-parts": "http://127.0.1:{port}/",
    "short-zero": "http://0:{port}/",
    "hex-whole": "http://0x7f000001:{port}/",
    "hex-parts": "http://0x7f.0x0.0x0.0x1:{port}/",
    "hex-empty": "http://127.0.0.0x:{port}/",
    "octal-whole": "http://017700000001:{port}/",
    "octal-parts": "http://0177.0.0.01:{port}/",
    "octal-padded": "http://127.0.0.001:{port}/",
    "overflow": "http://4294967297:{port}/",
    "overflow-part": "http://127.0.0.257:{port}/",
    "five-parts": "http://127.0.0.1.1:{port}/",
    "fullwidth-digits": "http://１２７.０.０.１:{port}/",
    "ideographic-stops": "http://127。0。0。1:{port}/",
    "circled-digits": "http://①②⑦.⓪.⓪.①:{port}/",
    "percent-digits": "http://%31%32%37.0.0.1:{port}/",
    "percent-name": "http://%6c%6f%63alhost:{port}/",
    "percent-slash": "http://127.0.0.1%2f.example.com:{port}/",
    "percent-nul": "http://127.0.0.1%00.example.com:{port}/",
    "soft-hyphen": "http://local\u00adhost:{port}/",
    "empty-label": "http://local..host:{port}/",
    "two-trailing-dots": "http://localhost..:{port}/",
    "unspecified": "http://0.0.0.0:{port}/",
    "unspecified-six": "http://[::]:{port}/",
    "loopback-six": "http://[::1]:{port}/",
    "loopback-six-long": "http://[0:0:0:0:0:0:0:1]:{port}/",
    "loopback-six-zone": "http://[::1%25lo]:{port}/",
    "loopback-six-bare-zone": "http://[::1%lo]:{port}/",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "mapped-hex": "http://[::ffff:7f00:1]:{port}/",
    "compatible": "http://[::127.0.0.1]:{port}/",
    "translated-siit": "http://[::ffff:0:127.0.0.1]:{port}/",
    "nat64": "http://[64:ff9b::127.0.0.1]:{port}/",
    "nat64-local": "http://[64:ff9b:1::7f00:1]:{port}/",
    "six-to-four": "http://[2002:7f00:1::]:{port}/",
    "teredo": "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]:{port}/",
    "brackets-around-four": "http://[127.0.0.1]:{port}/",
    "brackets-unclosed": "http://[::1:{port}/",
    "brackets-future": "http://[v1.fe80::a]:{port}/",
    "userinfo-host": "http://example.com@127.0.0.1:{port}/",
    "userinfo-password": "http://user:word@127.0.0.1:{port}/",
    "userinfo-empty": "http://@127.0.0.1:{port}/",
    "userinfo-public": "http://user@example.com:{port}/",
    "userinfo-twice": "http://a@b@127.0.0.1:{port}/",
    "fragment-userinfo": "http://127.0.0.1:{port}#@example.com/",
    "backslash": "http://example.com\\@127.0.0.1:{port}/",
    "backslashes-for-slashes": "http:\\\\127.0.0.1:{port}/",
    "space-before": " http://127.0.0.1:{port}/",
    "space-inside": "http://127.0.0.1 .example.com:{port}/",
    "tab-inside": "http://127.0.\t0.1:{port}/",
    "line-break-in-host": "http://127.0.0.1\r\n.example.com:{port}/",
    "header-injection": "http://example.com:{port}/ HTTP/1.1\r\nHost: a\r\n\r\n",
    "nul-in-host": "http://127.0.0.1\x00.example.com:{port}/",
    "no-break-space": "http://127.0.0.1\u00a0:{port}/",
    "line-separator": "http://127.0.0.1\u2028:{port}/",
    "no-host": "http:///{port}/",
    "no-scheme": "127.0.0.1:{port}/",
    "relative-scheme": "//127.0.0.1:{port}/",
    "file": "file:///etc/passwd",
    "gopher": "gopher://127.0.0.1:{port}/_GET",
    "ftp": "ftp://127.0.0.1:{port}/",
    "unix": "http+unix://%2fvar%2frun%2fdocker.sock/",
    "data": "data:application/json,1",
    "javascript": "javascript:alert(1)",
    "websocket": "ws://127.0.0.1:{port}/",
    "port-zero": "http://example.com:0/",
    "port-above": "http://example.com:65536/",
    "port-negative": "http://example.com:-1/",
    "port-of-ssh": "http://example.com:22/",
    "port-of-smtp": "http://example.com:25/",
    "port-of-irc": "http://example.com:6667/",
    "port-fullwidth": "http://example.com:８０/",
    "host-too-long": "http://" + "a." * 127 + "example:{port}/",
    "label-too-long": "http://" + "a" * 64 + ".example:{port}/",
    "label-begins-with-hyphen": "http://-a.example:{port}/",
    "url-too-long": "http://example.com:{port}/" + "a" * 2048,
}

FORBIDDEN_ADDRESSES = (
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.255",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.0.192",
    "192.0.2.1",
    "192.31.196.1",
    "192.52.193.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "192.175.48.1",
    "198.18.0.1",
    "198.19.255.255",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:10.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:0:10.0.0.1",
    "64:ff9b::a00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:2::1",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:a00:1::",
    "2002:808:808::1",
    "2620:4f:8000::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%eth0",
    "febf::1",
    "fec0::1",
    "feff::1",
    "ff02::1",
    "2606:4700::1%eth0",
    "not-an-address",
    "127.1",
    "",
)


@pytest.fixture
def bird() -> Iterator[Canary]:
    with canary() as one:
        yield one


def gullible(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
    return ("127.0.0.1",)


def test_canary_sings_when_the_rules_let_somebody_through(bird: Canary) -> None:
    with pytest.raises((BadAnswer, ConnectionFailed)):
        post_json(
            f"http://anything.example:{bird.port}/",
            body=b"{}",
            rules=allowing("127.0.0.0/8"),
            resolve=gullible,
        )

    assert bird.visits == ["127.0.0.1"]


def test_family_holds_at_least_seventy_five_cases() -> None:
    assert len(SPELLINGS) >= 75
    assert len(FORBIDDEN_ADDRESSES) >= 60


@pytest.mark.parametrize("call", [post_json, fetch], ids=["post", "fetch"])
@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_spelling_of_an_inner_address_is_refused(
    spelling: str, call: Callable[..., Answer], bird: Canary
) -> None:
    url = spelling.replace("{port}", str(bird.port))
    body = {"body": b"{}"} if call is post_json else {}

    with pytest.raises(Refused) as refusal:
        call(url, rules=AddressRules(), resolve=gullible, **body)

    assert bird.visits == []
    assert str(refusal.value).endswith(".")
    assert "127.0.0.1" not in str(refusal.value)


@pytest.mark.parametrize("address", FORBIDDEN_ADDRESSES)
def test_name_that_leads_to_an_inner_address_is_refused(
    address: str, bird: Canary
) -> None:
    def answers(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
        return (address,)

    with pytest.raises(Refused):
        post_json(
            f"http://inner.example:{bird.port}/",
            body=b"{}",
            rules=AddressRules(),
            resolve=answers,
        )

    assert bird.visits == []


@pytest.mark.parametrize(
    "answers",
    [
        ("1.1.1.1", "127.0.0.1"),
        ("127.0.0.1", "1.1.1.1"),
        ("2606:4700::1111", "1.1.1.1", "::1"),
        ("1.1.1.1", "::ffff:127.0.0.1"),
        (),
    ],
    ids=["bad-last", "bad-first", "bad-third", "bad-mapped", "none"],
)
def test_one_forbidden_answer_spoils_all(
    answers: tuple[str, ...], bird: Canary
) -> None:
    with pytest.raises(Refused):
        post_json(
            f"http://mixed.example:{bird.port}/",
            body=b"{}",
            rules=AddressRules(),
            resolve=lambda host, port, timeout_seconds: answers,
        )

    assert bird.visits == []


def test_name_is_asked_once_so_that_rebinding_finds_no_second_question(
    bird: Canary,
) -> None:
    asked = []

    def rebinding(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
        asked.append(host)
        return ("192.0.2.1",) if len(asked) == 1 else ("127.0.0.1",)

    with pytest.raises(Refused):
        post_json(
            f"http://rebinding.example:{bird.port}/",
            body=b"{}",
            rules=AddressRules(),
            resolve=rebinding,
        )

    assert asked == ["rebinding.example"]
    assert bird.visits == []


@pytest.fixture
def leading_on() -> Iterator[Receiver]:
    with receiver() as one:
        yield one


LED_ON = {
    "address": "http://127.8.8.8:{port}/",
    "name": "http://inner.example:{port}/",
    "octal": "http://0177.0.0.1:{port}/",
    "no-scheme": "//127.8.8.8:{port}/",
    "six": "http://[::1]:{port}/",
    "mapped": "http://[::ffff:127.0.0.1]:{port}/",
    "userinfo": "http://a@127.0.0.1:{port}/",
    "file": "file:///etc/passwd",
    "garbage": "http://[",
}


@pytest.mark.parametrize("location", LED_ON.values(), ids=LED_ON)
def test_redirect_to_an_inner_address_is_refused(
    location: str, leading_on: Receiver, bird: Canary
) -> None:
    from_here = (("location", location.replace("{port}", str(bird.port))),)
    leading_on.replies["/"] = Reply(status=302, headers=from_here)
    only_the_receiver = allowing("127.0.0.1/32")

    with pytest.raises(Refused):
        fetch(
            leading_on.url("/"),
            rules=only_the_receiver,
            resolve=lambda host, port, timeout_seconds: ("10.0.0.1",),
        )

    assert bird.visits == []
    assert len(leading_on.received) == 1


@pytest.mark.parametrize("location", LED_ON.values(), ids=LED_ON)
def test_webhook_never_follows_a_redirect(
    location: str, leading_on: Receiver, bird: Canary
) -> None:
    from_here = (("location", location.replace("{port}", str(bird.port))),)
    leading_on.replies["/"] = Reply(status=307, headers=from_here)

    answer = post_json(leading_on.url("/"), body=b"{}", rules=allowing("127.0.0.1/32"))

    assert answer.status == 307
    assert bird.visits == []


def test_environment_cannot_send_a_call_through_a_proxy(
    leading_on: Receiver, bird: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{bird.port}")

    post_json(leading_on.url("/"), body=b"{}", rules=allowing("127.0.0.1/32"))

    assert bird.visits == []
    assert len(leading_on.received) == 1
