"""What a posted draft becomes: the engine's problems, shown at their fields."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rules.console.drafts import Draft
from workspaces.refusals import FieldError

_ROW = re.compile(r"/when/(?:all|any)/(\d+)(?:/(fact|op|value))?")
_FIELDS = {
    "/name": ("name", "Name"),
    "/severity": ("severity", "Severity"),
    "/include": ("include", "Additional facts"),
    "/outputs": ("every", "Outputs"),
    "/to": ("new_email", "E-mail address"),
    "/url": ("new_webhook", "Webhook address"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FormError:
    """A sentence about one control of the form."""

    control: str
    label: str
    detail: str


def form_errors(errors: Iterable[FieldError], draft: Draft) -> list[FormError]:
    """Return each error at the control that mends it; unknown places at the first."""
    shown = [_form_error(error, draft) for error in errors]
    return list(dict.fromkeys(shown))


def _form_error(error: FieldError, draft: Draft) -> FormError:
    row = _ROW.match(error.pointer)
    if row is None:
        row = _ROW.match(_row_of_fact(error.pointer, draft))
    if row is not None:
        place, part = row[1], row[2] or "value"
        return FormError(
            control=f"c-{place}-{part}",
            label=f"Condition {int(place) + 1}",
            detail=error.detail,
        )
    for prefix, (control, label) in _FIELDS.items():
        if error.pointer.startswith(prefix):
            return FormError(control=control, label=label, detail=error.detail)
    return FormError(control="c-0-fact", label="Conditions", detail=error.detail)


def _row_of_fact(pointer: str, draft: Draft) -> str:
    """Return the condition that brought in a fact of `/watch/facts/n`."""
    found = re.match(r"/watch/facts/(\d+)", pointer)
    if found is None:
        return ""
    places: dict[str, str] = {}
    for place, row in enumerate(draft.rows):
        places.setdefault(row.fact, f"/when/all/{place}/fact")
        if row.against == "fact":
            places.setdefault(row.value, f"/when/all/{place}/value")
    pointers = list(places.values())
    return pointers[int(found[1])] if int(found[1]) < len(pointers) else ""
