"""What every kind of output is: how it is configured, and its one method, `send`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol
from uuid import UUID

from outbound.addresses import AddressRules
from outbound.resolver import Resolve, ask_system
from rules.engine import Value

#: What is kept of a receiver's answer.
ANSWER_LENGTH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One of the transitions that a summary tells of."""

    key: str
    kind: str
    reason: str
    at: datetime
    alert_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A storm in one message: how many transitions of each kind, and the first of them.

    `measure` is what the rule may tell the output in a minute, one by one; `since` and
    `until` are when the first and the last were recorded.
    """

    kinds: Mapping[str, int]
    keys: int
    since: datetime
    until: datetime
    measure: int
    samples: tuple[Sample, ...]

    @property
    def count(self) -> int:
        """Return how many transitions it tells of."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingMessage:
    """One transition as one output is told of it: plain values, nothing to look up.

    `fact_set` is the fact path without its last part; `values` maps full fact paths to
    values, those of the conditions first. `subject` and `message` are the templates of
    the rule, empty where it has none. `threshold` and `margin` are those of the first
    condition, where it has them. `kind` is the transition's: raised, opened, escalated,
    eased, reminded, resolved, closed or no_data. With a `summary` it is storm, and the
    rest is that of the first transition in it.
    """

    delivery_id: UUID
    workspace: str
    rule: str
    key: str
    kind: str
    severity: str
    fact_set: str
    values: Mapping[str, Value]
    at: datetime
    reason: str
    sentence: str
    alert_url: str
    threshold: Value = None
    margin: Decimal | None = None
    subject: str = ""
    message: str = ""
    is_simulated: bool = False
    summary: Summary | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendContext:
    """What a kind needs besides the message: the time, secrets, and the way out.

    `signing_secrets` are opened, newest first. `host` stands in Message-IDs.
    `manage_url` is where a recipient of mail finds how to stop it.
    """

    now: datetime
    rules: AddressRules
    host: str
    sender: str
    manage_url: str
    signing_secrets: tuple[str, ...] = field(default=(), repr=False)
    resolve: Resolve = ask_system


@dataclass(frozen=True, slots=True, kw_only=True)
class SendResult:
    """What came of a send that went well; `answer` is the beginning of its body."""

    status_code: int | None = None
    answer: str = ""


class OutputError(Exception):
    """A send that failed; whether to try again is data.

    `permanent` gives up at once, `disable` turns the output off besides, `retry_after`
    is what the receiver asked for.
    """

    def __init__(
        self,
        message: str,
        *,
        permanent: bool = False,
        disable: bool = False,
        retry_after: timedelta | None = None,
        result: SendResult | None = None,
    ) -> None:
        super().__init__(message)
        self.permanent = permanent
        self.disable = disable
        self.retry_after = retry_after
        self.result = result or SendResult()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigProblem:
    """What is wrong with one field of a configuration, and how to mend it."""

    field: str
    code: str
    detail: str


class OutputInvalid(ValueError):
    """A configuration that cannot be used; carries every problem found."""

    def __init__(self, *problems: ConfigProblem) -> None:
        super().__init__(" ".join(problem.detail for problem in problems))
        self.problems = problems


class OutputKind(Protocol):
    """One kind of destination; stateless, one object for all outputs of the kind."""

    @property
    def kind(self) -> str:
        """The name under which outputs of this kind are stored."""

    @property
    def label(self) -> str:
        """What people call it."""

    @property
    def address_field(self) -> str:
        """The one field of its configuration; empty where there is nothing to set."""

    @property
    def address_schema(self) -> Mapping[str, object]:
        """The JSON Schema of one address in that field, as people write it."""

    def make_secret(self) -> str:
        """Make the secret of a new output; empty if the kind has none."""

    def validate(
        self, config: Mapping[str, object], *, rules: AddressRules
    ) -> dict[str, object]:
        """Return the configuration in its one clean form.

        Raises:
            OutputInvalid: with every problem found.
        """

    def describe(self, config: Mapping[str, object]) -> str:
        """Say in a few words where an output of this configuration leads."""

    def send(
        self,
        message: OutgoingMessage,
        *,
        config: Mapping[str, object],
        context: SendContext,
    ) -> SendResult:
        """Tell the destination; sending twice shows the same delivery id.

        Raises:
            OutputError: it was not told, as far as can be known.
        """


def check_fields(config: Mapping[str, object], *, known: str) -> list[ConfigProblem]:
    """Return a problem for each field of a configuration that its kind has not.

    `known` is the one that it has; empty for none.
    """
    return [
        ConfigProblem(
            field=name,
            code="unknown_field",
            detail=f"There is no field {name!r}; there is {known or 'none'}.",
        )
        for name in sorted(set(config) - {known})
    ]


class NothingToSet:
    """What outputs share that the program makes by itself: no secret, no settings."""

    address_field = ""
    address_schema: Mapping[str, object] = {}

    def make_secret(self) -> str:
        """Make none: we sign nothing for them."""
        return ""

    def validate(
        self, config: Mapping[str, object], *, rules: AddressRules
    ) -> dict[str, object]:
        """Return an empty configuration, and take no other."""
        if problems := check_fields(config, known=self.address_field):
            raise OutputInvalid(*problems)
        return {}
