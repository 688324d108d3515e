"""Settings of the tests: either database, fast passwords, no bell rings by itself."""

import os
import tempfile

# A directory of its own for every process, so that a test sees neither the data of an
# installation nor those of the other worker. tests/plugin.py makes and removes it; to
# read the settings leaves nothing behind, because the secrets are given.
os.environ["BELLWETHER_DATA_DIR"] = f"{tempfile.gettempdir()}/bw-data-{os.getpid()}"
os.environ["BELLWETHER_SECRET_KEY"] = "a secret of the tests alone, long enough"
os.environ["BELLWETHER_SEALING_KEYS"] = "a sealing key of the tests alone"
if os.environ.get("BELLWETHER_TEST_DATABASE") == "postgresql":
    os.environ["DATABASE_URL"] = os.environ["BELLWETHER_TEST_POSTGRES_URL"]

from config.settings.base import *

INSTALLED_APPS += ["tests.emptying"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = True  # nothing is collected: files are read where they lie
if DATABASES["default"]["ENGINE"] == "datasets.store.sqlite":
    # A real file, so that tests meet the journal and the locks that users meet. It ends
    # with the process, so nothing guards it against a power cut.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
