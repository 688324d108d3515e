"""The kinds of output that exist: one line each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alerts.outputs.base import OutputKind
from alerts.outputs.email import Email
from alerts.outputs.loop_back import LoopBack
from alerts.outputs.owners import Owners
from alerts.outputs.webhook import Webhook


class DuplicateKind(ValueError):
    """Two kinds of the same name."""


class UnknownKind(LookupError):
    """A kind that does not exist; the text names those that do."""


def gather(kinds: Iterable[OutputKind]) -> Mapping[str, OutputKind]:
    """Return the kinds by name.

    Raises:
        DuplicateKind: a name comes twice.
    """
    gathered: dict[str, OutputKind] = {}
    for one in kinds:
        if one.kind in gathered:
            raise DuplicateKind(f"There are two kinds of output named {one.kind!r}.")
        gathered[one.kind] = one
    return gathered


#: Those that people may make outputs of.
OUTPUT_KINDS: Mapping[str, OutputKind] = gather((Email(), Webhook()))
_ALL_KINDS = gather((*OUTPUT_KINDS.values(), LoopBack(), Owners()))


def find_kind(name: str) -> OutputKind:
    """Return the kind of a stored output by name, also one that only we make.

    Raises:
        KeyError: there is none of this name.
    """
    return _ALL_KINDS[name]


def find_offered(name: str) -> OutputKind:
    """Return a kind that people may make outputs of, by name.

    Raises:
        UnknownKind: there is none of this name.
    """
    try:
        return OUTPUT_KINDS[name]
    except KeyError:
        raise UnknownKind(
            f"There is no kind of output {name[:40]!r}; there are "
            f"{', '.join(sorted(OUTPUT_KINDS))}."
        ) from None
