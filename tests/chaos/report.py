"""The report of a long trial, as `docs/chaos.md` keeps it."""

from __future__ import annotations

import os
import platform
import sys
from collections import Counter, defaultdict
from pathlib import Path
from statistics import median

from config.clock import utc_now
from tests.chaos.faults import Calm, Kill, KillUp
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


_TITLES = {
    "": "",
    "at rest": ", an hour in which nothing happens",
    "killed": ", every kind of process killed again and again",
    "killed whole": ", killed whole again and again",
}


def write_report(path: Path, outcome: Outcome, *, database: str) -> None:
    """Write what came of a trial into a file, in place of the same database's last."""
    name = _name_of(outcome, database)
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    text = path.read_text() if path.exists() else _HEAD
    section = f"{begin}\n{_section(outcome, database)}{end}\n"
    if begin in text:
        before, _, rest = text.partition(begin)
        text = before + section + rest.partition(f"{end}\n")[2]
    else:
        text = f"{text}\n{section}"
    path.write_text(text)


def _name_of(outcome: Outcome, database: str) -> str:
    """Return what tells a trial's section from the others of the file."""
    return f"{database} {_kind_of(outcome)}".strip()


def _title_of(outcome: Outcome, database: str) -> str:
    servers = "SQLite" if database == "sqlite" else "PostgreSQL and Redis"
    return f"{servers}{_TITLES[_kind_of(outcome)]}"


def _kind_of(outcome: Outcome) -> str:
    names = {fault.name for fault in outcome.plan.faults}
    return {
        frozenset({Calm.name}): "at rest",
        frozenset({Kill.name}): "killed",
        frozenset({KillUp.name}): "killed whole",
    }.get(frozenset(names), "")


def _section(outcome: Outcome, database: str) -> str:
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
        "told": f"{outcome.messages:,} webhooks came, {outcome.repeated:,} of them"
        f" again under the same id; readers of the feed connected"
        f" {outcome.connections:,} times",
        "stored": ", ".join(f"{n:,} {what}" for what, n in counted.items()),
        "longest wait": f"{outcome.longest_wait:.1f} s until something stored was"
        " judged and numbered",
        "pace": f"the machine was up to {outcome.slowness:.1f} times slower than an"
        " idle one, over five seconds; what is promised may take so much longer",
        "differences": "none"
        if not outcome.proof.differences
        else "; ".join(outcome.proof.differences),
    }
    table = "".join(f"| {name} | {said} |\n" for name, said in facts.items())
    return (
        f"\n## {_title_of(outcome, database)}\n\n"
        f"| | |\n|---|---|\n{table}\n{_strikes(outcome)}\n"
    )


def _strikes(outcome: Outcome) -> str:
    """Return a row for each fault: how often, and how long nothing was accepted."""
    outages = defaultdict(list)
    parts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for strike in outcome.strikes:
        outages[strike.name].append(strike.outage)
        parts[strike.name][strike.part] += 1
    rows = "".join(
        f"| `{fault.name}` | {fault.does} | {_times(parts[fault.name])} |"
        f" {median(outages[fault.name]):.1f} s | {max(outages[fault.name]):.1f} s |\n"
        for fault in dict.fromkeys(outcome.plan.faults)
        if outages[fault.name]
    )
    return (
        "| fault | what happens | times | outage, middle | longest |\n"
        f"|---|---|--:|--:|--:|\n{rows}"
        + "".join(fault.told() for fault in dict.fromkeys(outcome.plan.faults))
    )


def _times(parts: Counter[str]) -> str:
    """Return how often a fault struck, and which part how often if it took them."""
    named = ", ".join(f"{part} {times}" for part, times in parts.items() if part)
    return f"{parts.total()}: {named}" if named else f"{parts.total()}"


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
