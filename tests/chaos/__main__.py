"""Play a long trial: `python -m tests.chaos --times 50 [--database postgresql]`.

With `--faults calm --times 60` nothing strikes for an hour, and memory, connections and
tables are watched.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.arena import POSTGRESQL, SQLITE, arena
from tests.chaos.faults import EVERY_FAULT, FAULTS, Kill
from tests.chaos.faults.base import Fault
from tests.chaos.report import write_report
from tests.chaos.trial import Outcome, Plan, play

#: The exit status of a trial without differences that did not reach its load.
TOO_SLOW = 3


def main() -> int:
    """Play the trial that the command line describes and tell its outcome.

    The exit status is 0 if nothing differs and the load was reached, 1 if something
    differs, and `TOO_SLOW` if nothing does under less load than was asked for.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), default=SQLITE)
    parser.add_argument(
        "--faults",
        help=f"names with commas, in turn; default: all of {', '.join(EVERY_FAULT)}",
    )
    parser.add_argument("--kill", help="only kill these parts, with commas, in turn")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument(
        "--rate", type=float, default=200.0, help="events a second to reach"
    )
    parser.add_argument("--together", type=int, default=10, help="events a request")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--report", type=Path, help="write it into this file, too")
    options = parser.parse_args()
    # Whoever ends us ends the installation and its servers, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    plan = Plan(
        faults=_faults_of(options),
        times=options.times,
        events_a_second=options.rate,
        events_a_request=options.together,
        seed=options.seed,
        awaits_deliveries=True,
    )
    outcome = _play(options.database, plan)
    say(str(outcome))
    if options.report:
        write_report(options.report, outcome, database=options.database)
    if outcome.proof.differences:
        return 1
    return 0 if outcome.is_at_rate else TOO_SLOW


def _faults_of(options: argparse.Namespace) -> list[Fault]:
    if options.kill:
        return [Kill(options.kill.split(","))]
    names = options.faults.split(",") if options.faults else list(EVERY_FAULT)
    unknown = [name for name in names if name not in FAULTS]
    if unknown:
        sys.exit(f"{', '.join(unknown)}: no such fault; there are {', '.join(FAULTS)}.")
    # One that is named twice is one, which goes on where it was.
    faults = {name: FAULTS[name]() for name in names}
    fitting = [name for name in names if options.database in faults[name].databases]
    return [faults[name] for name in fitting]


def _play(database: str, plan: Plan) -> Outcome:
    settings = {
        name: value for one in plan.faults for name, value in one.settings.items()
    }
    with (
        tempfile.TemporaryDirectory(prefix="bw-chaos") as base,
        arena(database, Path(base), settings=settings) as place,
    ):
        return play(place, plan, say=say)


def say(line: str) -> None:
    """Tell the terminal."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
