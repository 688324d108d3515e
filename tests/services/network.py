"""Hosts of their own on this machine: network namespaces on one bridge.

Each has an address, a name and a cable; a cable that is pulled tells nobody. The bridge
is in a namespace of its own, too: a browser that sees the machine's interfaces come and
go breaks off whatever it loads.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

#: What unshare(2) and setns(2) know a network namespace by, from <linux/sched.h>.
_CLONE_NEWNET = 0x4000_0000
_LIBC = ctypes.CDLL(None, use_errno=True)  # os.unshare and os.setns come with 3.12


class NoNamespaces(Exception):
    """This machine, or this account, makes no network namespaces; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A place with a network of its own."""

    name: str
    address: str
    #: The near end of its cable, and the bridge in which it is plugged.
    port: str
    bridge: str

    @property
    def inside(self) -> Sequence[str]:
        """What a command is run by to be run there; it becomes the command."""
        named = ("unshare", "--uts", "sh", "-c", 'hostname "$0" && exec "$@"')
        return ("ip", "netns", "exec", self.name, *named, self.name)

    def cut_off(self) -> None:
        """Pull the cable: what is sent either way vanishes, and no end is told."""
        _ip("link", "set", self.port, "nomaster")

    def plug_in(self) -> None:
        """Put the cable back."""
        _ip("link", "set", self.port, "master", self.bridge)


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Some hosts, and the address at which they find who made them."""

    block: str
    address: str
    hosts: Sequence[Host]


@contextlib.contextmanager
def network(size: int) -> Iterator[Network]:
    """Make hosts for the length of the block, and leave nothing of them.

    Meanwhile this thread, and what it starts, reaches them and nothing else.

    Raises:
        NoNamespaces: if that is not possible here.
    """
    if shutil.which("ip") is None:
        raise NoNamespaces("there is no ip (Debian: iproute2)")
    mark = os.getpid() % 100_000
    block = f"10.213.{mark % 256}"
    bridge = f"bw{mark}"
    hosts = [
        Host(
            name=f"bw-{mark}-{number}",
            address=f"{block}.{number + 2}",
            port=f"bw{mark}p{number}",
            bridge=bridge,
        )
        for number in range(size)
    ]
    with contextlib.ExitStack() as stack:
        stack.enter_context(_apart())
        _ip("link", "set", "lo", "up")
        _make(stack, "link", bridge, ("type", "bridge"))
        _ip("address", "add", f"{block}.1/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for host in hosts:
            _make_namespace(stack, host.name)
            _connect(host)
        yield Network(block=f"{block}.0/24", address=f"{block}.1", hosts=hosts)


@contextlib.contextmanager
def _apart() -> Iterator[None]:
    """Have this thread in a new network namespace, which goes with what is in it."""
    with Path("/proc/thread-self/ns/net").open() as before:
        if _LIBC.unshare(_CLONE_NEWNET):
            why = os.strerror(ctypes.get_errno())
            raise NoNamespaces(f"a namespace of its own: {why} (root may)")
        try:
            yield
        finally:
            if _LIBC.setns(before.fileno(), _CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "cannot go back to the old network")


def _make_namespace(stack: contextlib.ExitStack, name: str) -> None:
    """Make one with a name; a container may allow those without a name alone."""
    try:
        _make(stack, "netns", name)
    except subprocess.CalledProcessError as error:
        raise NoNamespaces(error.stderr.strip()) from error


def _connect(host: Host) -> None:
    far = ("peer", "name", "eth0", "netns", host.name)
    _ip("link", "add", host.port, "type", "veth", *far)  # both ends go with the host
    _ip("link", "set", host.port, "master", host.bridge, "up")
    there = ("-n", host.name)
    _ip(*there, "link", "set", "lo", "up")
    _ip(*there, "address", "add", f"{host.address}/24", "dev", "eth0")
    _ip(*there, "link", "set", "eth0", "up")


def _make(
    stack: contextlib.ExitStack, kind: str, name: str, more: Sequence[str] = ()
) -> None:
    """Make a thing that goes when the block ends."""
    _ip(kind, "add", name, *more)
    stack.callback(_ip, kind, "delete", name)


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, stderr=subprocess.PIPE, text=True)
