"""Browser tests run in the machine's own Chromium; nothing is downloaded."""

from pathlib import Path
from typing import Any

import pytest

from tests.services.chromium import ARGUMENTS


@pytest.fixture(scope="session")
def browser_type_launch_args(
    browser_type_launch_args: dict[str, Any], chromium: Path
) -> dict[str, Any]:
    """Point pytest-playwright at the Chromium that was found."""
    return {
        **browser_type_launch_args,
        "executable_path": str(chromium),
        "args": [*ARGUMENTS],
    }
