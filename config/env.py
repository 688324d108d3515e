"""The only reader of the environment; a wrong value stops the start with a sentence."""

import argparse
import ipaddress
import os
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRUE = frozenset({"1", "on", "true", "yes"})
_FALSE = frozenset({"0", "off", "false", "no"})


def text(name: str, default: str = "") -> str:
    """Return the variable's text without surrounding blanks, or `default`."""
    return os.environ.get(name, "").strip() or default


def propose(name: str, value: str) -> str:
    """Set a variable unless it is set; return what then holds."""
    return os.environ.setdefault(name, value)


def propose_listening(words: list[str]) -> None:
    """Let the settings know where `up` with these options is to listen.

    Links in messages lead there, so it must be known before settings are read. A part
    that runs alone is told by whoever runs all of them.
    """
    if words[:1] != ["up"]:
        return
    parser = argparse.ArgumentParser(add_help=False)
    add_up_options(parser)
    options, _ = parser.parse_known_args(words[1:])
    if options.only:
        return
    propose("BELLWETHER_LISTEN", options.host)
    propose("BELLWETHER_URL", address(options.host, options.port))


def add_up_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `up`."""
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8000, help="port to listen on")
    some = parser.add_mutually_exclusive_group()
    some.add_argument(
        "--parts",
        metavar="PARTS",
        help="keep these parts running on this host, named with commas: web, drain"
        " (every slot) or drain.<slot>, calls, upkeep, beat, runner; waits until"
        " `manage.py prepare` has made the database ready",
    )
    some.add_argument(
        "--only",
        metavar="PART",
        help="be one part, prepare nothing and watch nobody; for a supervisor that is"
        " to see each process by itself",
    )


def address(host: str, port: int) -> str:
    """Return the address at which this machine reaches a server listening there."""
    try:
        ip = ipaddress.ip_address(host)
    except ValueError:
        return f"http://{host}:{port}"
    if ip.is_unspecified:
        return f"http://127.0.0.1:{port}"
    return f"http://[{ip}]:{port}" if ip.version == 6 else f"http://{ip}:{port}"


def flag(name: str, *, default: bool) -> bool:
    """Return an on/off variable; anything that is neither stops the start."""
    value = text(name).lower()
    if not value:
        return default
    if value in _TRUE:
        return True
    if value in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}; write on or off.")


def choice(name: str, known: tuple[str, ...]) -> str:
    """Return one of the known words, the first if none is set."""
    value = text(name, known[0]).lower()
    if value not in known:
        raise ImproperlyConfigured(f"{name} is {value!r}; write {' or '.join(known)}.")
    return value


def library(name: str, known: tuple[str, ...], *, module: str) -> str:
    """Return a word of which all but the first need a library that may be missing."""
    value = choice(name, known)
    if value != known[0] and find_spec(module.partition(".")[0]) is None:
        raise ImproperlyConfigured(
            f"{name} is {value}, but its library is missing. Install it: pip install"
            " --require-hashes -r requirements/traces.txt"
        )
    return value


def number(name: str, default: int, *, least: int = 0) -> int:
    """Return a whole number of at least `least`."""
    value = text(name, str(default))
    if not value.isdecimal() or int(value) < least:
        raise ImproperlyConfigured(
            f"{name} is {value!r}; write a whole number of at least {least}."
        )
    return int(value)


def words(name: str, default: tuple[str, ...] = ()) -> list[str]:
    """Return a list written with commas."""
    found = [word.strip() for word in text(name).split(",") if word.strip()]
    return found or list(default)


def networks(name: str) -> tuple[Network, ...]:
    """Return the networks written in CIDR notation, separated by commas."""
    try:
        return tuple(ipaddress.ip_network(word) for word in words(name))
    except ValueError as error:
        raise ImproperlyConfigured(
            f"{name}: {error}. Write networks such as 10.1.0.0/16, with commas."
        ) from error


def directory(name: str, default: Path) -> Path:
    """Return an absolute directory; it need not exist yet."""
    return Path(text(name, str(default))).expanduser().absolute()


def secret_file(path: Path) -> str:
    """Return the secret kept in `path`, made on first use and readable by us alone.

    Two processes that start together agree: the first link wins, the other reads it.
    """
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = path.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            return path.read_text().strip()
        finally:
            draft.unlink()
    return path.read_text().strip()


def postgres(name: str) -> dict[str, Any] | None:  # Any: as Django's settings are
    """Return Django's settings of a `postgresql://` address, or None when unset."""
    address = text(name)
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(
            f"{name} must read postgresql://user:password@host:port/database."
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or query.pop("port", "")),
        "OPTIONS": query,
    }


def mail(name: str) -> dict[str, object] | None:
    """Return Django's e-mail settings of an `smtp://` address, or None when unset.

    `smtp://user:password@host:587?tls=1` starts TLS; `smtps://` begins with it.
    """
    address = text(name)
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"{name} must read smtp://user:password@host:port?tls=1 or smtps://..."
        )
    query = parse_qs(parts.query)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if parts.scheme == "smtps" else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": query.get("tls", ["0"])[-1].lower() in _TRUE,
        "EMAIL_TIMEOUT": 15,
        "DEFAULT_FROM_EMAIL": query.get("from", ["bellwether@localhost"])[-1],
    }
