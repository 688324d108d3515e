"""Reading a draft: what it says, which lane would judge it, what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from datasets.models import Dataset, Lane
from datasets.schemas import FieldType as DeclaredType
from datasets.schemas import read_schema
from rules.engine import (
    DefinitionInvalid,
    FactPath,
    FieldType,
    Problem,
    Specification,
    check_types,
)
from rules.ports import ports
from rules.services.facts import dataset_of
from rules.services.homes import (
    home_lane,
    lanes_read,
    lanes_telling,
    problems_of_shards,
)
from rules.services.parsing import parse_rule
from workspaces.access import Access
from workspaces.refusals import FieldError, Invalid

_ENGINE_TYPES = {
    DeclaredType.STRING: FieldType.TEXT,
    DeclaredType.INTEGER: FieldType.NUMBER,
    DeclaredType.NUMBER: FieldType.NUMBER,
    DeclaredType.BOOLEAN: FieldType.BOOLEAN,
    DeclaredType.DATE: FieldType.DATE,
    DeclaredType.OBJECT: FieldType.OBJECT,
    DeclaredType.ARRAY: FieldType.ARRAY,
    DeclaredType.ANY: FieldType.ANY,
}


def engine_type(declared: DeclaredType) -> FieldType:
    """Return what the engine calls a declared type; integers are numbers."""
    return _ENGINE_TYPES[declared]


class RuleInvalid(Invalid):
    """A definition that cannot become a rule; `errors` name each place."""

    code = "rule_invalid"


def read_definition(
    *, access: Access, definition: Mapping[str, object]
) -> tuple[Specification, Lane]:
    """Parse and check a definition; return it with the lane that would judge it.

    Raises:
        RuleInvalid: with one error per wrong place.
    """
    try:
        spec = parse_rule(definition, workspace=access.workspace.slug)
    except DefinitionInvalid as error:
        raise _invalid(error.problems) from error
    watched = _watched_datasets(access, spec)
    problems = _type_problems(spec, watched) + _output_problems(access, spec)
    problems += _template_problems(spec)
    problems += problems_of_shards(spec, watched, own=access.workspace)
    if problems:
        raise _invalid(problems)
    return spec, home_lane(spec, watched, own=access.workspace)


def foreign_lanes(
    *,
    access: Access,
    spec: Specification,
    home: Lane,
    facts: Iterable[FactPath] | None = None,
) -> list[Lane]:
    """Return the lanes whose facts a checked rule reads, although `home` judges it.

    Of some of its facts only, if they are given.
    """
    read = spec.facts + spec.include if facts is None else facts
    lanes = lanes_read(read, _watched_datasets(access, spec))
    return sorted(lanes - {home}, key=lambda lane: lane.pk)


def telling_lanes(*, access: Access, spec: Specification, home: Lane) -> list[Lane]:
    """Return the lanes that tell those that judge a checked rule what it reads."""
    lanes = lanes_telling(spec, _watched_datasets(access, spec), home)
    return sorted(lanes, key=lambda lane: lane.pk)


def _watched_datasets(access: Access, spec: Specification) -> dict[str, Dataset]:
    """Return the datasets of the facts by series; unknown ones are errors."""
    watched: dict[str, Dataset] = {}
    problems = []
    places = [(f"/watch/facts/{n}", fact) for n, fact in enumerate(spec.facts)]
    places += [(f"/include/{n}", fact) for n, fact in enumerate(spec.include)]
    for pointer, fact in places:
        if fact.series in watched:
            continue
        dataset = dataset_of(fact, own=access.workspace)
        if dataset is None:
            problems.append(
                Problem(
                    pointer=pointer,
                    code="unknown_dataset",
                    detail=f"There is no dataset {fact.workspace}:{fact.dataset}; "
                    "make it first, or mend the fact's path.",
                )
            )
            continue
        watched[fact.series] = dataset
    if problems:
        raise _invalid(problems)
    return watched


def _type_problems(
    spec: Specification, watched: Mapping[str, Dataset]
) -> list[Problem]:
    schemas = {series: read_schema(one.schema) for series, one in watched.items()}

    def type_of(fact: FactPath) -> FieldType | None:
        field = schemas[fact.series].field(fact.root)
        if field is None:
            return None
        # What lies inside an object is not declared; only events will tell.
        return FieldType.ANY if fact.steps else engine_type(field.type)

    return check_types(spec, type_of)


def _output_problems(access: Access, spec: Specification) -> list[Problem]:
    known = {
        choice.slug
        for choice in ports.outputs.choices(workspace_id=access.workspace.pk)
    }
    return [
        Problem(
            pointer=f"/outputs/{place}/output",
            code="unknown_output",
            detail=f"There is no output {one.output!r} in this workspace; "
            "make it first, or choose one of the existing ones.",
        )
        for place, one in enumerate(spec.outputs)
        if one.output not in known
    ]


def _template_problems(spec: Specification) -> list[Problem]:
    """Refuse words that no alert could ever render, before one has to."""
    problems = []
    for place, use in enumerate(spec.outputs):
        for name, template in (("subject", use.subject), ("message", use.message)):
            detail = ports.outputs.problem_of(template=template)
            if detail:
                pointer = f"/outputs/{place}/{name}"
                problems.append(
                    Problem(pointer=pointer, code="bad_template", detail=detail)
                )
    return problems


def _invalid(problems: Sequence[Problem]) -> RuleInvalid:
    errors = [
        FieldError(pointer=one.pointer, code=one.code, detail=one.detail)
        for one in problems
    ]
    return RuleInvalid(" ".join(one.detail for one in errors), errors=errors)
