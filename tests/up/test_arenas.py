"""Threads share what the C library keeps for them."""

import platform
import subprocess
import sys

import pytest

#: Has each of 12 threads allocate, and prints how many arenas there are by then.
SCRIPT = """
import ctypes, sys, tempfile, threading
from alerts.up.arenas import share_arenas

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


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc", reason="only glibc has an arena for each thread"
)
def test_twelve_threads_allocate_from_two_arenas():
    assert arenas("shared") == 2
    assert arenas("apart") > 2


def arenas(how: str) -> int:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, how],
        check=True,
        capture_output=True,
        text=True,
    )
    return int(told.stdout)
