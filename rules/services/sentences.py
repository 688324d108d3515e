"""Saved rules in a sentence, with what people call their outputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import cast

from datasets.json import decode_trusted, encode
from rules.engine import DefinitionInvalid, render_parts
from rules.models import Version
from rules.ports import ports
from rules.services.parsing import parse_rule
from workspaces.models import Workspace


def output_names(*, workspace: Workspace) -> dict[str, str]:
    """Return what people call the workspace's outputs, by their slugs."""
    choices = ports.outputs.choices(workspace_id=workspace.pk)
    return {choice.slug: choice.name for choice in choices}


def sentence_of(
    version: Version, *, workspace: Workspace, names: Mapping[str, str]
) -> str:
    """Say a version with its outputs by name; as it was saved if it is too old."""
    try:
        parts = _parts_of(encode(version.definition), workspace.slug)
    except DefinitionInvalid:
        return version.sentence
    return "".join(text for text, _ in with_names(parts, names))


@lru_cache(maxsize=1_000)
def _parts_of(definition: bytes, workspace: str) -> Sequence[tuple[str, str]]:
    """Read a definition but once: every message of a rule says it anew."""
    stored = cast("Mapping[str, object]", decode_trusted(definition))
    return render_parts(parse_rule(stored, workspace=workspace))


def with_names(
    parts: Iterable[tuple[str, str]], names: Mapping[str, str]
) -> list[tuple[str, str]]:
    """Put names in the place of slugs in the parts of a sentence."""
    return [
        (names.get(text, text) if pointer.endswith("/output") else text, pointer)
        for text, pointer in parts
    ]
