"""The index of a lane's rules: which of them an event can change.

Columns select, the engine decides: the index says at which runs the truth of a rule is
not what it was at the run before, and ``step`` is called for these.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from rules.columns.arranging import NO_FLIPS, arrange_flips, list_flips
from rules.columns.asked import Asked
from rules.columns.batches import Batch, Sorted, run_batch
from rules.columns.counters import Runners, settle_batch, settle_single
from rules.columns.counting import Counting
from rules.columns.events import Events, Flips
from rules.columns.groups import MOST_EVENTS, Groups
from rules.columns.loading import Loading
from rules.columns.predicates import Predicates
from rules.columns.rows import ANY_KEY, SEVERAL, Rows
from rules.columns.segments import Segments
from rules.columns.series import Series
from rules.columns.settling import Settled, Settling
from rules.columns.singles import Change, Singles
from rules.columns.standing import Standing
from rules.columns.telling import Telling
from rules.columns.trees import KnownSeries, Tree, compile_rule
from rules.columns.truth import TRUE, Changes
from rules.columns.waiting import Waiting
from rules.engine import Counts, KeyFacts, RuleNotInProgram, Specification, Subject

FEW = 300
"""Below so many events that change nothing, plain Python is faster than arrays."""
FLIP = 1.1
"""What a change costs plain Python, in events that change nothing."""

_NO_FACTS: Mapping[Subject, KeyFacts] = {}
_NO_SERIES: KnownSeries = {}


class Index:
    """The rules of a lane, changed in place, found by what changes their truth.

    ``series`` tells what is to be known of the datasets that rules read, as it tells
    ``Program``. A batch of less than ``few`` events is taken in one by one, or of still
    less where events change much. The index follows the facts that its rules read by
    itself, from events; facts from before are given when a rule is put.

    What it tells is a rule's truth *at its runs*: an event that runs a rule is told if
    the truth then is not the truth of the run before, unknown before the first. A rule
    that cannot be followed is not told of: ``asked`` names it on every event that runs
    it.
    """

    def __init__(self, series: KnownSeries = _NO_SERIES, *, few: int = FEW) -> None:
        self._few_events = few
        self._known = dict(series)
        self._segments = Segments()
        self._groups = Groups(width=1)
        self._rows = Rows()
        self._asked = Asked(self._known)
        self._waiting = Waiting()
        self._series: dict[str, Series] = {}
        self._singles: dict[str, Singles] = {}
        self._several: dict[int, Runners] = {}
        self._standing = Standing(self._segments, self._groups, self._rows)
        self._counting = Counting(self._rows, self._standing, self._several)
        self._settling = Settling(self._rows, self._standing)
        self._telling = Telling(
            self._rows, self._standing, self._waiting, self._several
        )
        self._flips_an_event = 0.0

    def __len__(self) -> int:
        """Count the rules."""
        return len(self._rows.directory) + len(self._asked)

    def __contains__(self, rule_id: object) -> bool:
        """Tell whether a rule is here."""
        return rule_id in self._asked or (
            isinstance(rule_id, int) and self.is_followed(rule_id)
        )

    def is_followed(self, rule_id: int) -> bool:
        """Tell whether flips of a rule are told; else the engine must be asked."""
        return self._rows.directory.get(rule_id) is not None

    def put(
        self,
        rule_id: int,
        specification: Specification,
        facts: Mapping[Subject, KeyFacts] = _NO_FACTS,
        *,
        has_run: bool = False,
    ) -> None:
        """Take in a rule, in place of the version that was here.

        ``facts`` are those that the rule reads, as they are now; those that the index
        follows already are passed over. A rule that ``has_run`` has told its truth over
        these facts before, as after a restart; otherwise its next run tells it.
        """
        if rule_id in self:
            self.remove(rule_id)
        tree = compile_rule(specification, self._known)
        if tree is None:
            self._asked.put(rule_id, specification)
        else:
            self.put_tree(rule_id, tree, facts, has_run=has_run)

    def put_tree(
        self,
        rule_id: int,
        tree: Tree,
        facts: Mapping[Subject, KeyFacts] = _NO_FACTS,
        *,
        has_run: bool = False,
    ) -> None:
        """Take in a rule that is compiled and not here."""
        standing = self._standing
        places = standing.open(tree, self.open_series)
        for series, column, key in places:
            self._learn(series, column.name, key, facts)
        row = self._rows.add(rule_id)
        runners = standing.put(row, tree)
        if self._rows.key.view[row] == SEVERAL:
            self._several[row] = runners
        self._counting.begin(row)
        self._settling.note(row)
        if not has_run:
            self._telling.announce(row)

    def load(self, table: Predicates) -> None:
        """Take in many rules that are not here, before the facts they read.

        How they fared before is not known here until ``begin_with`` says so.
        """
        parts = (self._segments, self._groups, self._rows)
        loading = Loading(self._standing, parts, self.open_series)
        self._several.update(loading.load(table))

    def learn(self, events: Events) -> list[tuple[str, int]]:
        """Take in facts as they were when the rules here told their truth last.

        For the facts of a lane after a restart: each key once, its fields as they are.

        Returns:
            The rules that turned true, by key.
        """
        series = self._series.get(events.series)
        if series is None:
            return []
        quiet = replace(events, raises=[False] * len(events))
        batch, changes = run_batch(series, quiet, self._segments, self._groups)
        settle_batch(self._rows, self._several, batch, changes)
        true = changes.where(changes.after == TRUE)
        rules = self._rows.rule_id.array[true.of].tolist()
        keys = [events.keys[place] for place in true.event.tolist()]
        return list(zip(keys, rules, strict=True))

    def remove(self, rule_id: int) -> None:
        """Take out a rule.

        Raises:
            RuleNotInProgram: it is not here.
        """
        if rule_id in self._asked:
            self._asked.remove(rule_id)
            return
        row = self._row(rule_id)
        self._standing.remove(row)
        self._several.pop(row, None)
        self._waiting.discard_row(row)
        self._settling.discard(row)
        self._rows.remove(row)

    def flips(self, events: Events) -> Flips:
        """Take in events; say at which of their runs rules changed their truth.

        Events of another series go into another batch; the order of the batches is the
        order of the lane.
        """
        series = self._series.get(events.series)
        number = len(events.keys)
        if series is None or not number:
            return NO_FLIPS
        if number * (1 + FLIP * self._flips_an_event) < self._few_events:
            flips = self._few(series, events)
        elif number < MOST_EVENTS:
            flips = self._many(series, events)
        else:
            raise ValueError(f"A batch has less than {MOST_EVENTS} events.")
        found = len(flips.event)  # as its own length, and without a call
        self._flips_an_event += (found / number - self._flips_an_event) / 4
        return flips

    def asked(self, events: Events) -> list[tuple[int, int]]:
        """Name what cannot be followed: event and rule, where the engine is asked."""
        return self._asked.on(events)

    def counts(self, rule_id: int) -> Counts:
        """Count how a rule fared since it was put; who was told is not known here."""
        return self._counting.counts(self._row(rule_id))

    def key_of(self, rule_id: int) -> str | None:
        """Give the only key of a rule; none if it is about any, or several."""
        row = self._row(rule_id)
        key = self._rows.key.view[row]
        return None if key < 0 else self._standing.series_of(row).names[key]

    def fields_of(self, rule_id: int) -> frozenset[str]:
        """Name the fields of its key that run a rule."""
        row = self._row(rule_id)
        interest = self._rows.interest.view[row]
        return self._standing.series_of(row).fields_of(interest)

    def begin_with(self, rule_id: int, counts: Counts) -> None:
        """Take in how a loaded rule fared before, once: it is whole from now on."""
        self._counting.begin_with(self._row(rule_id), counts)

    def is_whole(self, rule_id: int) -> bool:
        """Tell whether it is known here how a rule fared before it came."""
        return bool(self._rows.is_whole.view[self._row(rule_id)])

    def subjects(self) -> list[tuple[str, frozenset[str]]]:
        """Name the keys of rules on one key, each with the fields that run them."""
        return [
            (series.names[key], series.fields_of(interest))
            for place, key, interest in self._rows.runners()
            for series in (self._standing.series_at(place),)
        ]

    def any_key_rules(self) -> list[int]:
        """Name the rules on any key."""
        return self._rows.ids_on(ANY_KEY)

    def rules_on(self, series: str, key: str, fields: Iterable[str]) -> list[int]:
        """Name the rules followed that an event of these fields would run."""
        known = self._series.get(series)
        if known is None:
            return []
        number, ids = known.number(key), self._rows.rule_id.view
        columns = [known.columns[name] for name in fields if name in known.columns]
        rows = {row for one in columns for row in self._standing.rows_on(one, number)}
        return sorted(ids[row] for row in rows)

    def tell_again(self, series: str, key: str, rule_id: int) -> None:
        """Tell a rule's truth at its next run under a key, whatever it is.

        What the rule remembers of its last run there may not be what the index knows.
        """
        number = self._series[series].number(key)
        self._telling.forget(self._row(rule_id), number)

    def note(self, rule_id: int, counts: Counts) -> None:
        """Count runs of a rule at events that were not taken in."""
        row = self._row(rule_id)
        self._counting.add(row, counts)
        self._settling.note(row)

    def touch(self, rule_id: int) -> None:
        """Have the counters of a rule given when they are asked for."""
        self._settling.note(self._row(rule_id))

    def settled(self) -> list[Settled]:
        """Give the counters of rules on one key that were settled since asked last."""
        return self._settling.take()

    def runs(self, series: str, key: str, fields: Iterable[str]) -> int:
        """Count the events of a key, taken in since it is known, that carried a field.

        Of fields that rules of the key read.
        """
        known = self._series[series]
        return known.runs(known.number(key), known.interest(fields))

    def set_series(self, series: KnownSeries) -> None:
        """Note what is to be known of series from now on."""
        self._known.update(series)

    @property
    def nbytes(self) -> int:
        """Give the size of the arrays."""
        series = sum(one.nbytes for one in self._series.values())
        return self._segments.nbytes + self._groups.nbytes + self._rows.nbytes + series

    def _few(self, series: Series, events: Events) -> Flips:
        """Take in events one after another."""
        changes: list[Change] = []
        carried = self._take_each(series, events, changes)
        if changes:
            self._settling.note_list(changes)
        if self._waiting.last or series.newcomers or events.raises is not None:
            batch = self._batch_of(series, events, carried)
            pairs = self._telling.late(batch, changes)
            if pairs:
                changes = self._telling.tell(batch, changes, pairs)
        return list_flips(changes, self._rows.rule_id.view)

    def _take_each(
        self, series: Series, events: Events, changes: list[Change]
    ) -> list[int]:
        """Take in each event, and add the changes of rules; give the events' shapes."""
        carried: list[int] = []
        singles, raises = self._singles[series.name], events.raises
        numbers, shapes = series.numbers, series.shapes
        for place, name in enumerate(events.keys):
            key = numbers.get(name)
            if key is None:
                key = series.number(name)
            known = len(changes)
            bits = singles.take(place, key, events.fields[place], changes)
            shape = shapes.get(bits)
            if shape is None:
                shape = series.shape(bits)
            if len(changes) > known:
                settle_single(self._rows, self._several, series, key, changes[known:])
            if raises is None or raises[place]:
                series.seen_view[key, shape] += 1
            carried.append(shape)
        return carried

    def _many(self, series: Series, events: Events) -> Flips:
        """Take in events all at once."""
        batch, changes = run_batch(series, events, self._segments, self._groups)
        settle_batch(self._rows, self._several, batch, changes)
        self._settling.note_all(changes)
        pairs = self._telling.late(batch, changes)
        if pairs:
            listed = self._telling.tell(batch, changes.as_list(), pairs)
            changes = Changes.of_list(listed)
        return arrange_flips(changes, self._rows.rule_id.array)

    def _batch_of(self, series: Series, events: Events, carried: list[int]) -> Batch:
        key = np.array([series.numbers[name] for name in events.keys], dtype=np.int64)
        order = key.argsort(kind="stable")
        runs = None if events.raises is None else np.array(events.raises, dtype=bool)
        return Batch(
            series=series,
            key=key,
            sorted=Sorted.of(order, key[order]),
            shape=np.array(carried, dtype=np.int64),
            full=0,
            runs=runs,
        )

    def _learn(
        self,
        series: Series,
        field: str,
        key: int,
        facts: Mapping[Subject, KeyFacts],
    ) -> None:
        """Take in facts from before the index followed them."""
        wanted = facts if key == ANY_KEY else [(series.name, series.names[key])]
        for subject in wanted:
            known = facts.get(subject)
            fact = None if known is None else known.values.get(field)
            if fact is None or fact.value is None or subject[0] != series.name:
                continue
            number = series.number(subject[1])
            if not series.columns[field].known.view[number]:
                quiet = Events(
                    series.name, [subject[1]], [{field: fact.value}], [False]
                )
                self.flips(quiet)

    def open_series(self, name: str) -> Series:
        """Give a series, a new one if need be."""
        known = self._series.get(name)
        if known is None:
            known = self._series[name] = Series(name, len(self._series))
            self._singles[name] = Singles(known, self._segments, self._groups)
        return known

    def _row(self, rule_id: int) -> int:
        row = self._rows.directory.get(rule_id)
        if row is None:
            raise RuleNotInProgram(f"Rule {rule_id} is not in this index.")
        return row
