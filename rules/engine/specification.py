"""What a rule is, once it has been read: frozen values, independent of any spelling."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from rules.engine.operators import OPERATORS, Operator
from rules.engine.paths import FactPath
from rules.engine.values import Scalar


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


class Severity(StrEnum):
    """How much an alert matters."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class GroupKind(StrEnum):
    """How the members of a group make its truth."""

    ALL = "all"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that the author wrote."""

    value: Scalar


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A fact, an operator, and what is wanted: a constant or another fact."""

    fact: FactPath
    op: str
    wanted: Constant | FactPath

    @property
    def operator(self) -> Operator:
        """Find the operator in the table."""
        return OPERATORS[self.op]

    @property
    def facts(self) -> tuple[FactPath, ...]:
        """Name the facts that the condition reads, left side first."""
        if isinstance(self.wanted, FactPath):
            return self.fact, self.wanted
        return (self.fact,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Conditions of which all, or any, must be true."""

    kind: GroupKind
    members: tuple["Node", ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    """What must not be true; the negation of unknown is unknown."""

    member: "Node"


Node = Condition | Group | Negation


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
    ``include`` are delivered beside them and never run the rule.
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
    def leading_fact(self) -> FactPath:
        """Name the fact that says what an alert is about."""
        return self.triggers[0]


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


def conditions_of(
    node: Node, pointer: str = "/when"
) -> Iterator[tuple[str, Condition]]:
    """Walk the conditions in reading order, each with its JSON Pointer."""
    match node:
        case Condition():
            yield pointer, node
        case Negation():
            yield from conditions_of(node.member, f"{pointer}/not")
        case Group():
            for place, member in enumerate(node.members):
                yield from conditions_of(member, f"{pointer}/{node.kind}/{place}")
