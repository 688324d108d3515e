"""Which places the server may call.

Two questions are answered here, both without touching the network. Is this URL
written in a way that means one place only (`read_target`)? And may this address
be connected to (`AddressRules`)? The transport asks the second one about every
answer of the name service, and once more about the connection it got.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)
from urllib.parse import SplitResult, urlsplit

import idna

from outbound.errors import Refused

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_LENGTH = 2048
MAX_HOST_LENGTH = 253
DEFAULT_PORTS = {"http": 80, "https": 443}

# The IANA special-purpose registries of both families, and what clouds put beside
# them. The first entry that holds an address names the reason.
_FORBIDDEN_V4: tuple[tuple[IPv4Network, str], ...] = tuple(
    (IPv4Network(network), reason)
    for network, reason in (
        ("169.254.169.254/32", "the metadata service of a cloud"),
        ("168.63.129.16/32", "a host service of Azure"),
        ("100.100.100.200/32", "the metadata service of a cloud"),
        ("0.0.0.0/8", "this host"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a carrier's shared network"),
        ("127.0.0.0/8", "a loopback address"),
        ("169.254.0.0/16", "a link-local address"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved for protocols"),
        ("192.0.2.0/24", "an address for documentation"),
        ("192.31.196.0/24", "a name service for private addresses"),
        ("192.52.193.0/24", "a multicast relay"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("192.168.0.0/16", "a private network"),
        ("192.175.48.0/24", "a name service for private addresses"),
        ("198.18.0.0/15", "a network for benchmarks"),
        ("198.51.100.0/24", "an address for documentation"),
        ("203.0.113.0/24", "an address for documentation"),
        ("224.0.0.0/4", "a multicast address"),
        ("255.255.255.255/32", "the broadcast address"),
        ("240.0.0.0/4", "a reserved address"),
    )
)
_FORBIDDEN_V6: tuple[tuple[IPv6Network, str], ...] = tuple(
    (IPv6Network(network), reason)
    for network, reason in (
        ("fd00:ec2::254/128", "the metadata service of a cloud"),
        ("::/128", "this host"),
        ("::1/128", "a loopback address"),
        ("::/96", "an IPv4 address inside an IPv6 one"),
        ("::ffff:0:0/96", "an IPv4 address inside an IPv6 one"),
        ("::ffff:0:0:0/96", "an IPv4 address inside an IPv6 one"),
        ("64:ff9b::/96", "a translated IPv4 address (NAT64)"),
        ("64:ff9b:1::/48", "a translated IPv4 address (NAT64)"),
        ("100::/64", "a network that discards"),
        ("2001::/32", "a tunnelled IPv4 address (Teredo)"),
        ("2001::/23", "reserved for protocols"),
        ("2001:db8::/32", "an address for documentation"),
        ("2002::/16", "a tunnelled IPv4 address (6to4)"),
        ("2620:4f:8000::/48", "a name service for private addresses"),
        ("3fff::/20", "an address for documentation"),
        ("fc00::/7", "a private network"),
        ("fe80::/10", "a link-local address"),
        ("fec0::/10", "a site-local address"),
        ("ff00::/8", "a multicast address"),
    )
)
# Only this block is handed out for public use; whatever IANA adds elsewhere is
# refused until somebody adds it here.
_PUBLIC_V6 = IPv6Network("2000::/3")

# The "bad ports" of the WHATWG Fetch standard: services that would take an HTTP
# request for a command of their own. Every other port may be called.
_FORBIDDEN_PORTS = frozenset(
    {1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87}
    | {95, 101, 102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139}
    | {143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548}
    | {554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659}
    | {4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697}
    | {10080}
)

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_UNPRINTABLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]")


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressRules:
    """Public addresses may be called, and the networks an operator has opened."""

    allowed: tuple[Network, ...] = ()

    def why_not(self, address: Address) -> str | None:
        """Say what kind of address this is if it may not be called, else nothing."""
        if any(
            address in network
            for network in self.allowed
            if network.version == address.version
        ):
            return None
        return _reason_against(address)

    def read_address(self, text: str) -> Address:
        """Return the address a resolver or a socket named, if it may be called.

        Raises:
            Refused: the address is forbidden, or is not one.
        """
        try:
            address = ip_address(text)
        except ValueError:
            raise Refused("The name leads to something that is no address.") from None
        reason = self.why_not(address)
        if reason:
            raise Refused(
                f"It leads to {reason}, which is not called. An operator can open "
                "that network with BELLWETHER_ALLOWED_NETWORKS."
            )
        return address

    def check_host(self, host: str) -> None:
        """Check a host as `read_host` gives it; a name is checked when it is called.

        Raises:
            Refused: it is an address, and a forbidden one.
        """
        if is_address(host):
            self.read_address(host)

    def read_addresses(self, answers: Sequence[str]) -> tuple[Address, ...]:
        """Check all answers of a name service; one forbidden answer spoils them all.

        Raises:
            Refused: there is none, or one of them is forbidden.
        """
        if not answers:
            raise Refused("The name leads to no address.")
        return tuple(dict.fromkeys(self.read_address(answer) for answer in answers))


def is_address(host: str) -> bool:
    """Say whether a host as `read_host` gives it is an address and no name."""
    return ":" in host or host.rpartition(".")[2].isdigit()


def _reason_against(address: Address) -> str | None:
    if isinstance(address, IPv4Address):
        return next((why for net, why in _FORBIDDEN_V4 if address in net), None)
    if address.scope_id:
        return "an address with a zone"
    if address not in _PUBLIC_V6:
        special = (why for net, why in _FORBIDDEN_V6 if address in net)
        return next(special, "an address outside the public ones")
    return next((why for net, why in _FORBIDDEN_V6 if address in net), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL taken apart: where to connect to, and what to ask for there."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for secrets to follow a redirect."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """The one spelling of this target."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.path}"


def read_target(url: str) -> Target:
    """Take a URL apart, refusing every spelling that could be read in two ways.

    The host comes back in lower case, in its ASCII form and without a trailing dot;
    an address comes back in its one canonical form. The fragment is dropped.

    Raises:
        Refused: with a sentence that says what to change.
    """
    if len(url) > MAX_URL_LENGTH:
        raise Refused(f"The address is longer than {MAX_URL_LENGTH} characters.")
    if _UNPRINTABLE.search(url):
        raise Refused("The address holds a space, a control character or a backslash.")
    parts = _split(url)
    if parts.scheme not in DEFAULT_PORTS:
        raise Refused("The address must begin with http:// or https://.")
    if "@" in parts.netloc:
        raise Refused("The address must not hold a user name or a password.")
    path = parts.path or "/"
    return Target(
        scheme=parts.scheme,
        host=read_host(_written_host(parts)),
        port=_port(parts),
        path=f"{path}?{parts.query}" if parts.query else path,
    )


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        raise Refused("The address is not a URL.") from None


def _written_host(parts: SplitResult) -> str:
    """Return the host with its brackets, which `hostname` would take away."""
    netloc = parts.netloc
    if netloc.startswith("["):
        return netloc[: netloc.rfind("]") + 1]
    return netloc.partition(":")[0]


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        return DEFAULT_PORTS[parts.scheme]
    if not 1 <= port <= 65535:
        raise Refused("The port of the address must be between 1 and 65535.")
    if port in _FORBIDDEN_PORTS:
        raise Refused(f"Port {port} belongs to another service than HTTP.")
    return port


def read_host(text: str) -> str:
    """Return the one spelling of a host: a canonical address, or an ASCII name.

    Raises:
        Refused: the host is empty, malformed, or a number in disguise.
    """
    if text.startswith("["):
        return _bracketed(text)
    name = _ascii(text).removesuffix(".")
    if not name or len(name) > MAX_HOST_LENGTH:
        raise Refused("The address has no host, or one that is too long.")
    labels = name.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]):
        return _dotted(name)
    if not all(_LABEL.fullmatch(label) for label in labels):
        raise Refused("The host of the address is not a valid name.")
    return name


def _ascii(text: str) -> str:
    if text.isascii():
        return text.lower()
    try:
        return idna.encode(text, uts46=True, std3_rules=True).decode("ascii").lower()
    except idna.IDNAError:
        raise Refused("The host of the address is not a valid name.") from None


def _bracketed(text: str) -> str:
    try:
        address = IPv6Address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        raise Refused("The host in brackets is not an IPv6 address.") from None
    if address.scope_id:
        raise Refused("The IPv6 address of the host must not name a zone.")
    return str(address)


def _dotted(name: str) -> str:
    """Accept four decimal numbers only: octal, hex and short forms are disguises."""
    try:
        return str(IPv4Address(name))
    except ValueError:
        raise Refused(
            "The host ends in a number and is not an address of four decimal numbers."
        ) from None
