"""What a rule is, once it has been read: frozen values, independent of any spelling."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from rules.engine.modifiers import OfLast
from rules.engine.nodes import (
    Condition,
    Group,
    GroupKind,
    InSequence,
    Node,
    Spell,
    conditions_of,
    nodes_of,
)
from rules.engine.operands import Amount
from rules.engine.paths import FactPath
from rules.engine.schedule import ActiveHours


class RuleKind(StrEnum):
    """What a rule does when it is true; fixed when the rule is made.

    A *signal* rule raises an alert per qualifying event and keeps no lifecycle; a
    *state* rule opens an alert and resolves it.
    """

    SIGNAL = "signal"
    STATE = "state"


class Mode(StrEnum):
    """When a rule that is true raises again."""

    EVERY_MATCH = "every_match"
    ON_ENTER = "on_enter"
    ON_WINDOW_CLOSE = "on_window_close"
    AGAIN_IF_MOVED = "again_if_moved"
    ONCE_PER_KEY = "once_per_key"
    ONCE = "once"


class OnSilence(StrEnum):
    """What becomes of an open alert whose key is silent for too long."""

    KEEP = "keep"
    ALERT = "alert"
    RESOLVE = "resolve"


class Severity(StrEnum):
    """How much an alert matters."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """Give how bad it is, worse being more."""
        return -list(Severity).index(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """What ends an alert, and for how long it must last.

    Without conditions of its own an alert ends when the rule's no longer hold.
    """

    when: Node | None = None
    hold: timedelta = timedelta()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeverityStep:
    """How bad an alert is while something is so."""

    when: Node
    severity: Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData:
    """After how much silence of the key something is done about an open alert."""

    after: timedelta
    then: OnSilence


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputUse:
    """A configured output that a rule tells, and the least event time between tellings.

    An empty subject or message means the output's own template.
    """

    output: str
    cool_down: timedelta
    subject: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """A rule's definition, parsed once and evaluated many times.

    ``facts`` are those that conditions read, in the author's order: without ``*`` the
    first names the instance, and all of them stand first in what is delivered.
    ``include`` are delivered beside them and never run the rule. ``only_new`` holds
    back what is true already when the rule begins.
    """

    kind: RuleKind
    name: str
    facts: tuple[FactPath, ...]
    when: Node
    mode: Mode
    announces_resolve: bool
    severity: Severity
    include: tuple[FactPath, ...]
    outputs: tuple[OutputUse, ...]
    again_if_moved: Amount | None = None
    remind_every: timedelta | None = None
    only_new: bool = False
    ladder: tuple[SeverityStep, ...] = ()
    hold: timedelta = timedelta()
    recover: Recovery = Recovery()
    no_data: NoData | None = None
    active: ActiveHours | None = None
    expires_at: datetime | None = None

    @property
    def any_key(self) -> bool:
        """Tell whether the rule watches every key, each on its own."""
        return any(fact.any_key for fact in self.facts)

    @property
    def triggers(self) -> tuple[FactPath, ...]:
        """Name the facts whose arrival runs the rule.

        Concrete facts beside a ``*`` are read but do not run it: one of them moving
        would otherwise run every key.
        """
        if not self.any_key:
            return self.facts
        return tuple(fact for fact in self.facts if fact.any_key)

    @property
    def listens_to(self) -> frozenset[FactPath]:
        """Name the facts of whose keys any event runs the rule, ending silence."""
        return heard_by(one for _, one in self.conditions())

    @property
    def looks_back(self) -> bool:
        """Tell whether the rule must not see events that come late."""
        if self.kind is RuleKind.STATE or self.mode is not Mode.EVERY_MATCH:
            return True
        if self.only_new:
            return True
        if any(isinstance(one, Spell | InSequence) for one in self.nodes()):
            return True
        return any(one.looks_back for _, one in self.conditions())

    @property
    def meaning(self) -> tuple[object, ...]:
        """Give what instances keep their state by: all that decides when one opens."""
        subject = None
        if not self.any_key:
            subject = (self.leading_fact.series, self.leading_fact.named_key)
        recovers = self.recover.when.meaning if self.recover.when else ""
        return (
            self.kind,
            self.mode is Mode.ON_WINDOW_CLOSE,
            subject,
            self.when.meaning,
            self.hold,
            recovers,
            self.recover.hold,
            self.no_data,
            self.active,
        )

    @property
    def tumbles(self) -> bool:
        """Tell whether what makes it true is asked of tumbling windows."""
        asked = (one.window for _, one in conditions_of(self.when))
        return any(window is not None and window.tumbles for window in asked)

    @property
    def keeps_time(self) -> bool:
        """Tell whether time alone may change an instance, so that it needs timers."""
        if self.hold or self.recover.hold or self.no_data is not None:
            return True
        if self.remind_every is not None:
            return True
        spells = [one for one in self.nodes() if isinstance(one, Spell)]
        if any(not isinstance(one.modifier, OfLast) for one in spells):
            return True
        return any(
            one.operator.wake is not None or one.window is not None
            for _, one in self.conditions()
        )

    def nodes(self) -> Iterator[Node]:
        """Walk all conditions, and all that holds any, in reading order."""
        for _, top in self._tops():
            yield from nodes_of(top)

    def conditions(self) -> Iterator[tuple[str, Condition]]:
        """Walk all conditions in reading order, each with its JSON Pointer."""
        for pointer, top in self._tops():
            yield from conditions_of(top, pointer)

    def _tops(self) -> Iterator[tuple[str, Node]]:
        yield "/when", self.when
        if self.recover.when is not None:
            yield "/recover/when", self.recover.when
        for place, step in enumerate(self.ladder):
            yield f"/ladder/{place}/when", step.when

    def is_active(self, at: datetime) -> bool:
        """Tell whether the rule watches at an instant."""
        if self.expires_at is not None and at >= self.expires_at:
            return False
        return self.active is None or self.active.hold(at)

    @property
    def leading_fact(self) -> FactPath:
        """Name the fact that says what an alert is about."""
        return self.triggers[0]


def heard_by(conditions: Iterable[Condition]) -> frozenset[FactPath]:
    """Name the facts of which conditions ask for how long nothing was heard."""
    return frozenset(one.fact for one in conditions if one.operator.wake is not None)


def blank_specification(kind: str, *, name: str) -> Specification:
    """Stand in for a definition that cannot be read: it watches and tells nothing."""
    return Specification(
        kind=RuleKind(kind),
        name=name,
        facts=(),
        when=Group(kind=GroupKind.ANY, members=()),
        mode=Mode.ON_ENTER,
        announces_resolve=False,
        severity=Severity.WARNING,
        include=(),
        outputs=(),
    )
