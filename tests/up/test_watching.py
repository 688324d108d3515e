"""Parts that hang: each way of hanging ends in a restart."""

import subprocess
import sys
import textwrap
from collections.abc import Callable

import pytest

from tests.installations import ROOT, Installation

#: What each of the little programs begins with.
_BEGIN = """
import os, signal, sys, time
from datetime import timedelta
import django
django.setup()
"""


@pytest.fixture
def run(embedded: Installation) -> Callable[[str], tuple[int, str]]:
    """Give a function that runs a program of ours on an installation's data."""

    def run(program: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-c", _BEGIN + textwrap.dedent(program)],
            cwd=ROOT,
            env=embedded.environment
            | {"DJANGO_SETTINGS_MODULE": "config.settings.base"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        return done.returncode, done.stdout

    return run


def test_a_part_of_which_every_thread_hangs_is_killed_and_started_again(run, tmp_path):
    status, said = run(f"""
        from pathlib import Path
        from alerts.up.parent import GIVE_UP, Parent, Part

        mark = Path({str(tmp_path / "began")!r})

        def work():
            if mark.exists():
                return GIVE_UP
            mark.touch()
            os.kill(os.getpid(), signal.SIGSTOP)
            return 0

        parent = Parent(
            parts=[Part(name="numb", work=work)],
            preparations={{"prepare": lambda: 0}},
            load=lambda: None,
            load_prepared=lambda: None,
            silence_seconds=1,
        )
        sys.exit(parent.run())
    """)

    assert "numb has not shown for 1 s that it runs; it is killed." in said
    assert "numb was ended by signal 9; it starts again at once." in said
    assert status == 1


def test_a_process_leaves_when_judging_comes_to_no_end(run):
    status, said = run("""
        from alerts.up.watching import watch_judging
        from datasets.models import Lane
        from datasets.services import holding, note_judging

        watch_judging(allowed=timedelta(seconds=1))
        with holding(Lane.objects.first().pk):
            note_judging()
            time.sleep(60)
    """)

    assert "judging comes to no end, leaving (lane=1)" in said
    assert status == 1


def test_a_process_leaves_when_its_worker_answers_no_bell(run):
    status, said = run("""
        from alerts.up.watching import watch_worker

        watch_worker(part="worker", allowed=timedelta(seconds=1))
        time.sleep(60)
    """)

    assert "no bell is answered, leaving (part=worker)" in said
    assert status == 1


def test_a_process_leaves_while_a_call_of_its_threads_hangs(run):
    status, said = run("""
        import threading
        from concurrent.futures import ThreadPoolExecutor
        from alerts.up.watching import leave

        ThreadPoolExecutor(1).submit(threading.Event().wait)
        leave(3)
    """)

    assert (status, said) == (3, "")


def test_a_process_stays_while_lanes_are_judged_and_bells_answered(run):
    status, said = run("""
        from alerts.services import note_heartbeat
        from alerts.up.watching import watch_judging, watch_worker
        from config.clock import database_now
        from datasets.models import Lane
        from datasets.services import holding

        watch_judging(allowed=timedelta(seconds=4))
        watch_worker(part="worker", allowed=timedelta(seconds=4))
        lane = Lane.objects.first().pk
        end = time.monotonic() + 12
        while time.monotonic() < end:
            with holding(lane):
                note_heartbeat(part="worker", now=database_now())
        sys.exit(7)
    """)

    assert (status, said) == (7, "")
