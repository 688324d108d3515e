"""Settings of Celery and its broker: a bell, never a store."""

from config import env

REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL or "memory://localhost//"
CELERY_BROKER_TRANSPORT = None if REDIS_URL else "config.local_broker:Transport"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        # Below kombu 5.7 this did nothing, and workers went deaf after a reconnect.
        "health_check_interval": 25,
        # A Redis that does not answer at once is away; the sweeps take over meanwhile.
        "socket_connect_timeout": 3,
        # Longer than a worker's read waits for a bell, or quiet ones would be cut; and
        # short, so that a host that has vanished is noticed.
        "socket_timeout": 30,
        # What stands between may forget connections on which nothing is said.
        "socket_keepalive": True,
        # One slow answer is no reason to begin anew.
        "retry_on_timeout": True,
        # Nothing in it is long or delayed, so what a dead worker took is soon given on.
        "visibility_timeout": 300,
        # Others may use the same Redis.
        "global_keyprefix": "bellwether:",
    }
    if REDIS_URL
    else {}
)
# Redis may start after us, and may be away for as long as it likes.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None

# Nobody asks what a bell led to: the rows say it, and Redis keeps no keys of it.
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None  # there are none, so beat need not clean them up
# A lost bell is made up for by a sweep: nothing needs to come twice, and nothing that
# kills its worker comes again and again.
CELERY_TASK_ACKS_LATE = False
# Whoever publishes has somebody waiting.
CELERY_TASK_PUBLISH_RETRY = False
# Where beat's bells for the sweeps go, which name no queue.
CELERY_TASK_DEFAULT_QUEUE = "upkeep"
# `drain.<slot>` and `heartbeat.<worker>` follow from the installation.
CELERY_TASK_CREATE_MISSING_QUEUES = True
# No pickle: whoever can write to Redis could have us run what they like.
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]

# A pool's process has a minute to begin; Celery's 4 s are few on a busy machine.
CELERY_WORKER_PROC_ALIVE_TIMEOUT = 60
# What a worker has no thread for is left to others.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# Lines are written as `LOGGING` says.
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A bell is acknowledged before it is answered, so no other worker gets it, and workers
# have crashed from cancelling.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False

# Sweeps are rows, which staff see and tune in the admin; one who does so need not wait.
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 1
# Instants are in UTC everywhere, and aware as those of the database are (`USE_TZ`).
CELERY_TIMEZONE = "UTC"
DJANGO_CELERY_BEAT_TZ_AWARE = True
