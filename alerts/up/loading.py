"""What the parent of `up` loads, so that the parts need not.

Missing here is no mistake, only slow: a part loads what it has not got.
"""

from __future__ import annotations

import gc
import importlib

from django.conf import settings

_PROGRAM = (
    "config.urls",
    "celery.app.amqp",
    "celery.concurrency.thread",
    "celery.worker.components",
    "celery.worker.consumer",
    "celery.worker.strategy",
    "kombu.transport.virtual",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.websockets_sansio_impl",
)
_FULL = ("alerts.layer", "celery.concurrency.prefork", "kombu.transport.redis")
_EMBEDDED = ("channels.layers", "config.local_broker")
#: Looks for collected static files, so they must be there.
_SERVER = ("config.asgi",)


#: New objects after which the collector looks for rings among them. What a round of a
#: drain makes lives until its commit and holds none; at Python's own 700 a third of the
#: time of a storm went to looking through it, over and over. Each question of the ORM
#: leaves a ring, so that every process keeps up to so many of them.
_YOUNG = 5_000


def load_program() -> None:
    """Load all that a part may run, except for what needs a prepared installation."""
    _load(*_PROGRAM, *(_FULL if settings.REDIS_URL else _EMBEDDED))


def load_server() -> None:
    """Load the web server's application, once the installation is prepared.

    With it all is loaded: from here on what is of no use any more is collected.
    """
    _load(*_SERVER)
    freeze()


def freeze() -> None:
    """Let forks go on sharing the memory of what is loaded by now."""
    # What is frozen the collector never touches.
    gc.collect()
    gc.freeze()
    # Counts what is old anew. As long as the program counted as old, rings among old
    # objects were not looked for before there were a quarter as many new ones.
    gc.collect()
    gc.enable()
    _, middle, old = gc.get_threshold()
    gc.set_threshold(_YOUNG, middle, old)


def _load(*names: str) -> None:
    for name in names:
        importlib.import_module(name)
