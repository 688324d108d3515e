"""Run one part in this process, under the parent or by itself (`up --only`)."""

from __future__ import annotations

import gc
import sys
import threading

from django.conf import settings

from alerts.services import ONLY_WORKER
from alerts.up import plan, runner, web, workers
from alerts.up.drainers import Drainers
from alerts.up.parent import say
from alerts.up.watching import LEAVING_SECONDS, leave, watch_judging
from config import env
from config.memory import share_arenas
from config.metrics import forget_the_dead

#: How long a thread computes before others come to their turn. Python's 5 ms are long
#: where one that holds the line of writers waits to go on after each statement.
SWITCH_SECONDS = 0.001


def run_part(name: str, *, host: str, port: int) -> int:
    """Be one of `plan.part_names()` until SIGTERM or Ctrl-C; return the exit status."""
    share_arenas()
    gc.enable()  # a part by itself has loaded without the parent
    if name == plan.EVERYTHING:
        return run_everything(host=host, port=port)
    if name == plan.WEB:
        forget_the_dead()
        web.limit_statements(web.STATEMENTS_ALLOWED)
        web.serve(host=host, port=port, on_serving=lambda: _say_where(host, port))
    elif name == plan.BEAT:
        workers.run_beat()
    elif name == plan.RUNNER:
        watch_judging()
        runner.run()
    else:
        return workers.run_worker(plan.workers()[name])
    return 0


def run_everything(*, host: str, port: int) -> int:
    """Be web, worker, beat and runner, as threads around the web server's loop."""
    watch_judging()
    sys.setswitchinterval(SWITCH_SECONDS)
    worker = workers.WorkerThread(plan.workers()[ONLY_WORKER])
    beat = workers.BeatThread()
    drainers = Drainers()
    stopping = threading.Event()

    def work() -> None:
        # Only now: what they load would make the first page wait.
        worker.start()
        drainers.start()
        beat.start()
        runner.start_sweeping(stopping)
        _say_where(host, port)

    web.serve(host=host, port=port, on_serving=work)
    stopping.set()
    beat.stop()
    drainers.stop(seconds=LEAVING_SECONDS / 4)
    worker.stop(seconds=LEAVING_SECONDS / 2)
    leave(0)


def _say_where(host: str, port: int) -> None:
    here, public = env.address(host, port), settings.BELLWETHER_URL
    say(f"Bellwether serves at {here}" + (f" ({public})" if here != public else ""))
