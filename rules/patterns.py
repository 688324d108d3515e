"""Patterns that are searched for in linear time, whatever text they meet."""

from __future__ import annotations

import re2

from rules.engine import Search

#: A pattern that grows beyond this when compiled is refused.
MEMORY_BYTES = 1 << 20


def compile_pattern(pattern: str, *, ignore_case: bool) -> Search:
    """Compile a pattern of RE2's syntax.

    Raises:
        ValueError: it is no such pattern, or needs what cannot be had in linear time:
            looking around, and referring back.
    """
    options = re2.Options()
    options.case_sensitive = not ignore_case
    options.log_errors = False
    options.max_mem = MEMORY_BYTES
    try:
        compiled: Search = re2.compile(pattern, options=options)
    except re2.error as error:
        said = error.args[0] if error.args else error
        words = said.decode() if isinstance(said, bytes) else str(said)
        raise ValueError(
            f"{words} (looking around and referring back are not to be had)"
        ) from error
    return compiled
