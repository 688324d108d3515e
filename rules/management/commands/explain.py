"""Say why a rule is true or not: `manage.py explain WORKSPACE RULE`."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.clock import utc_now
from rules.engine import FEED
from rules.management.opening import open_named
from rules.services import (
    Explanation,
    Finding,
    RecordPlace,
    explain_rule,
    find_rule,
    finding_of,
)
from workspaces.refusals import Refusal

_TRUTHS = {True: "true", False: "not true", None: "unknown"}


class Command(BaseCommand):
    """Print what the page "Why or why not" shows."""

    help = (
        "Say why a rule is true or not: by the facts of now, at the last event by a "
        "moment, or of a record."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Ask for the rule, and for what it is asked about."""
        parser.add_argument("workspace", help="the workspace's name, as in DEMO")
        parser.add_argument("rule", help="the rule's slug or id")
        parser.add_argument("--key", default="", help="the key, of a rule over any key")
        moment = parser.add_mutually_exclusive_group()
        moment.add_argument(
            "--at",
            default="",
            metavar="TIME",
            help='the moment, as in "2026-03-02 14:30", without a zone in the '
            "dataset's; now if left out",
        )
        moment.add_argument(
            "--record",
            type=_place,
            metavar="BATCH.ORD",
            help="a record by its id, instead of a key and a moment",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Explain."""
        access = open_named(options["workspace"])
        try:
            explained = explain_rule(
                access=access,
                rule=find_rule(access=access, identifier=options["rule"]),
                key=options["key"],
                at=options["at"],
                place=options["record"],
                now=utc_now(),
            )
        except Refusal as error:
            raise CommandError(error.detail) from error
        for line in _lines(explained):
            self.stdout.write(line)


def _place(text: str) -> RecordPlace:
    batch, _, place = text.partition(".")
    return RecordPlace(batch=int(batch), ord=int(place))


def _lines(found: Explanation) -> Iterator[str]:
    """Print the structure that the API answers and the page draws, line by line."""
    where = f"record {found.record}, " if found.record else ""
    yield (
        f"{found.rule.name} (version {found.version.number}), key {found.key}, {where}"
        f"{found.at.isoformat(sep=' ')}"
    )
    truth = _TRUTHS[found.verdict.truth]
    yield f"{truth.capitalize()}: {found.verdict.reason}."
    yield ""
    yield from _tree(finding_of(found.tree), "")
    for rung in found.ladder:
        yield f"While this is so, it is {rung.severity}:"
        yield from _tree(finding_of(rung.tree), "  ")
    yield ""
    if found.miss is not None:
        yield f"Nearest miss: {found.miss.sentence}"
    for held in found.held:
        yield f"Held: {held}"
    yield from _time(found)
    for step in found.steps:
        yield f"Alert {step.alert}: {step.kind}"
    for note in found.notes:
        yield f"Note: {note}"


def _tree(one: Finding, indent: str) -> Iterator[str]:
    yield f"{indent}[{_TRUTHS[one.truth]}] {one.text}"
    if one.fact:
        sides = [one.fact, *(f"{name.lower()} {value}" for name, value in one.details)]
        if one.seen_at is not None:
            sides.append(f"came {one.seen_at.isoformat(sep=' ')}")
        yield f"{indent}    {'; '.join(sides)}"
    for member in one.members:
        yield from _tree(member, f"{indent}  ")


def _time(found: Explanation) -> Iterator[str]:
    if found.standing is not None:
        since = found.standing.since
        ago = f" since {since.isoformat(sep=' ')}" if since else ""
        yield f"State: {found.standing.state}{ago}"
        for name, at in found.standing.timers.items():
            yield f"Timer: {name} due {at.isoformat(sep=' ')}"
    for output, until in found.cooling.items():
        told = "the feed" if output == FEED else output
        yield f"Cooling down: {told} until {until.isoformat(sep=' ')}"
