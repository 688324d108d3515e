"""The report of a long trial, as `docs/chaos.md` keeps it."""

from __future__ import annotations

import os
import platform
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from config.clock import utc_now
from tests.chaos.faults import Calm
from tests.chaos.trial import Outcome

_HEAD = """# Under fire

The last long trials of the chaos driver, written by it. An installation with real
processes and sockets is under load while one fault after the other strikes it; then
what is stored is compared with the driver's own list of accepted events and with the
reference evaluator of the tests: nothing lost, nothing missing, nothing extra, nothing
double. Readers who follow the feed over WebSockets, and are cut off, must have seen
every number once; webhooks may be repeated under the same id only; no answer may be a
5xx other than 503 with `Retry-After`.

`tests/chaos/` is the driver; the suite plays a short form of it on both databases.
"""


def write_report(path: Path, outcome: Outcome, *, database: str) -> None:
    """Write what came of a trial into a file, in place of the same database's last."""
    calm = all(fault.name == Calm.name for fault in outcome.plan.faults)
    name = f"{database} at rest" if calm else database
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = path.read_text() if path.exists() else _HEAD
    section = f"{begin}\n{_section(outcome, database, calm=calm)}{end}\n"
    if begin in text:
        before, _, rest = text.partition(begin)
        text = before + section + rest.partition(f"{end}\n")[2]
    else:
        text = f"{text}\n{section}"
    path.write_text(text)


def _section(outcome: Outcome, database: str, *, calm: bool) -> str:
    counted = outcome.proof.counted
    refused = ", ".join(
        f"{n:,} with {status}" for status, n in sorted(outcome.refusals.items())
    )
    facts = {
        "when": f"{utc_now():%Y-%m-%d %H:%M} UTC",
        "command": f"`python -m tests.chaos {' '.join(_words())}`",
        "machine": f"{_processor()}, {os.cpu_count()} cores, {_memory()} GB,"
        f" Linux {platform.release().split('-')[0]},"
        f" Python {platform.python_version()};"
        " clients, servers and receivers are on it, too",
        "load": f"{outcome.accepted:,} events accepted in {outcome.seconds:,.0f} s:"
        f" {outcome.events_a_second:.0f} a second,"
        f" {outcome.plan.events_a_second:.0f} were planned;"
        f" {outcome.repeats:,} requests repeated; refused: {refused or 'none'}",
        "faults": f"{len(outcome.strikes)}",
        "stored": ", ".join(f"{n:,} {what}" for what, n in counted.items()),
        "longest wait": f"{outcome.longest_wait:.1f} s until something stored was"
        " judged and numbered",
        "differences": "none"
        if not outcome.proof.differences
        else "; ".join(outcome.proof.differences),
    }
    table = "".join(f"| {name} | {said} |\n" for name, said in facts.items())
    return (
        f"\n## {'SQLite' if database == 'sqlite' else 'PostgreSQL and Redis'}"
        f"{', an hour in which nothing happens' if calm else ''}\n\n"
        f"| | |\n|---|---|\n{table}\n{_strikes(outcome)}\n"
    )


def _strikes(outcome: Outcome) -> str:
    """Return a row for each fault: how often, and how long nothing was accepted."""
    outages = defaultdict(list)
    for strike in outcome.strikes:
        outages[strike.name].append(strike.outage)
    rows = "".join(
        f"| `{fault.name}` | {fault.does} | {len(outages[fault.name])} |"
        f" {median(outages[fault.name]):.1f} s | {max(outages[fault.name]):.1f} s |\n"
        for fault in dict.fromkeys(outcome.plan.faults)
        if outages[fault.name]
    )
    return (
        "| fault | what happens | times | outage, middle | longest |\n"
        f"|---|---|--:|--:|--:|\n{rows}"
        + "".join(fault.told() for fault in dict.fromkeys(outcome.plan.faults))
    )


def _words() -> list[str]:
    """Return the command line, without where the report goes."""
    words = sys.argv[1:]
    if "--report" in words:
        place = words.index("--report")
        words = words[:place] + words[place + 2 :]
    return words


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> int:
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return round(pages / 2**30)
