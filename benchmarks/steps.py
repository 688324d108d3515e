"""Where the processor's time of one event goes, from its acceptance to its webhook.

All happens in this process, one event after the other, so that nothing but the event's
own steps is counted: accepted as the web server does, its bell rung and heard, drained,
and its alert posted to a receiver. With DATABASE_URL and REDIS_URL it is measured as in
the full mode, of which the database's and Redis's own time is not counted. Medians of
each step, in microseconds of the thread that takes it.

It leaves its rows behind, so give it a PostgreSQL database of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, cast

sys.path.insert(0, str(Path(__file__).parent.parent))
_data = tempfile.TemporaryDirectory(prefix="bw-bench-")
os.environ.setdefault("BELLWETHER_DATA_DIR", _data.name)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
os.environ.setdefault("BELLWETHER_ALLOWED_NETWORKS", "127.0.0.0/8")
os.environ.setdefault("BELLWETHER_STORM_MESSAGES", "1000000")

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402

from alerts import pipeline  # noqa: E402
from alerts.outputs import webhook  # noqa: E402
from alerts.services import (  # noqa: E402
    create_output,
    delivering,
    drain_queues,
)
from benchmarks.alerts import DATASET, LEVEL, dataset, record  # noqa: E402
from config import bells  # noqa: E402
from config.celery import Task, answer, ring  # noqa: E402
from config.clock import database_now  # noqa: E402
from datasets.schemas import Index  # noqa: E402
from datasets.services import (  # noqa: E402
    DatasetDraft,
    EventBody,
    create_dataset,
    grouping,
    open_for_ingest,
    open_lane,
)
from rules.services import create_rule  # noqa: E402
from workspaces.access import open_for_system  # noqa: E402
from workspaces.models import TokenKind, Workspace  # noqa: E402
from workspaces.services import issue_token  # noqa: E402

#: Events before those that are measured: programs are loaded, connections open.
WARM_UP = 40
#: What takes a step, by where it is called from.
STEPS: list[tuple[ModuleType, str, str]] = [
    (grouping, "prepare_submission", "accept: read and check"),
    (grouping, "store_group", "accept: store and commit"),
    (pipeline, "oldest_pending", "drain: look what waits, twice"),
    (pipeline, "take_batches", "drain: take batches"),
    (pipeline, "settle_batches", "drain: read events"),
    (pipeline, "judge_batches", "drain: judge"),
    (pipeline, "finish_batches", "drain: move the lane on"),
    (pipeline, "save_facts", "drain: store facts"),
    (pipeline, "save_states", "drain: store states"),
    (pipeline, "record_transitions", "drain: store alerts and deliveries"),
    (pipeline, "save_counters", "drain: store counts"),
    (pipeline, "enter_round", "drain: enter into the feed"),
    (pipeline, "count_round", "drain: count"),
    (pipeline, "drain_lane", "drain, with its commit and all"),
    (delivering, "claim_next", "send: claim"),
    (delivering, "message_of", "send: compose"),
    (webhook, "post_json", "send: post and hear the answer"),
    (delivering, "_record", "send: record"),
    (delivering, "is_any_due", "send: look for more"),
    (delivering, "send_due", "send, with all"),
]


class Times:
    """What each step took of its thread, for each event, and how often it asked."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.statements: dict[str, int] = {}
        self._asked = 0

    def watch(self, module: ModuleType, function: str, step: str) -> None:
        """Have a function of a module counted as a step."""
        act: Callable[..., Any] = getattr(module, function)

        def watched(*words: Any, **named: Any) -> Any:
            began, asked = time.thread_time(), self._asked
            try:
                return act(*words, **named)
            finally:
                took = time.thread_time() - began
                self.seconds[step] = self.seconds.get(step, 0.0) + took
                before = self.statements.get(step, 0)
                self.statements[step] = before + self._asked - asked

        setattr(module, function, watched)

    def note_statement(self, execute: Any, *words: Any) -> Any:
        """Count a statement, as a wrapper of Django's."""
        self._asked += 1
        return execute(*words)


def main() -> None:
    """Measure event by event, then the bell by itself."""
    options = _options()
    call_command("migrate", verbosity=0, interactive=False)
    ears = _Ears()
    product = _Product(raises=not options.quiet)
    times = Times()
    for module, function, step in STEPS:
        times.watch(module, function, step)
    taken: dict[str, list[float]] = {}
    asked: dict[str, int] = {}
    with connection.execute_wrapper(times.note_statement):
        for number in range(WARM_UP + options.events):
            times.seconds, times.statements = {}, {}
            product.bring(number, options.together)
            if number < WARM_UP:
                continue
            for step, seconds in times.seconds.items():
                taken.setdefault(step, []).append(seconds)
                asked[step] = times.statements[step]
    for _, _, step in STEPS:
        if step in taken:
            _say(step, taken[step], statements=asked[step], together=options.together)
    _say("bell, rung and heard", ears.times(options.events), together=1)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=200)
    parser.add_argument(
        "--together", type=int, default=1, help="requests of one event in a commit"
    )
    parser.add_argument(
        "--quiet", action="store_true", help="events that raise no alert"
    )
    return parser.parse_args()


class _Product:
    """A dataset, a rule on all of its keys, and a webhook that it tells."""

    def __init__(self, *, raises: bool) -> None:
        self._price = LEVEL + 1 if raises else 1
        now = database_now()
        workspace = Workspace.objects.create(
            slug=f"STEPS_{time.time_ns()}", created_at=now
        )
        access = open_for_system(workspace=workspace)
        schema = cast("dict[str, object]", dataset()["schema"])
        draft = DatasetDraft(
            slug=DATASET, schema=schema, index=Index(key="symbol"), zone="UTC"
        )
        self._lane_id = open_lane(
            create_dataset(access=access, draft=draft, now=now)
        ).pk
        output = create_output(
            access=access, kind="webhook", config={"url": _receiver()}, now=now
        )
        self._output_id = output.pk
        fact = f"{workspace.slug}:{DATASET}:*:price"
        definition = {
            "name": "Dear",
            "kind": "signal",
            "when": {"fact": fact, "op": "gt", "value": LEVEL},
            "outputs": [{"output": output.slug}],
        }
        create_rule(access=access, definition=definition, now=now)
        pipeline.drain_lane(lane_id=self._lane_id)
        _, token = issue_token(
            access=access, kind=TokenKind.SECRET, now=now, name="bench"
        )
        self._opening = open_for_ingest(
            token=token, workspace=workspace.slug, dataset=DATASET
        )

    def bring(self, number: int, together: int) -> None:
        """Bring events of keys that nobody has heard of, and all that follows."""
        bodies = [
            json.dumps(record(f"K{number}.{place}", self._price)).encode()
            for place in range(together)
        ]
        group = [
            grouping.prepare_submission(
                opening=self._opening, body=EventBody(content=body), key=None
            )
            for body in bodies
        ]
        grouping.store_group(group)
        pipeline.drain_lane(lane_id=self._lane_id)
        delivering.send_due(output_id=self._output_id)


class _Ears:
    """Hears the bells of lanes and outputs, as workers do, and does nothing."""

    def __init__(self) -> None:
        self._heard = threading.Event()
        self._pool = ThreadPoolExecutor(1)
        for task, queues in ((Task.DRAIN, drain_queues()), (Task.SEND, ["send"])):
            if not settings.REDIS_URL:
                bells.hear_here(task, self._hand_on)
                continue
            for queue in queues:
                listen = partial(bells.listen, task, self._hear, queue=queue)
                threading.Thread(target=listen, daemon=True).start()
        time.sleep(2 if settings.REDIS_URL else 0)

    def times(self, count: int) -> list[float]:
        """Return what ringing and hearing took of the processor, each time."""
        return [self._time() for _ in range(count)]

    def _time(self) -> float:
        self._heard.clear()
        began = time.process_time()
        ring(Task.DRAIN, {"lane_id": 0})
        if not self._heard.wait(10):
            raise SystemExit("Nobody heard the bell.")
        answer(Task.DRAIN, lane_id=0)
        return time.process_time() - began

    def _hand_on(self, **ids: int) -> None:
        self._pool.submit(self._hear, **ids)

    def _hear(self, **_: int) -> None:
        self._heard.set()


def _receiver() -> str:
    """Answer webhooks in threads of their own; the address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def _say(step: str, seconds: list[float], **more: object) -> None:
    measured = {
        "database": connection.vendor,
        "step": step,
        "microseconds": round(1e6 * statistics.median(seconds)),
        **more,
    }
    sys.stdout.write(json.dumps(measured) + "\n")


if __name__ == "__main__":
    main()
