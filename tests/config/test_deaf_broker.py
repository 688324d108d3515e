"""A Redis that swallows what it is sent and closes nothing: nobody may wait for it."""

import subprocess
import sys

import pytest

from tests.installations import ROOT, Installation
from tests.services.proxy import proxy
from tests.services.redis import broker

#: What a dead Redis may delay anything by (promise R7); it takes a fifth of that.
LONGEST_SECONDS = 5.0

_BEGIN = """
import time
import django
django.setup()
from config.celery import Task, is_broker_away, ring
from alerts.push import announce

began = time.monotonic()
"""
_END = """
print("took", time.monotonic() - began, flush=True)
"""


@pytest.mark.parametrize(
    ("deaf_at", "work"),
    [
        # In the midst of a message, and of the news for browsers.
        (b"LPUSH", 'ring(Task.SEND, {"output_id": 1})'),
        (
            b"ZRANGE",
            "announce(workspace_id=1, last=1)\nwhile not is_broker_away(): pass",
        ),
    ],
)
def test_nobody_waits_for_a_redis_that_is_deaf(tmp_path, deaf_at, work):
    (tmp_path / "data").mkdir()
    with broker() as redis, proxy(redis.port) as way:
        way.go_deaf_at(deaf_at)
        installation = Installation(
            data_dir=tmp_path / "data",
            settings={
                "REDIS_URL": f"redis://127.0.0.1:{way.port}/0",
                "DJANGO_SETTINGS_MODULE": "config.settings.base",
            },
        )
        said = subprocess.run(
            [sys.executable, "-c", _BEGIN + work + _END],
            cwd=ROOT,
            env=installation.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    assert "took" in said.stdout, said.stderr
    assert float(said.stdout.split()[-1]) < LONGEST_SECONDS
