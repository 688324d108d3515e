"""Play a long trial: `python -m tests.chaos --times 50 [--database postgresql]`."""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.chaos.trial import Outcome, Plan, play
from tests.installations import Installation, full_settings
from tests.services.postgresql import postgresql
from tests.services.redis import redis_server

_VICTIMS = {
    "sqlite": ("bellwether",),
    "postgresql": ("web", "drain.0", "drain.1", "calls", "upkeep", "beat", "runner"),
}


#: The exit status of a trial without differences that did not reach its load.
TOO_SLOW = 3


def main() -> int:
    """Play the trial that the command line describes and tell its outcome.

    The exit status is 0 if nothing differs and the load was reached, 1 if something
    differs, and `TOO_SLOW` if nothing does under less load than was asked for.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--database", choices=_VICTIMS, default="sqlite")
    parser.add_argument("--kill", help="parts, with commas; default: each in turn")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument(
        "--rate", type=float, default=200.0, help="events a second to reach"
    )
    parser.add_argument("--together", type=int, default=10, help="events a request")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    victims = options.kill.split(",") if options.kill else _VICTIMS[options.database]
    plan = Plan(
        victims=victims,
        times=options.times,
        events_a_second=options.rate,
        events_a_request=options.together,
        seed=options.seed,
    )
    outcome = _play(options.database, plan)
    say(str(outcome))
    if outcome.proof.differences:
        return 1
    return 0 if outcome.is_at_rate else TOO_SLOW


def _play(database: str, plan: Plan) -> Outcome:
    with ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bw-chaos")))
        settings = {}
        if database == "postgresql":
            settings = stack.enter_context(
                full_settings(
                    stack.enter_context(postgresql()),
                    stack.enter_context(redis_server()),
                )
            )
        installation = Installation(data_dir=base / "data", settings=settings)
        stack.callback(installation.end)
        return play(installation, plan, say=say)


def say(line: str) -> None:
    """Tell the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
