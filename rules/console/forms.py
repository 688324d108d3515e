"""Where a place in the definition stands in the form: errors, phrases, truths."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rules.console.drafts import Draft
from workspaces.refusals import FieldError

_ROW = re.compile(r"/when/(?:all|any)/(\d+)(?:/(fact|op|value))?")
_WATCHED = re.compile(r"/watch/facts/(\d+)")
_INCLUDED = re.compile(r"/include/(\d+)")
_OUTPUT = re.compile(r"/outputs/(\d+)/output")
_FIELDS = {
    "/name": ("name", "Name"),
    "/kind": ("telling", "Tell me"),
    "/raise/only_new": ("only_new", "Only new ones"),
    "/raise": ("telling", "Tell me"),
    "/outputs": ("every", "At most once every"),
    "/to": ("new_email", "E-mail address"),
    "/url": ("new_webhook", "Webhook address"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormError:
    """A sentence about one control of the form."""

    control: str
    label: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """A part of the sentence, and the control that it speaks of, if any."""

    text: str
    control: str


def form_errors(errors: Iterable[FieldError], draft: Draft) -> list[FormError]:
    """Return each error at the control that mends it; unknown places at the first."""
    return list(dict.fromkeys(_form_error(error, draft) for error in errors))


def phrases_of(parts: Iterable[tuple[str, str]], draft: Draft) -> list[Phrase]:
    """Return the sentence in phrases that lead to their controls."""
    return [
        Phrase(text=text, control=_control(pointer, draft)[0] if text.strip() else "")
        for text, pointer in parts
    ]


def row_of(pointer: str, draft: Draft) -> int | None:
    """Return the row of the form in which a condition of the definition stands."""
    found = _ROW.match(pointer)
    if found is None or int(found[1]) >= len(draft.said_rows):
        return None
    return draft.said_rows[int(found[1])]


def _form_error(error: FieldError, draft: Draft) -> FormError:
    control, label = _control(error.pointer, draft)
    if not control:
        return FormError(control="c-0-fact", label="Conditions", detail=error.detail)
    detail = _LACKING.get(_part_if_blank(control, draft), error.detail)
    return FormError(control=control, label=label, detail=detail)


_LACKING = {
    "fact": "Choose a fact.",
    "value": "Type a value to compare with.",
    "other": "Choose the fact to compare with.",
}


def _part_if_blank(control: str, draft: Draft) -> str:
    """Return which part of a condition was left blank, if this control was."""
    found = re.match(r"c-(\d+)-(fact|value)$", control)
    if found is None:
        return ""
    row = draft.rows[int(found[1])]
    if found[2] == "fact":
        return "" if row.fact else "fact"
    if row.value:
        return ""
    return "other" if row.against == "fact" else "value"


def _control(pointer: str, draft: Draft) -> tuple[str, str]:
    """Return the control that a place in the definition came from, and its name."""
    place = row_of(pointer, draft)
    if place is not None:
        found = _ROW.match(pointer)
        part = (found[2] if found else None) or "value"
        return f"c-{place}-{part}", f"Condition {place + 1}"
    if watched := _WATCHED.match(pointer):
        return _control_of_watched(int(watched[1]), draft)
    if included := _INCLUDED.match(pointer):
        return f"include-{draft.said_include[int(included[1])]}", "Additional facts"
    output = _OUTPUT.match(pointer)
    if output and int(output[1]) < len(draft.outputs):
        return f"output-{draft.outputs[int(output[1])]}", "Outputs"
    return _control_of_field(pointer, draft)


def _control_of_field(pointer: str, draft: Draft) -> tuple[str, str]:
    if pointer.startswith("/severity"):
        return f"severity-{draft.severity}", "Severity"
    found = (
        control for prefix, control in _FIELDS.items() if pointer.startswith(prefix)
    )
    return next(found, ("", ""))


def _control_of_watched(number: int, draft: Draft) -> tuple[str, str]:
    """Return the control that first named a fact of the definition's list."""
    controls: dict[str, tuple[str, str]] = {}
    for place in draft.said_rows:
        row, label = draft.rows[place], f"Condition {place + 1}"
        controls.setdefault(row.fact, (f"c-{place}-fact", label))
        if row.against == "fact":
            controls.setdefault(row.value, (f"c-{place}-value", label))
    found = list(controls.values())
    return found[number] if number < len(found) else ("", "")
