"""Carrying rules from place to place as YAML: out of a workspace, and into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final

from django.db import transaction

from rules.engine import Place, Problem
from rules.models import Rule
from rules.services.definitions import RuleInvalid
from rules.services.saving import (
    KindIsFixed,
    change_rule,
    create_rule,
    list_rules,
    turn_rule,
)
from rules.services.sentences import output_names, sentence_of
from rules.yaml import Written, YamlInvalid, read_yaml
from rules.yaml_writing import write_yaml
from workspaces.access import Access, Need
from workspaces.refusals import FieldError, Invalid

MOST_RULES: Final = 10_000
_SLUG_LENGTH: Final = 80


class RulesFileInvalid(Invalid):
    """A file that cannot be imported; `errors` say where, and begin with the line."""

    code = "rules_file_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A rule as it reads, and what an import does: create, change it or nothing."""

    slug: str
    name: str
    action: str
    sentence: str


def export_rules(*, access: Access, rules: Iterable[Rule] | None = None) -> str:
    """Write rules with their slugs and switches; all of the workspace if none are said.

    What is written is each rule's newest version, in its canonical form.
    """
    access.require(Need.INSPECT)
    chosen = list_rules(access=access).order_by("pk") if rules is None else rules
    return write_yaml(
        {
            "workspace": access.workspace.slug,
            "rules": [
                {
                    "slug": rule.slug,
                    "is_enabled": rule.is_enabled,
                    "definition": rule.latest.definition,
                }
                for rule in chosen
                if rule.latest is not None
            ],
        }
    )


@transaction.atomic
def import_rules(
    *, access: Access, text: bytes, now: datetime, only_check: bool = False
) -> list[Carried]:
    """Make or change the rules of a file, all of them or none; others stay.

    1. A rule is found by its slug; what is as the file says is left alone.
    2. Facts of the workspace that the file names are those of this one.
    3. With `only_check` nothing is stored, whatever the answer says.

    Raises:
        RulesFileInvalid: with every wrong place, each with its line.
    """
    access.require(Need.WRITE)
    try:
        written = read_yaml(text)
    except YamlInvalid as error:
        wrong = FieldError(
            pointer="", code="yaml_invalid", detail=f"Line {error.line}: {error.detail}"
        )
        raise RulesFileInvalid(wrong.detail, errors=[wrong]) from error
    problems: list[Problem] = []
    carried = _Import(access, now, written, problems).carry()
    if problems:
        raise _invalid(written, problems)
    if only_check:
        transaction.set_rollback(True)
    return carried


@dataclass
class _Import:
    """One file on its way into a workspace."""

    access: Access
    now: datetime
    written: Written
    problems: list[Problem]

    def carry(self) -> list[Carried]:
        """Carry every rule that can be, and note what is wrong with the others."""
        root = Place(self.written.value, "", self.problems)
        members = root.members(("workspace", "rules"))
        if members is None or "rules" not in members:
            root.refuse("missing", 'Write the rules in a list, "rules".')
            return []
        named = ""
        if "workspace" in members:
            named = members["workspace"].text(at_most=_SLUG_LENGTH) or ""
        places = list(members["rules"].items(at_most=MOST_RULES))
        rules = [self._rule(place, named) for place in places]
        seen: set[str] = set()
        for place, rule in zip(places, rules, strict=True):
            if rule is not None and rule.slug in seen:
                place.refuse("duplicate_slug", f"The slug {rule.slug} is named twice.")
            seen |= {rule.slug} if rule is not None else set()
        return [rule for rule in rules if rule is not None]

    def _rule(self, root: Place, named: str) -> Carried | None:
        members = root.members(("slug", "is_enabled", "definition"))
        if members is None or "definition" not in members:
            root.refuse("missing", 'A rule needs its "definition".')
            return None
        slug = _read_slug(members.get("slug"))
        switch = members.get("is_enabled")
        is_enabled = switch.flag() if switch else None
        place = members["definition"]
        if not isinstance(place.value, Mapping):
            place.refuse("wrong_type", 'The "definition" is an object.')
            return None
        own = self.access.workspace.slug
        definition = _moved(place.value, named or own, own)
        try:
            return self._saved(slug, definition, is_enabled=is_enabled)
        except RuleInvalid as error:
            for one in error.errors:
                at = Place(None, f"{place.pointer}{one.pointer}", self.problems)
                at.refuse(one.code, one.detail)
        except KindIsFixed as error:
            place.refuse(error.code, error.detail)
        return None

    def _saved(
        self, slug: str, definition: Mapping[str, object], *, is_enabled: bool | None
    ) -> Carried:
        found = list_rules(access=self.access).filter(slug=slug).first()
        if found is None:
            rule = create_rule(
                access=self.access,
                definition=definition,
                now=self.now,
                is_enabled=is_enabled is not False,
                slug=slug,
            )
            return self._carried(rule, "created")
        before = (found.latest_id, found.is_enabled)
        rule = change_rule(
            access=self.access, rule=found, definition=definition, now=self.now
        )
        if is_enabled is not None:
            turn_rule(access=self.access, rule=rule, on=is_enabled, now=self.now)
        is_same = before == (rule.latest_id, rule.is_enabled)
        return self._carried(rule, "unchanged" if is_same else "changed")

    def _carried(self, rule: Rule, action: str) -> Carried:
        sentence = ""
        if rule.latest is not None:
            workspace = self.access.workspace
            sentence = sentence_of(rule.latest, workspace=workspace, names=self._names)
        return Carried(slug=rule.slug, name=rule.name, action=action, sentence=sentence)

    @cached_property
    def _names(self) -> Mapping[str, str]:
        return output_names(workspace=self.access.workspace)


def _read_slug(place: Place | None) -> str:
    slug = place.text(at_most=_SLUG_LENGTH, blank=False) if place else None
    if place is not None and slug is not None and not _is_slug(slug):
        place.refuse("bad_slug", "A slug is of small letters, digits and hyphens.")
    return slug or ""


def _is_slug(text: str) -> bool:
    return text.replace("-", "a").isalnum() and text.isascii() and text == text.lower()


def _moved(written: Any, old: str, new: str) -> Any:  # Any: JSON
    """Write the facts of a workspace as those of another, wherever they are named."""
    if isinstance(written, Mapping):
        return {
            name: _renamed(one, old, new)
            if name in ("fact", "facts", "include")
            else _moved(one, old, new)
            for name, one in written.items()
        }
    if isinstance(written, list):
        return [_moved(one, old, new) for one in written]
    return written


def _renamed(written: Any, old: str, new: str) -> Any:  # Any: JSON
    if isinstance(written, list):
        return [_renamed(one, old, new) for one in written]
    if not isinstance(written, str):
        return written
    workspace, colon, rest = written.partition(":")
    if workspace == new:
        return written
    return f"{new}:{rest}" if colon and workspace.upper() == old.upper() else written


def _invalid(written: Written, problems: list[Problem]) -> RulesFileInvalid:
    errors = [
        FieldError(
            pointer=one.pointer,
            code=one.code,
            detail=f"Line {written.line_of(one.pointer)}: {one.detail}",
        )
        for one in problems
    ]
    return RulesFileInvalid(
        " ".join([*(one.detail for one in errors[:3]), "Nothing was stored."]),
        errors=errors,
    )
