"""The web server's door: HTTP to Django, WebSockets to the live feed."""

import os

import django
from channels.auth import AuthMiddlewareStack
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import WebsocketDenier
from django.urls import re_path

from config.handler import OneThreadHandler
from config.lifespan import Lifespan
from config.origins import SameOriginOnly
from config.requests import NamedRequests

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.base")
django.setup(set_prefix=False)

# These import models, which exist only once Django is set up.
from alerts.consumers import FeedConsumer  # noqa: E402
from config.bodies import LimitedBodies  # noqa: E402
from datasets.api.ingest import IngestDoor  # noqa: E402

_ingest = IngestDoor(OneThreadHandler())

_routes = ProtocolTypeRouter(
    {
        "lifespan": Lifespan(at_end=_ingest.close),
        "http": LimitedBodies(_ingest),
        "websocket": SameOriginOnly(
            AuthMiddlewareStack(
                URLRouter(
                    [
                        # Django's stubs know views only, not consumers.
                        re_path(  # type: ignore[list-item]
                            r"^ws/v1/(?P<workspace>[A-Za-z0-9_]+)/feed$",
                            FeedConsumer.as_asgi(),  # type: ignore[arg-type]
                        ),
                        # Without it an address that nobody has is a fault of ours.
                        re_path("", WebsocketDenier.as_asgi()),  # type: ignore[list-item, arg-type]
                    ]
                )
            )
        ),
    }
)
application = NamedRequests(_routes)
