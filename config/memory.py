"""How much memory the C library keeps for a program that is done with it."""

from __future__ import annotations

import ctypes

#: The option's number in glibc's malloc.h.
_M_ARENA_MAX = -8
_ARENAS = 2
# Other C libraries have neither, and need none.
_LIBC = ctypes.CDLL(None)
_mallopt = getattr(_LIBC, "mallopt", None)
_malloc_trim = getattr(_LIBC, "malloc_trim", None)


def share_arenas() -> None:
    """Let all threads of this process allocate from two arenas.

    glibc opens eight a processor, and what a thread frees stays in its own: forty
    threads that judge, store or send now and then each keep what their largest piece of
    work took. Python lets one thread allocate at a time anyway.
    """
    if _mallopt is not None:
        _mallopt(_M_ARENA_MAX, _ARENAS)


def give_back() -> None:
    """Let the system have what is free of this process's memory.

    For whoever has just worked on large columns: glibc would keep as much as the
    largest of them took. It takes some milliseconds.
    """
    if _malloc_trim is not None:
        _malloc_trim(0)
