"""Does the same small work again and again, and says how long each time took.

A process of its own, so that nothing but the machine holds it up.
"""

from __future__ import annotations

import sys
import time

_STEPS = 100_000
_PAUSE_SECONDS = 0.1


def beat() -> None:
    """Do work that takes a few milliseconds, and always the same."""
    total = 0
    for number in range(_STEPS):
        total += number % 7


def main() -> None:
    """Beat until nobody listens any more."""
    while True:
        began = time.monotonic()
        beat()
        sys.stdout.write(f"{began} {time.monotonic() - began}\n")
        sys.stdout.flush()
        time.sleep(_PAUSE_SECONDS)


if __name__ == "__main__":
    main()
