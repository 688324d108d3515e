"""What a fault finds: the installation under load, and those who watch."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.chaos.arena import Arena
from tests.chaos.client import Client
from tests.chaos.load import Load
from tests.chaos.pace import Pace
from tests.chaos.proof import Query, change
from tests.chaos.witnesses import FeedReader, Waiting


@dataclass(slots=True, kw_only=True)
class Scene:
    """An arena in which a trial is played."""

    arena: Arena
    client: Client
    load: Load
    query: Query
    readers: list[FeedReader]
    waiting: Waiting
    pace: Pace
    chance: random.Random
    say: Callable[[str], None]
    #: Numbers of the accepted events of the datasets that faults made for themselves.
    accepted: dict[str, list[int]] = field(default_factory=dict)
    #: Differences that a fault found by itself.
    differences: list[str] = field(default_factory=list)

    def hold_to(self, promised: float, *, what: str, took: float, since: float) -> None:
        """Note what took longer than is promised, in seconds, and this machine needs.

        `since` is when it began, in monotonic time.
        """
        self.differences += self.pace.differences(
            promised, what=what, took=took, since=since
        )

    def change(self, words: str) -> None:
        """Change the database behind the installation's back."""
        change(self.arena.installation, words)

    def note_client(self, client: Client) -> None:
        """Note what a client was answered that nobody ever should be."""
        self.differences += [f"answered {one}" for one in client.improper]

    def next_number(self, dataset: str) -> int:
        """Return a number that no event of a dataset has had."""
        return max(self.accepted.setdefault(dataset, []), default=-1) + 1

    def make_dataset(self, slug: str, **fields: str) -> None:
        """Make a dataset with a key, a number for each event, and further fields."""
        types = {"key": "string", "n": "integer", **fields}
        body = {
            "slug": slug,
            "schema": {
                "type": "object",
                "properties": {name: {"type": kind} for name, kind in types.items()},
            },
            "index": {"key": "key"},
        }
        self.client.post("datasets", body, key=f"dataset {slug}")
        self.accepted[slug] = []

    def make_webhook(self, name: str, path: str) -> None:
        """Make an output that calls a path of the receiver."""
        body = {
            "kind": "webhook",
            "name": name,
            "config": {"url": self.arena.sink.url(path)},
        }
        self.client.post("outputs", body, key=f"output {name}")

    def send(
        self, dataset: str, *events: dict[str, object], client: Client | None = None
    ) -> None:
        """Send events to a dataset, numbered, until they are accepted."""
        first = self.next_number(dataset)
        numbers = range(first, first + len(events))
        numbered = [{**event, "n": n} for n, event in zip(numbers, events, strict=True)]
        (client or self.client).post(
            f"datasets/{dataset}/records", numbered, key=f"{dataset} {first}"
        )
        self.accepted[dataset].extend(numbers)
