"""What a good user of SQLite finds on the same workload, in a database in memory.

Thresholds lie in one table without row ids, sorted by key and price, so that the ones
between two values are one range of it. ``build_prices`` answers a lesser question: the
rules that turned true by their price alone. ``Matches`` finds what the index
finds: every rule whose truth changed, with its new truth.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import numpy as np

from benchmarks.rivals import Match
from benchmarks.workload import Event, Rules, name_of

Flip = tuple[int, bool]
"""A rule, and its new truth."""

FALLEN = """
SELECT rule FROM price WHERE key = ? AND is_down = 1 AND price >= ? AND price < ?
"""
RISEN = """
SELECT rule FROM price WHERE key = ? AND is_down = 0 AND price > ? AND price <= ?
"""
RISEN_PAST = """
SELECT code FROM cut WHERE place = ? AND at > ? AND at <= ?
UNION ALL
SELECT code FROM cut WHERE place = ? AND at > ? AND at <= ?
"""
FALLEN_PAST = """
SELECT code FROM cut WHERE place = ? AND at > ? AND at <= ?
UNION ALL
SELECT ~code FROM cut WHERE place = ? AND at > ? AND at <= ?
"""
RISING = 1
"""A bit of a cut's code: its condition turns true where the value rises past it."""
MEMBER = 2
"""A bit of a cut's code: its condition is one of two in a rule."""


def build_prices(rules: Rules, keys: int) -> Match:
    """Keep the price of every rule, and find those that an event turned true."""
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE price (key INT, is_down INT, price REAL, rule INT,"
        " PRIMARY KEY (key, is_down, price, rule)) WITHOUT ROWID"
    )
    order = np.lexsort((rules.price, rules.down, rules.key))
    columns = (
        rules.key,
        rules.down.astype(np.int8),
        rules.price,
        np.arange(len(rules)),
    )
    rows = zip(*(column[order].tolist() for column in columns), strict=True)
    database.executemany("INSERT INTO price VALUES (?, ?, ?, ?)", rows)
    database.execute("ANALYZE")
    ask = database.cursor().execute
    numbers = {name_of(key): key for key in range(keys)}
    last: dict[int, float] = {}

    def match(event: Event) -> list[int]:
        key, price = numbers[event["symbol"]], event["price"]
        before = last.get(key)
        last[key] = price
        if before is None or before == price:
            return []
        if price < before:
            found = ask(FALLEN, (key, price, before))
        else:
            found = ask(RISEN, (key, before, price))
        return [row[0] for row in found.fetchall()]

    return match


class Matches:
    """Keeps every threshold, and finds all changes of truth, one statement an event.

    A rule that waits for a price at or below its own stands just above it, so that both
    kinds are passed in one range. How many conditions of a rule of two are true is kept
    in a list: a table would have to be written at every change.
    """

    def __init__(self, rules: Rules, keys: int) -> None:
        database = sqlite3.connect(":memory:")
        database.execute(
            "CREATE TABLE cut (place INT, at REAL, code INT,"
            " PRIMARY KEY (place, at, code)) WITHOUT ROWID"
        )
        database.executemany("INSERT INTO cut VALUES (?, ?, ?)", _cuts(rules))
        database.execute("ANALYZE")
        self._ask = database.cursor().execute
        self._places = {name_of(key): 2 * key for key in range(keys)}
        self._needed = np.where(rules.is_all, 2, 1).tolist()
        self._true = [0] * len(rules)
        self._last: dict[int, tuple[float, float]] = {}

    def find(self, event: Event) -> list[Flip]:
        """Find the rules whose truth an event changed."""
        price, volume = event["price"], event["volume"]
        place = self._places[event["symbol"]]
        last = self._last.get(place)
        self._last[place] = (price, volume)
        if last is None:
            self._begin(place, price)
            self._begin(place + 1, volume)
            return []
        old, traded = last
        # The volume is a running total: it never falls.
        if price >= old:
            way = (place + 1, traded, volume, place, old, price)
            passed = self._ask(RISEN_PAST, way).fetchall()
        else:
            way = (place + 1, traded, volume, place, price, old)
            passed = self._ask(FALLEN_PAST, way).fetchall()
        return self._settle(passed) if passed else []

    def _begin(self, place: int, value: float) -> None:
        """Count the conditions that a key's first value makes true."""
        cuts = self._ask("SELECT code, at FROM cut WHERE place = ?", (place,))
        for code, at in cuts.fetchall():
            self._true[code >> 2] += (at <= value) is bool(code & RISING)

    def _settle(self, passed: list[tuple[int]]) -> list[Flip]:
        """Tell what the cuts passed change; codes are inverted where a value fell."""
        true, flips = self._true, []
        members: dict[int, int] = {}
        for (passing,) in passed:
            turns_true = bool(passing & RISING)
            code = passing if passing >= 0 else ~passing
            rule = code >> 2
            if code & MEMBER:
                members.setdefault(rule, true[rule])
                true[rule] += 1 if turns_true else -1
            else:
                flips.append((rule, turns_true))
        for rule, before in members.items():
            is_true = true[rule] >= self._needed[rule]
            if is_true is not (before >= self._needed[rule]):
                flips.append((rule, is_true))
        return flips


def _cuts(rules: Rules) -> Iterator[tuple[int, float, int]]:
    """List the thresholds in the order of their table: place, value and code."""
    two = np.flatnonzero(~np.isnan(rules.volume))
    member = np.where(np.isnan(rules.volume), 0, MEMBER)
    rule = np.arange(len(rules))
    price = np.where(rules.down, np.nextafter(rules.price, np.inf), rules.price)
    rising = np.where(rules.down, 0, RISING)
    place = np.concatenate([2 * rules.key, 2 * rules.key[two] + 1])
    at = np.concatenate([price, rules.volume[two]])
    code = np.concatenate([4 * rule + member + rising, 4 * two + MEMBER + RISING])
    order = np.lexsort((code, at, place))
    return zip(*(part[order].tolist() for part in (place, at, code)), strict=True)
