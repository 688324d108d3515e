"""What only the transport decides: TLS by name, and the last look at the socket."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from outbound.addresses import AddressRules
from outbound.errors import ConnectionFailed, Refused
from outbound.http import post_json
from outbound.resolver import Resolve
from outbound.transport import Deadline, GuardedBackend, public_tls
from tests.receivers import Receiver, allowing, receiver

NAME = "receiver.example"


def to_loopback(host: str, port: int, timeout_seconds: float) -> tuple[str, ...]:
    return ("127.0.0.1",)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    made_at = datetime.now(tz=UTC)  # noqa: TID251 - a certificate has real times
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(made_at - timedelta(days=1))
        .not_valid_after(made_at + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "receiver.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def serving(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_secure_call_names_the_host_and_checks_its_certificate(
    certificate: Path, serving: ssl.SSLContext, loopback_rules: AddressRules
) -> None:
    with receiver(tls=serving) as sink:
        answer = post_json(
            sink.url("/", host=NAME),
            body=b"{}",
            rules=loopback_rules,
            resolve=to_loopback,
            tls=ssl.create_default_context(cafile=str(certificate)),
        )

        assert answer.status == 200
        assert sink.names == [NAME]
        assert sink.received[0].headers["host"] == f"{NAME}:{sink.port}"


@pytest.mark.parametrize(
    ("host", "is_trusted"),
    [(NAME, False), ("other.example", True), ("127.0.0.1", True)],
    ids=["unknown-issuer", "other-name", "address"],
)
def test_certificate_that_does_not_fit_ends_the_call(
    host: str,
    is_trusted: bool,
    certificate: Path,
    serving: ssl.SSLContext,
    loopback_rules: AddressRules,
) -> None:
    cafile = str(certificate) if is_trusted else None

    with (
        receiver(tls=serving) as sink,
        pytest.raises(ConnectionFailed, match="certificate"),
    ):
        post_json(
            sink.url("/", host=host),
            body=b"secret",
            rules=loopback_rules,
            resolve=to_loopback,
            tls=ssl.create_default_context(cafile=cafile),
        )

    assert sink.received == []


def test_plain_server_behind_https_is_a_failed_connection(
    sink: Receiver, loopback_rules: AddressRules
) -> None:
    with pytest.raises(ConnectionFailed, match="TLS"):
        post_json(f"https://127.0.0.1:{sink.port}/", body=b"{}", rules=loopback_rules)


def test_public_trust_checks_names_and_knows_authorities() -> None:
    context = public_tls()

    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert public_tls() is context


def backend(resolve: Resolve, deadline_seconds: float = 5) -> GuardedBackend:
    return GuardedBackend(
        rules=allowing("127.0.0.0/8"),
        resolve=resolve,
        connect_seconds=1,
        deadline=Deadline(deadline_seconds),
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "receiver.example"])
def test_connection_is_made_to_the_checked_address(host: str, sink: Receiver) -> None:
    stream = backend(to_loopback).connect_tcp(host, sink.port)

    assert stream.get_extra_info("server_addr") == ("127.0.0.1", sink.port)
    stream.close()


@pytest.mark.parametrize("host", ["0177.0.0.1", "[::1]", "::1", "10.0.0.1", "a b"])
def test_host_is_read_again_when_it_is_connected_to(host: str, sink: Receiver) -> None:
    with pytest.raises(Refused):
        backend(to_loopback).connect_tcp(host, sink.port)


class Detour(httpcore.SyncBackend):
    """A network that leads elsewhere than it was told, as a redirecting host might."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.opened: list[httpcore.NetworkStream] = []

    def connect_tcp(self, host, port, *args, **options):
        stream = super().connect_tcp(self.address, port, *args, **options)
        self.opened.append(stream)
        return stream


@pytest.mark.parametrize(
    ("allowed", "answer"),
    [("127.0.0.2/32", "127.0.0.2"), ("127.0.0.0/8", "127.0.0.2")],
    ids=["forbidden", "another"],
)
def test_socket_that_led_elsewhere_is_closed_before_a_byte_leaves(
    allowed: str, answer: str, sink: Receiver
) -> None:
    detour = Detour("127.0.0.1")
    guarded = GuardedBackend(
        rules=allowing(allowed),
        resolve=lambda host, port, timeout_seconds: (answer,),
        connect_seconds=1,
        deadline=Deadline(1),
        network=detour,
    )

    with pytest.raises(Refused):
        guarded.connect_tcp("receiver.example", sink.port)

    (stream,) = detour.opened
    assert stream.get_extra_info("socket").fileno() == -1


def test_unix_sockets_are_never_opened() -> None:
    """httpcore's base class refuses them; ours must not begin to open any."""
    with pytest.raises(NotImplementedError):
        backend(to_loopback).connect_unix_socket("/var/run/docker.sock")
