"""Names that stand in fact paths: letters, digits and underscores, case kept."""

import re

_NAME = re.compile(r"[A-Za-z0-9_]{1,64}\Z", re.ASCII)


class NameInvalid(ValueError):
    """A workspace or dataset cannot bear this name; the text says why."""


def check_name(name: str, *, reserved: frozenset[str] = frozenset()) -> str:
    """Return `name` unchanged if it may stand in a fact path."""
    if not _NAME.match(name):
        raise NameInvalid(
            f"{name!r} is not a name: use 1 to 64 letters, digits and underscores."
        )
    if name.upper() in reserved or name.lower().startswith("_system"):
        raise NameInvalid(f"{name!r} is reserved; choose another name.")
    return name
