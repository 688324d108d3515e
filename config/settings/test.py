"""Settings of the tests: either database, fast passwords, no bell rings by itself."""

import os
import tempfile
from pathlib import Path

# A directory of its own for every process, so that a test sees neither the data of an
# installation nor those of the other worker. It goes when the process ends.
_data = tempfile.TemporaryDirectory(prefix="bw-data-", ignore_cleanup_errors=True)
os.environ["BELLWETHER_DATA_DIR"] = _data.name
if os.environ.get("BELLWETHER_TEST_DATABASE") == "postgresql":
    os.environ["DATABASE_URL"] = os.environ["BELLWETHER_TEST_POSTGRES_URL"]

from config.settings.base import *  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES["staticfiles"] = {
    "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
}
WHITENOISE_AUTOREFRESH = True  # nothing is collected: files are read where they lie
BELLWETHER_MAILBOX_DIR = Path(_data.name) / "mailbox"
if DATABASES["default"]["ENGINE"] == "datasets.store.sqlite":
    # A real file, so that tests meet the journal and the locks that users meet. It ends
    # with the process, so nothing guards it against a power cut.
    DATABASES["default"]["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
