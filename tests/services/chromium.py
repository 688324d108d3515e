"""The browser on this machine, if there is one."""

import shutil
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# Where `playwright install` and macOS keep theirs.
ELSEWHERE = (
    (Path.home() / ".cache/ms-playwright", "chromium-*/chrome-linux*/chrome"),
    (Path("/Applications"), "Google Chrome.app/Contents/MacOS/Google Chrome"),
)
#: Works as root and in a container, and asks nothing of the world outside.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def find_chromium() -> Path | None:
    """Return the program of a Chromium or Chrome, or None."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return next((path for base, glob in ELSEWHERE for path in base.glob(glob)), None)
