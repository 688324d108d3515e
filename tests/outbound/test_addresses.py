from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outbound.addresses import Address, AddressRules, read_target
from outbound.errors import Refused
from tests.receivers import allowing

TARGETS = {
    "plain": ("http://example.com", "http://example.com/", 80),
    "secure": ("https://example.com/a/b?c=d", "https://example.com/a/b?c=d", 443),
    "own-port": ("https://example.com:8443/", "https://example.com:8443/", 8443),
    "usual-port": ("https://example.com:443/", "https://example.com/", 443),
    "high-port": ("http://example.com:65535/", "http://example.com:65535/", 65535),
    "empty-port": ("http://example.com:/", "http://example.com/", 80),
    "capitals": ("HTTPS://EXAMPLE.com/Path", "https://example.com/Path", 443),
    "trailing-dot": ("https://example.com./", "https://example.com/", 443),
    "fragment": ("https://example.com/a#b", "https://example.com/a", 443),
    "query-only": ("https://example.com?a=b", "https://example.com/?a=b", 443),
    "idna": ("https://bücher.example/", "https://xn--bcher-kva.example/", 443),
    "underscore": ("https://my_app.example/", "https://my_app.example/", 443),
    "single-label": ("http://receiver/", "http://receiver/", 80),
    "four": ("http://1.1.1.1/", "http://1.1.1.1/", 80),
    "six": ("http://[2606:4700:0:0::1111]/", "http://[2606:4700::1111]/", 80),
    "digit-label": ("http://4.example/", "http://4.example/", 80),
    "hook-with-at-in-path": ("https://a.example/@me", "https://a.example/@me", 443),
}


@pytest.mark.parametrize(("url", "canonical", "port"), TARGETS.values(), ids=TARGETS)
def test_well_written_url_has_one_spelling(url: str, canonical: str, port: int) -> None:
    target = read_target(url)

    assert target.url == canonical
    assert target.port == port
    assert read_target(target.url) == target


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1",
        "8.8.8.8",
        "100.63.255.255",
        "100.128.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "2606:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
    ],
)
def test_public_address_may_be_called(address: str) -> None:
    assert AddressRules().why_not(ip_address(address)) is None


@given(st.ip_addresses())
def test_address_python_calls_inner_is_never_called(address: Address) -> None:
    mapped = getattr(address, "ipv4_mapped", None)

    if not (mapped or address).is_global or address.is_multicast:
        assert AddressRules().why_not(address)


@pytest.mark.parametrize(
    ("allowed", "address", "may"),
    [
        (("10.1.0.0/16",), "10.1.2.3", True),
        (("10.1.0.0/16",), "10.2.0.1", False),
        (("10.1.0.0/16", "fd12:3456::/32"), "fd12:3456::1", True),
        (("127.0.0.1/32",), "127.0.0.1", True),
        (("127.0.0.1/32",), "127.0.0.2", False),
        (("127.0.0.0/8",), "::1", False),
        (("127.0.0.0/8",), "::ffff:127.0.0.1", False),
        ((), "10.0.0.1", False),
    ],
)
def test_operator_opens_only_the_networks_written(
    allowed: tuple[str, ...], address: str, may: bool
) -> None:
    rules = allowing(*allowed)

    assert (rules.why_not(ip_address(address)) is None) is may


def test_host_is_checked_at_once_only_if_it_is_an_address() -> None:
    AddressRules().check_host("inner.example")
    AddressRules().check_host("1.1.1.1")
    allowing("10.0.0.0/8").check_host("10.0.0.1")

    for host in ("10.0.0.1", "::1", "fd00::1"):
        with pytest.raises(Refused):
            AddressRules().check_host(host)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    for url in (text, f"http://{text}/"):
        try:
            target = read_target(url)
        except Refused:
            continue
        assert read_target(target.url).origin == target.origin
