"""How much memory the C library keeps for threads that are done with it."""

from __future__ import annotations

import ctypes

#: The option's number in glibc's malloc.h.
_M_ARENA_MAX = -8
_ARENAS = 2


def share_arenas() -> None:
    """Let all threads of this process allocate from two arenas.

    glibc opens eight a processor, and what a thread frees stays in its own: forty
    threads that judge, store or send now and then each keep what their largest piece of
    work took. Python lets one thread allocate at a time anyway. Other C libraries have
    no such option, and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, _ARENAS)
