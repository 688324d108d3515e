"""What the C library keeps for a program that is done with it."""

import platform
import subprocess
import sys

import pytest

#: Has each of 12 threads allocate, and prints how many arenas there are by then.
ARENAS = """
import ctypes, sys, tempfile, threading
from config.memory import share_arenas

if sys.argv[1] == "shared":
    share_arenas()
barrier = threading.Barrier(13)

def allocate():
    kept = [bytes(5_000) for _ in range(20)]
    barrier.wait()
    barrier.wait()

threads = [threading.Thread(target=allocate) for _ in range(12)]
for one in threads:
    one.start()
barrier.wait()
libc = ctypes.CDLL(None)
libc.fopen.restype = ctypes.c_void_p
with tempfile.NamedTemporaryFile() as told:
    file = libc.fopen(told.name.encode(), b"w")
    libc.malloc_info(0, ctypes.c_void_p(file))
    libc.fclose(ctypes.c_void_p(file))
    print(told.read().count(b"<heap nr="))
barrier.wait()
"""
#: Frees 50 MB that lie below what is still used, and prints how many of them the
#: process has no more.
FREED = """
import os, sys
from pathlib import Path
from config.memory import give_back

def resident():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000

kept = [bytes(50_000) for _ in range(1_000)]
last = [bytes(50_000) for _ in range(10)]
before = resident()
del kept
if sys.argv[1] == "given":
    give_back()
print(before - resident())
"""

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc keeps memory like that"
)


def test_twelve_threads_allocate_from_two_arenas():
    assert asked(ARENAS, "shared") == 2
    assert asked(ARENAS, "apart") > 2


def test_what_is_free_is_given_back():
    assert asked(FREED, "given") > 40
    assert asked(FREED, "kept") < 10


def asked(script: str, how: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", script, how],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(told.stdout)
