"""Forms of the pages that bring records in."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.forms import BoundField

from datasets.formats import Format
from datasets.schemas import FieldType, Index, InferredField, SchemaInvalid
from datasets.services import DatasetDraft, ImportPreview
from workspaces.models import Workspace
from workspaces.refusals import Refusal

_HISTORY, _LIVE = "history", "live"
_RECORDS = {
    _HISTORY: "History: rules judge them and keep what they find, nobody is told",
    _LIVE: "Happening now: alerts are raised and sent",
}
_TYPES: Mapping[FieldType, str] = {
    FieldType.STRING: "Text",
    FieldType.NUMBER: "Number",
    FieldType.INTEGER: "Whole number",
    FieldType.BOOLEAN: "Yes or no",
    FieldType.DATE: "Date or time",
    FieldType.ANY: "Anything",
    FieldType.OBJECT: "Object",
    FieldType.ARRAY: "List",
}
#: What a cell of a CSV file cannot be.
_NESTED = (FieldType.OBJECT, FieldType.ARRAY)
#: Which control of the form a service's pointer means.
_CONTROLS = {
    "/slug": "name",
    "/title": "title",
    "/zone": "zone",
    "/shards": "shards",
    "/index/key": "key",
    "/index/date": "date",
}
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


class PasteForm(forms.Form):
    """Records as text."""

    text = forms.CharField(
        label="Records",
        strip=False,
        help_text=(
            "CSV with a first line of names, a JSON list, or one JSON object a line. "
            "Up to 1 MB; a file may be larger."
        ),
        error_messages={"required": "Paste at least one record."},
        widget=forms.Textarea(
            attrs={
                "rows": 10,
                "spellcheck": "false",
                "autocapitalize": "off",
                "class": "mono",
                "placeholder": (
                    "symbol,price,at\n"
                    "MSFT,309.20,2026-03-02T15:30:00Z\n"
                    "AAPL,187.45,2026-03-02T15:30:01Z"
                ),
            }
        ),
    )


class FileForm(forms.Form):
    """Records as a file."""

    file = forms.FileField(
        label="File",
        allow_empty_file=True,  # the service says it better
        error_messages={"required": "Choose a file."},
    )


class RecordsForm(forms.Form):
    """What the records of a file are: the past, or news."""

    records = forms.ChoiceField(
        label="These records are",
        choices=list(_RECORDS.items()),
        initial=_HISTORY,
        error_messages={"required": "Say whether they are history or happening now."},
        widget=forms.RadioSelect,
    )

    @property
    def is_live(self) -> bool:
        """Say whether alerts of these records are sent."""
        return bool(self.cleaned_data["records"] == _LIVE)

    def to_draft(self) -> DatasetDraft | None:
        """Return the dataset to make; None if the records go to one that is there."""
        return None


@dataclass(frozen=True, slots=True)
class FieldRow:
    """A column that was seen, and the control of its type."""

    seen: InferredField
    control: BoundField


class DatasetForm(RecordsForm):
    """A new dataset, suggested by what its file holds."""

    name = forms.CharField(
        label="Name",
        max_length=64,
        help_text="Letters, digits and underscores. Rules name the dataset so.",
        error_messages={"required": "Give the dataset a name, like PRICES."},
    )
    title = forms.CharField(label="Title", max_length=200, required=False)
    key = forms.ChoiceField(
        label="Key",
        required=False,
        help_text="Names what a record is about. Rules watch each key for itself.",
    )
    date = forms.ChoiceField(
        label="Time of a record",
        required=False,
        help_text=(
            "With a time, a record that repeats the key and time of another is left "
            "out as a repetition."
        ),
    )
    zone = forms.ChoiceField(
        label="Time zone", help_text="Of days, and of times that name none."
    )
    shards = forms.IntegerField(
        label="Shards",
        required=False,
        initial=1,
        help_text=(
            "More than 1 divides the keys among as many lanes, which are judged side "
            "by side. It cannot be changed later."
        ),
    )

    def __init__(
        self, *args: Any, preview: ImportPreview, workspace: Workspace, **kwargs: Any
    ) -> None:
        """Fill in what was found; everything can be changed."""
        super().__init__(*args, **kwargs)
        self.inferred = preview.inferred
        names = [(seen.name, seen.name) for seen in preview.inferred.fields]
        fields: dict[str, Any] = self.fields  # any: Django types them loosely
        fields["key"].choices = [("", "No key: one series"), *names]
        fields["key"].initial = preview.inferred.key
        fields["date"].choices = [("", "When it arrives"), *names]
        fields["date"].initial = preview.inferred.date
        fields["zone"].choices = [(zone, zone) for zone in zone_names(workspace.zone)]
        fields["zone"].initial = workspace.zone
        nested = () if preview.format is Format.CSV else _NESTED
        choices = [
            (kind.value, label)
            for kind, label in _TYPES.items()
            if kind not in _NESTED or nested
        ]
        for number, seen in enumerate(preview.inferred.fields):
            fields[_type_name(number)] = forms.ChoiceField(
                label=f"Type of {seen.name}", choices=choices, initial=seen.type.value
            )
        self.order_fields(["name", "title", "key", "date", "zone", "shards", "records"])

    @property
    def rows(self) -> Iterator[FieldRow]:
        """The columns that were seen, each with the control of its type."""
        for number, seen in enumerate(self.inferred.fields):
            yield FieldRow(seen, self[_type_name(number)])

    def to_draft(self) -> DatasetDraft:
        """Return what the service makes a dataset from.

        Raises:
            SchemaInvalid: for names that no field can bear.
        """
        said = self.cleaned_data
        fields = [
            _with_type(seen, FieldType(said[_type_name(number)]))
            for number, seen in enumerate(self.inferred.fields)
        ]
        index = Index(key=said["key"], date=said["date"])
        schema = replace(self.inferred, fields=tuple(fields)).to_schema(index)
        return DatasetDraft(
            slug=said["name"],
            title=said["title"],
            schema=schema.to_document(),
            index=index,
            zone=said["zone"],
            shards=1 if said["shards"] is None else said["shards"],
        )


def say_refusal(form: forms.Form, refusal: Refusal | SchemaInvalid) -> None:
    """Show what a service refused, at the controls that it means."""
    if isinstance(refusal, SchemaInvalid):
        for problem in refusal.problems:
            form.add_error(None, problem.detail)
        return
    for error in refusal.errors:
        form.add_error(_CONTROLS.get(error.pointer), error.detail)
    if not refusal.errors:
        form.add_error(None, refusal.detail)


def suggest_name(file_name: str) -> str:
    """Make a dataset's name of a file's: goog_daily.csv gives GOOG_DAILY."""
    stem = file_name.rpartition("/")[2].partition(".")[0]
    return _NOT_IN_NAMES.sub("_", stem).strip("_").upper()[:64]


def _type_name(number: int) -> str:
    return f"type-{number}"


def _with_type(seen: InferredField, kind: FieldType) -> InferredField:
    has_time = seen.has_time and kind is FieldType.DATE
    return replace(seen, type=kind, has_time=has_time)


def zone_names(own: str) -> list[str]:
    """Return the names of time zones, those first that are chosen most."""
    rest = sorted(zone for zone in available_timezones() if "/" in zone)
    return list(dict.fromkeys([own, "UTC", *rest]))
