"""What a message says: its subject, its text and its table of values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import cast

from alerts.outputs.base import OutgoingMessage, Summary
from alerts.templating import TemplateInvalid, render_template
from rules.engine import Value, key_name, show

MAX_SUBJECT_LENGTH = 250
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_SPEAKS_OF_KIND = re.compile(r"\bkind\b")
_PARTICIPLES = {"no_data": "went silent"}
_HEADS = {
    "resolved": "Resolved: ",
    "closed": "Closed: ",
    "no_data": "Silent: ",
    "reminded": "Reminder: ",
    "escalated": "Escalated: ",
    "eased": "Eased: ",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table of values: field, full fact path, value as read."""

    name: str
    fact: str
    shown: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Composed:
    """A message ready to leave; `problem` says why a template was not used."""

    subject: str
    text: str
    rows: tuple[Row, ...]
    problem: str = ""


def compose(message: OutgoingMessage) -> Composed:
    """Render the rule's templates, or the default text where it gives none.

    A template that fails is replaced by the default text, because an alert that says
    too little is better than none; the text then says so. A summary is in our words:
    the rule's are for one alert.
    """
    if message.summary:
        return _composed_summary(message, message.summary)
    names = _names(message)
    subject, subject_problem = _rendered(
        message.subject, names, instead=_default_subject(message)
    )
    text, text_problem = _rendered(
        message.message, names, instead=_default_text(message)
    )
    subject = _headed(subject, message)
    problem = subject_problem or text_problem
    if problem:
        text = f"{text}\n\nThe rule's own text was not used. {problem}"
    return Composed(
        subject=_one_line(subject),
        text=_CONTROLS.sub("", text).strip(),
        rows=rows_of(message.values),
        problem=problem,
    )


def rows_of(values: Mapping[str, Value]) -> tuple[Row, ...]:
    """Return the table of values, in their order."""
    return tuple(
        Row(name=_field(fact), fact=fact, shown=_shown(value))
        for fact, value in values.items()
    )


def finding_of(verdict: Mapping[str, object]) -> tuple[Value, Decimal | None]:
    """Return threshold and margin of the first true condition in a stored verdict.

    Under a `not` nothing is true that could be named, so there they are None.
    """
    if verdict.get("truth") is not True:
        return None, None
    members = verdict.get("members")
    if isinstance(members, list):
        found = (finding_of(member) for member in members if member.get("truth"))
        return next(found, (None, None))
    wanted, margin = verdict.get("wanted"), verdict.get("margin")
    return cast("Value", wanted), cast("Decimal | None", margin)


def _rendered(
    template: str, names: Mapping[str, object], *, instead: str
) -> tuple[str, str]:
    try:
        rendered = render_template(template, names)
    except TemplateInvalid as error:
        return instead, str(error)
    return (rendered, "") if rendered.strip() else (instead, "")


def _names(message: OutgoingMessage) -> dict[str, object]:
    """Return what a template sees; our names come before fields of the same name."""
    fields: dict[str, object] = {
        _field(fact): value
        for fact, value in reversed(list(message.values.items()))
        if _IDENTIFIER.fullmatch(_field(fact))
    }
    return fields | {
        "key": message.key,
        "value": next(iter(message.values.values()), None),
        "threshold": message.threshold,
        "margin": message.margin,
        "time": _time(message),
        "rule": message.rule,
        "workspace": message.workspace,
        "severity": message.severity,
        "kind": message.kind,
        "reason": message.reason,
        "sentence": message.sentence,
        "set": message.fact_set,
        "url": message.alert_url,
        "values": dict(message.values),
    }


def _default_subject(message: OutgoingMessage) -> str:
    key = key_name(message.key)
    return _marked(f"{message.rule}: {key}" if key else message.rule, message)


def _marked(subject: str, message: OutgoingMessage) -> str:
    """Say in a subject of ours that the data are simulated; a rule's own is as given.

    A client of Apperate's gets the subject that it asked for.
    """
    return f"{subject} (simulated)" if message.is_simulated else subject


def _headed(subject: str, message: OutgoingMessage) -> str:
    """Say the end of an alert, unless the rule's own words speak of the kind."""
    if _SPEAKS_OF_KIND.search(message.subject):
        return subject
    return _HEADS.get(message.kind, "") + subject


def _default_text(message: OutgoingMessage) -> str:
    said = [one for one in (key_name(message.key), message.reason) if one]
    lines = [f"{': '.join(said)}."] if said else []
    if message.sentence:
        lines.append(f"Rule: {message.sentence}")
    lines.append(f"Time: {_when(message.at)}")
    return "\n".join(lines)


def _composed_summary(message: OutgoingMessage, summary: Summary) -> Composed:
    kinds = ", ".join(
        f"{count:,} {_word(kind)}"
        for kind, count in sorted(summary.kinds.items(), key=lambda one: -one[1])
    )
    subject = f"{_number(summary.count, 'message')} of {message.rule}"
    lines = [
        f"{subject} about {_number(summary.keys, 'key')}: {kinds}.",
        f"They came from {_when(summary.since)} to {_when(summary.until)}.",
        f"Of one rule {summary.measure:,} messages a minute are sent one by one.",
        "These are more, so this message stands for them; each is in the list.",
    ]
    if message.sentence:
        lines.append(f"Rule: {message.sentence}")
    lines += ["", "The first:"]
    lines += [
        f"{key_name(one.key)} {_word(one.kind)} {_when(one.at)}: {one.reason}".strip()
        for one in summary.samples
    ]
    return Composed(
        subject=_one_line(_marked(f"Storm: {subject}", message)),
        text=_CONTROLS.sub("", "\n".join(lines)).strip(),
        rows=(),
    )


def _word(kind: str) -> str:
    return _PARTICIPLES.get(kind, kind)


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _time(message: OutgoingMessage) -> str:
    return _instant(message.at)


def _when(at: datetime) -> str:
    """Return a moment as people read it: 2 Mar 2026 14:30:00 UTC."""
    return f"{at.astimezone(UTC):%-d %b %Y %H:%M:%S} UTC"


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _field(fact: str) -> str:
    """Return what stands after the last colon that parts a fact path."""
    return fact.rpartition(":")[2].replace("\\.", ".")


def _shown(value: Value) -> str:
    return value if isinstance(value, str) else show(value)


def _one_line(text: str) -> str:
    return _UNSEEN.sub(" ", text).strip()[:MAX_SUBJECT_LENGTH]
