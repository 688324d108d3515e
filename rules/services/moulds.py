"""Reading very many definitions of which most are alike.

One event may have a hundred thousand rules read that watch the same fact, each for
another level. Reading a definition through takes several times what it takes to see
that only name and level are others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from datasets.json import decode_trusted, encode
from rules.engine import DefinitionInvalid, Specification, cast, is_mould
from rules.services.parsing import parse_rule

_COMPARISON = frozenset({"fact", "op", "value"})
_MOULDS = 1_000
"""Moulds that are kept; one that was not used for long is made again."""


def read_alike(definition: Mapping[str, object], *, workspace: str) -> Specification:
    """Read a definition as `parse_rule` does, from the mould of its like if it can.

    Raises:
        DefinitionInvalid: as `parse_rule`.
    """
    when = definition.get("when")
    if isinstance(when, Mapping) and when.keys() == _COMPARISON:
        bare = {**definition, "name": "-", "when": {**when, "value": 0}}
        mould = _mould(encode(bare), workspace)
        if mould is not None:
            found = cast(mould, name=definition.get("name"), value=when["value"])
            if found is not None:
                return found
    # Read through, which also finds all that is wrong with it.
    return parse_rule(definition, workspace=workspace)


@lru_cache(maxsize=_MOULDS)
def _mould(written: bytes, workspace: str) -> Specification | None:
    """Read what is written; None if it cannot be read, or more hangs on the number."""
    bare: Any = decode_trusted(written)  # Any: a definition as decoded
    try:
        specification = parse_rule(bare, workspace=workspace)
    except DefinitionInvalid:
        return None
    return specification if is_mould(specification) else None
