"""Names that stand in fact paths, and the limits of what they name."""

import re
from typing import Final

FIELDS_LIMIT: Final = 2_000
FIELD_NAME_LIMIT: Final = 200
DATASET_NAME_LIMIT: Final = 64
#: Bytes of a key or subkey in UTF-8.
INDEX_BYTES_LIMIT: Final = 1_500

#: `WORKSPACE:DATASET:NAME:field` is Apperate's way to name own data, and rules and
#: sources report to the other two.
RESERVED_DATASETS: Final = frozenset(("DATASET", "ALERTS", "SOURCES"))
SYSTEM_PREFIX: Final = "_system"

_DATASET_NAME: Final = re.compile(rf"[A-Za-z0-9_]{{1,{DATASET_NAME_LIMIT}}}\Z")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f]")


def check_dataset_name(name: str) -> str | None:
    """Return why a dataset cannot bear `name`, or None if it can."""
    if not _DATASET_NAME.match(name):
        return (
            f"{name[:DATASET_NAME_LIMIT]!r} is no name for a dataset: use 1 to "
            f"{DATASET_NAME_LIMIT} letters, digits and underscores."
        )
    if name.upper() in RESERVED_DATASETS or name.lower().startswith(SYSTEM_PREFIX):
        return f"The name {name!r} is reserved; choose another one."
    return None


def check_field_name(name: str) -> str | None:
    """Return why a field cannot bear `name`, or None if it can.

    A colon would end the key in `WORKSPACE:DATASET:KEY:FIELD`.
    """
    if not name or name.isspace():
        return "A field has no name; give it one."
    if len(name) > FIELD_NAME_LIMIT:
        return (
            f"The name {name[:40] + '…'!r} is too long: use at most "
            f"{FIELD_NAME_LIMIT} characters."
        )
    if ":" in name:
        return f"The name {name!r} holds a colon; use another character."
    if _UNPRINTABLE.search(name):
        return f"The name {name!r} holds a control character; take it out."
    if name.lower().startswith(SYSTEM_PREFIX):
        return f"Names beginning with {SYSTEM_PREFIX!r} are reserved, as {name!r} is."
    return None
