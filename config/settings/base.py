"""Settings of both ways to run: defaults work after a clone, the environment decides.

README.md lists the variables. `DATABASE_URL` and `REDIS_URL` together switch from the
embedded default to the full mode.
"""

import platform
from pathlib import Path
from urllib.parse import urlsplit

from csp.constants import NONCE, SELF

from config import env
from config.settings.celery import *

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = env.directory("BELLWETHER_DATA_DIR", BASE_DIR / "var")

DEBUG = env.flag("BELLWETHER_DEBUG", default=False)
SECRET_KEY = env.text("BELLWETHER_SECRET_KEY") or env.secret_file(
    DATA_DIR / "secret_key"
)
# Seals the secrets of outputs and sources; the first key seals, all of them open.
BELLWETHER_SEALING_KEYS = env.words("BELLWETHER_SEALING_KEYS") or [
    env.secret_file(DATA_DIR / "sealing_key")
]

# The address people and links use.
BELLWETHER_URL = env.text("BELLWETHER_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(BELLWETHER_URL)
ALLOWED_HOSTS = [
    *env.words("BELLWETHER_HOSTS", ("localhost", "127.0.0.1", "[::1]")),
    *([_public.hostname] if _public.hostname else []),
]
CSRF_TRUSTED_ORIGINS = [BELLWETHER_URL]

# Where `up` listens; empty when another server serves. `/setup` asks for no code only
# if nobody else can reach it.
BELLWETHER_LISTEN = env.text("BELLWETHER_LISTEN")

BELLWETHER_SIMULATOR = env.flag("BELLWETHER_SIMULATOR", default=True)
#: Whether an event a minute goes all the way, to show that the installation works.
BELLWETHER_CANARY = env.flag("BELLWETHER_CANARY", default=True)
# Private networks that webhooks and sources may reach all the same; none by default.
BELLWETHER_ALLOWED_NETWORKS = env.networks("BELLWETHER_ALLOWED_NETWORKS")
BELLWETHER_DRAIN_SLOTS = env.number("BELLWETHER_DRAIN_SLOTS", 2, least=1)
# Pending events a lane may hold before further ones are refused with 429.
BELLWETHER_BACKLOG_EVENTS = env.number("BELLWETHER_BACKLOG_EVENTS", 100_000, least=1)
# How long its oldest may have waited before further ones are refused so, in seconds.
BELLWETHER_BACKLOG_SECONDS = env.number("BELLWETHER_BACKLOG_SECONDS", 60, least=1)
#: Messages of one rule that an output is sent in a minute; more go into a summary.
BELLWETHER_STORM_MESSAGES = env.number("BELLWETHER_STORM_MESSAGES", 100, least=1)
#: What a back-test judges one by one at most: the newest.
BELLWETHER_BACKTEST_EVENTS = env.number("BELLWETHER_BACKTEST_EVENTS", 15_000, least=1)
# How long an answer waits for its batch to be judged.
BELLWETHER_WAIT_SECONDS = 2.0
# Limits of one request and of one uploaded file.
BELLWETHER_REQUEST_EVENTS = 10_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
BELLWETHER_UPLOAD_BYTES = env.number("BELLWETHER_UPLOAD_BYTES", 250_000_000, least=1)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_celery_beat",
    "django_htmx",
    "channels",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "workspaces",
    "datasets",
    "rules",
    "alerts",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.static.WholeFiles",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"
# Apperate's clients write paths with and without the last slash; we never redirect.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "workspaces.console.context.frame",
            ],
        },
    }
]

# --- Database: SQLite in the data directory, or the PostgreSQL that is named. ---------
DATABASE_URL = env.text("DATABASE_URL")
_postgres = env.postgres("DATABASE_URL")
if _postgres:
    _options = {
        # We find out within a minute that the server has vanished,
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
        # and it that we have: a lane must be free by then, and by itself it would keep
        # the connections of a host that is gone for two hours. Who waits for a row is
        # told soon that it is held, and no statement goes on that nobody waits for.
        "options": "-c lock_timeout=2s -c statement_timeout=15s"
        " -c idle_in_transaction_session_timeout=30s"
        " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10"
        " -c tcp_keepalives_count=3 -c tcp_user_timeout=30s",
    }
    DATABASES = {
        "default": {
            **_postgres,
            "ENGINE": "django.db.backends.postgresql",
            "OPTIONS": _options | _postgres["OPTIONS"],
            # A thread gives its connection back to the pool below after each request,
            # and what comes from there is looked at: PostgreSQL may have started anew.
            "CONN_MAX_AGE": 0,
            "CONN_HEALTH_CHECKS": True,
        }
    }
    DATABASES["default"]["OPTIONS"]["pool"] = {
        # Far fewer than a process has threads: PostgreSQL allows 100 in all by itself.
        "min_size": 1,
        "max_size": 16,
        # Whoever asks while the database is away, a supervisor too, is told so soon.
        "timeout": 5,
    }
else:
    DATABASES = {
        "default": {
            # Django's backend plus one fair lock for the one writer SQLite has.
            "ENGINE": "datasets.store.sqlite",
            "NAME": DATA_DIR / "bellwether.sqlite3",
            # A thread keeps its connection: opening one costs more than most requests.
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # One that reads first and then wants to write fails at once, whatever
                # the timeout. Other processes' writes, such as a command's, are waited
                # for; our own stand in the fair line.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # WAL: who reads waits for no writer.
                # FULL: with NORMAL a power cut may take back acknowledged commits.
                # Some forty threads have a cache each, beside the system's own, and
                # over hours each would fill; together they keep to 32 MB.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                " PRAGMA temp_store=MEMORY; PRAGMA cache_size=-4000;"
                " PRAGMA soft_heap_limit=33554432;",
            },
        }
    }
# Batches are more than two thousand millions some day.
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Metrics: read at /metrics --------------------------------------------------------
#: Whoever sends it may read them from elsewhere; else only somebody at the machine.
BELLWETHER_METRICS_TOKEN = env.text("BELLWETHER_METRICS_TOKEN")
#: Where the processes of the full mode count, one directory a host; the one process of
#: the embedded default counts in its memory.
BELLWETHER_METRICS_DIR = ""
#: Whether what hosts count lies side by side, so that each answers for all.
BELLWETHER_METRICS_ARE_SHARED = False
if REDIS_URL:
    _metrics = DATA_DIR / "metrics"
    BELLWETHER_METRICS_DIR = env.propose(
        "PROMETHEUS_MULTIPROC_DIR", str(_metrics / platform.node())
    )
    BELLWETHER_METRICS_ARE_SHARED = Path(BELLWETHER_METRICS_DIR).parent == _metrics

# --- Traces: sent to a collector ----------------------------------------------------
BELLWETHER_TRACES = env.library(
    "BELLWETHER_TRACES", ("off", "otlp"), module="opentelemetry"
)

# --- Channels: carries "there is more" to the browser. --------------------------------
CHANNEL_LAYERS = {
    "default": (
        {
            "BACKEND": "alerts.layer.PatientRedisLayer",
            "CONFIG": {
                # Longer than the layer's blocking read, or idle sockets would be cut;
                # and short, so that a Redis that is deaf is noticed.
                "hosts": [
                    {
                        "address": REDIS_URL,
                        "socket_timeout": 3,
                        "socket_connect_timeout": 1,
                    }
                ],
                # All sockets of a process share it; messages are small, and a feed that
                # misses one reads on from its number.
                "capacity": 1_000,
                "expiry": 10,
                # Others may use the same Redis.
                "prefix": "bellwether-live",
            },
        }
        if REDIS_URL
        else {
            "BACKEND": "channels.layers.InMemoryChannelLayer",
            "CONFIG": {"capacity": 1_000},
        }
    )
}

# --- People ---------------------------------------------------------------------------
AUTH_USER_MODEL = "workspaces.User"
LOGIN_URL = "workspaces:login"
LOGIN_REDIRECT_URL = "alerts:start"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- Mail: a mailbox in the data directory until a server is named. -------------------
BELLWETHER_MAILBOX_DIR = DATA_DIR / "mailbox"
_mail = env.mail("EMAIL_URL")
BELLWETHER_MAIL_IS_KEPT = _mail is None
EMAIL_BACKEND = "alerts.outputs.mailbox.EmailBackend"
DEFAULT_FROM_EMAIL = "Bellwether <bellwether@localhost>"
if _mail:
    globals().update(_mail)

# --- Security -------------------------------------------------------------------------
_secure = _public.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _secure
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_SSL_REDIRECT = _secure
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$", "^metrics$"]  # asked without TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _secure else None
SECURE_HSTS_SECONDS = 31_536_000 if _secure else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = _secure
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "frame-ancestors": ["'none'"],
        "form-action": [SELF],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    }
}

# --- Static files: collected, hashed and served by us ---------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_MANIFEST_STRICT = False
MEDIA_ROOT = DATA_DIR / "uploads"
#: The history of lanes as columns: a cache, made anew when it is missing.
BELLWETHER_SEGMENTS_DIR = DATA_DIR / "segments"

# --- API ------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workspaces.api.authentication.TokenAuthentication",
        "workspaces.api.authentication.SessionAuthentication",
    ],
    # Each view opens its workspace through `workspaces.access`, which decides.
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["datasets.api.rendering.ExactJSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["datasets.api.rendering.ExactJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "workspaces.api.problems.handle_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Bellwether",
    "DESCRIPTION": "Datasets, rules and alerts of a workspace.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "workspaces.api.openapi.sort_by_subject",
        "workspaces.api.openapi.name_errors",
    ],
    "ENFORCE_NON_BLANK_FIELDS": True,
    "ENUM_NAME_OVERRIDES": {
        "AlertState": "alerts.models.AlertState",
        "BacktestState": "rules.models.BacktestState",
        "BatchState": "datasets.models.BatchState",
        "DeliveryStatus": "alerts.models.DeliveryStatus",
        "RuleKind": "rules.models.Kind",
        "RunState": "datasets.models.RunState",
        "Severity": "alerts.models.Severity",
        "TokenKind": "workspaces.models.TokenKind",
        "TransitionKind": "alerts.models.TransitionKind",
    },
}

# Query strings may carry Apperate's tokens, so requests are logged by path alone.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"()": "config.logs.PlainFormatter"},
        "json": {"()": "config.logs.JsonFormatter"},
    },
    "filters": {"about": {"()": "config.about.AboutFilter"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "filters": ["about"],
            "formatter": env.choice("BELLWETHER_LOG_FORMAT", ("plain", "json")),
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        "bellwether": {"level": "INFO"},
        # By the id that a problem carries its line is found.
        "workspaces.api.problems": {"level": "INFO"},
    },
}
