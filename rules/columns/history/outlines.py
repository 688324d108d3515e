"""Which rules the engine can be spared the runs of, where nothing they ask turns."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rules.columns.cuts import Line
from rules.columns.history.parting import Need, need_of
from rules.columns.history.questions import Question, Watch
from rules.columns.history.records import LATE
from rules.columns.history.sources import Sources
from rules.columns.history.tree_reading import Naming, tree_of
from rules.columns.history.trees import (
    Branch,
    Counted,
    Following,
    Over,
    Tree,
    memories_of,
    nodes_of,
    turns_by_time,
)
from rules.columns.knowing import FOLLOWED, says_only
from rules.engine import (
    NO_SERIES,
    AllSeries,
    Group,
    Held,
    Mode,
    Negation,
    Node,
    RuleKind,
    Specification,
    Spell,
)

_MODES = frozenset(Mode) - {Mode.ON_WINDOW_CLOSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a rule asks of the moment, or counts: its runs differ only where one turns.

    ``question`` has all that is ``asked``, as if any of it made the rule true; its
    columns are called as by the ``sources``.
    """

    spec: Specification
    sources: Sources
    asked: tuple[Tree, ...]
    question: Question
    watch: Watch

    @property
    def need(self) -> Need:
        """Say what the rule needs of the events that run it."""
        need, own = need_of(self.question), self.sources.asked_of_own
        return replace(
            need,
            flags=need.flags | (0 if self.spec.looks_back else LATE),
            numeric=need.numeric & own,
            short=need.short & own,
            worded=need.worded & own,
            in_order=need.in_order & own,
        )

    @property
    def span(self) -> int:
        """Give after how long a value has left all windows that time alone turns."""
        return max((one.length or 0 for one in self.question.departing), default=0)


def outline_of(spec: Specification, series: AllSeries = NO_SERIES) -> Outline | None:
    """Outline a rule; none if its runs must all be judged.

    What it asks over time has to be known to columns, or have to last: of that the
    engine's timers see the end. Its instances must not share anything.
    """
    sources = Sources.of(spec, series)
    if sources is None or not _is_plain(spec):
        return None
    asked: list[Tree] = []
    for top in _tops(spec):
        is_state = spec.kind is RuleKind.STATE
        parting = _Parting(name=sources.name, is_new=spec.only_new, is_state=is_state)
        for tree in parting.asked(top):
            if tree is None or not _is_followed(tree):
                return None
            asked.append(tree)
    question = Question(
        kind=spec.kind,
        # Of its runs no late ones are looked at; keys that columns cannot follow are
        # woven in, whatever the mode.
        mode=Mode.ON_ENTER,
        fact=spec.leading_fact,
        op="",
        line=Line(base=False, bounds=()),
        level=None,
        tree=Branch(is_all=False, members=tuple(asked)),
    )
    # What runs the rule and is not asked about would have to be looked at as well.
    if {sources.name(one) for one in spec.facts} != set(question.fields):
        return None
    if question.windows and not sources.is_single:
        return None
    if question.departing and not _may_depart(spec, question):
        return None
    return Outline(
        spec=spec,
        sources=sources,
        asked=tuple(asked),
        question=question,
        watch=Watch(active=spec.active, expires_at=spec.expires_at),
    )


def _tops(spec: Specification) -> Iterator[Node]:
    yield spec.when
    if spec.recover.when is not None:
        yield spec.recover.when
    for step in spec.ladder:
        yield step.when


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parting:
    """Parts what is joined, negated or has to last from what that is about.

    What columns know as a whole needs no parting, unless timers look at its parts; or
    the engine does, at those of what is counted as well, to see what ``is_new``.
    """

    name: Naming
    is_new: bool
    is_state: bool

    def asked(self, node: Node) -> Iterator[Tree | None]:
        tree = tree_of(node, name=self.name)
        if tree is not None and not self._is_parted(tree):
            yield tree
            return
        match node:
            case Group():
                for member in node.members:
                    yield from self.asked(member)
            case Negation(member=member) | Spell(member=member, modifier=Held()):
                yield from self.asked(member)
            case Spell(member=member):
                yield tree
                inside = tree_of(member, name=self.name)
                if inside is None or self._is_parted(inside):
                    yield from self.asked(member)
            case _:
                yield tree

    def _is_parted(self, tree: Tree) -> bool:
        return self.is_new or any(map(self._keeps_time, memories_of(tree)))

    def _keeps_time(self, one: Over | Counted | Following) -> bool:
        """Tell whether what it counts grows too old, for which there is a timer.

        Each time that fires it is looked at, also where the whole is as it was. Of what
        leaves a window only state rules are told.
        """
        return turns_by_time(one) and (self.is_state or isinstance(one, Counted))


def _is_followed(tree: Tree) -> bool:
    """Tell whether nothing is asked of what comes one after another."""
    return not any(isinstance(one, Following) for one in nodes_of(tree))


def _may_depart(spec: Specification, question: Question) -> bool:
    """Tell whether columns know what turns as values leave windows.

    What is counted they would count there as well. And where the rule rests as one
    leaves, the engine looks no more at the others that leave before the next event.
    """
    windows = len(question.windows)
    return spec.active is None and windows == len(question.remembering)


def _is_plain(spec: Specification) -> bool:
    """Tell whether a rule says no more than is known."""
    if spec.mode is Mode.ONCE and spec.only_new:
        # It may be true of many keys before it is told of one, and is done then.
        return False
    return spec.mode in _MODES and says_only(spec, FOLLOWED)
