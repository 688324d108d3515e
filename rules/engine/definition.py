"""The native definition: reading one, and writing it back in its canonical form."""

from collections.abc import Mapping
from datetime import timedelta

from rules.engine.conditions import ConditionReader, Watched, parse_fact
from rules.engine.durations import render_duration
from rules.engine.errors import DefinitionInvalid, Problem
from rules.engine.ladders import read_ladder, write_ladder
from rules.engine.nodes import Condition, Group, InSequence, Negation, Node, Spell
from rules.engine.operands import Amount, Direction, OtherFact, Ports, Scores
from rules.engine.paths import FactPath
from rules.engine.places import Place
from rules.engine.raising import read_raise, write_raise
from rules.engine.recoveries import find_wrong_side
from rules.engine.specification import (
    Mode,
    OutputUse,
    RuleKind,
    Severity,
    Specification,
)
from rules.engine.terms import read_terms, write_terms

MAX_NAME_LENGTH = 200
MAX_INCLUDED = 50
MAX_OUTPUTS = 20
MAX_SLUG_LENGTH = 100
MAX_SUBJECT_LENGTH = 1_000
MAX_MESSAGE_LENGTH = 20_000
DEFAULT_COOL_DOWN = timedelta(seconds=60)
NO_PORTS = Ports()

_MEMBERS = (
    "kind",
    "name",
    "watch",
    "when",
    "hold",
    "recover",
    "raise",
    "severity",
    "ladder",
    "include",
    "no_data",
    "active",
    "expires_at",
    "outputs",
)
_OUTPUT_MEMBERS = ("output", "subject", "message", "at_most_every")


def parse_definition(
    definition: Mapping[str, object], *, workspace: str, ports: Ports = NO_PORTS
) -> Specification:
    """Read a native definition of a rule of ``workspace``.

    Facts stand in ``watch.facts`` and are named by number, or are written out where
    they are used. ``kind`` is a signal unless said, an output's cool-down 60 s.
    ``ports`` bring what the standard library lacks.

    Raises:
        DefinitionInvalid: with every problem found, each at its JSON Pointer.
    """
    problems: list[Problem] = []
    root = Place(definition, "", problems)
    members = root.members(_MEMBERS)
    if members is None:
        raise DefinitionInvalid(problems)
    kind = _read_kind(members.get("kind"))
    name = read_name(root, members.get("name"))
    watched = Watched(workspace)
    reader = ConditionReader(watched, ports)
    listed = _read_watch(members.get("watch"), watched)
    when = _read_when(root, members.get("when"), reader)
    terms = read_terms(
        members, kind=kind, read_node=reader.read, read_time=ports.read_time
    )
    ladder = read_ladder(members.get("ladder"), reader.read)
    if listed is not None and not problems:
        watched.refuse_unused(listed)
    raising = read_raise(members.get("raise"), kind)
    severity = _read_severity(members.get("severity"))
    include = _read_include(members.get("include"), workspace)
    outputs = _read_outputs(members.get("outputs"))
    if problems or when is None:
        raise DefinitionInvalid(problems)
    specification = Specification(
        kind=kind,
        name=name,
        facts=tuple(watched.paths),
        when=when,
        mode=raising.mode,
        announces_resolve=raising.announces_resolve,
        severity=severity,
        ladder=ladder,
        include=include,
        outputs=outputs,
        again_if_moved=raising.again_if_moved,
        remind_every=raising.remind_every,
        only_new=raising.only_new,
        hold=terms.hold,
        recover=terms.recover,
        no_data=terms.no_data,
        active=terms.active,
        expires_at=terms.expires_at,
    )
    _refuse_what_cannot_work(specification)
    return specification


def _refuse_what_cannot_work(specification: Specification) -> None:
    """Refuse a silence that is never heard, a wait for nothing, a wrong recovery.

    Raises:
        DefinitionInvalid: with each condition that is so.
    """
    unheard = [
        Problem(
            pointer=f"{pointer}/fact",
            code="never_heard",
            detail=f"The rule is run by events of any key, not by those of"
            f" {condition.fact.key}, so its {_unheard(condition)} would go unnoticed;"
            " write * for the key, or make a rule of its own for it.",
        )
        for pointer, condition in specification.conditions()
        if (condition.operator.wake is not None or condition.window is not None)
        and specification.any_key
        and not condition.fact.any_key
    ]
    wrong_side = find_wrong_side(specification)
    found = [*unheard, wrong_side] if wrong_side else unheard
    if specification.mode is Mode.ON_WINDOW_CLOSE and not specification.tumbles:
        found.append(_NO_WINDOW)
    if found:
        raise DefinitionInvalid(found)


_NO_WINDOW = Problem(
    pointer="/raise/mode",
    code="no_window",
    detail='This waits for a window to be final, and no condition of "when" asks about'
    ' one that ends; ask "over" a "tumbling" window, or leave the mode out.',
)


def _unheard(condition: Condition) -> str:
    return "silence" if condition.window is None else "values"


def to_definition(specification: Specification) -> dict[str, object]:
    """Write the canonical native definition; parsing it gives the same specification.

    Numbers are ``int`` and ``Decimal``: store them with an encoder that keeps them
    exact.
    """
    numbers = {fact: number for number, fact in enumerate(specification.facts)}
    return {
        "kind": str(specification.kind),
        "name": specification.name,
        "watch": {"facts": [str(fact) for fact in specification.facts]},
        "when": _write_node(specification.when, numbers),
        **write_terms(specification, lambda node: _write_node(node, numbers)),
        "raise": write_raise(specification),
        "severity": str(specification.severity),
        **write_ladder(specification.ladder, lambda node: _write_node(node, numbers)),
        "include": [str(fact) for fact in specification.include],
        "outputs": [_write_output(use) for use in specification.outputs],
    }


def _read_kind(place: Place | None) -> RuleKind:
    kind = RuleKind.SIGNAL if place is None else place.choice(RuleKind)
    return kind or RuleKind.SIGNAL


def read_name(root: Place, place: Place | None) -> str:
    """Read the name of a rule."""
    if place is None:
        root.refuse("missing", 'A rule needs a "name".')
        return ""
    name = place.text(at_most=MAX_NAME_LENGTH, blank=False) or ""
    if not name.isprintable():
        place.refuse("bad_text", "A name is one line without control characters.")
    return name.strip()


def _read_watch(place: Place | None, watched: Watched) -> Place | None:
    members = None if place is None else place.members(("facts",))
    listed = None if members is None else members.get("facts")
    if listed is not None:
        for fact in listed.items():
            watched.add(fact)
    return listed


def _read_when(
    root: Place, place: Place | None, reader: ConditionReader
) -> Node | None:
    if place is None:
        root.refuse("missing", 'A rule needs "when", its conditions.')
        return None
    return reader.read(place)


def _read_severity(place: Place | None) -> Severity:
    severity = Severity.WARNING if place is None else place.choice(Severity)
    return severity or Severity.WARNING


def _read_include(place: Place | None, workspace: str) -> tuple[FactPath, ...]:
    if place is None:
        return ()
    found: dict[object, FactPath] = {}
    for entry in place.items(at_most=MAX_INCLUDED):
        path = parse_fact(entry, workspace)
        if path is not None:
            found.setdefault(path.identity, path)
    return tuple(found.values())


def _read_outputs(place: Place | None) -> tuple[OutputUse, ...]:
    if place is None:
        return ()
    uses: dict[str, OutputUse] = {}
    for entry in place.items(at_most=MAX_OUTPUTS):
        use = _read_output(entry)
        if use is not None and use.output in uses:
            entry.refuse("duplicate_output", f'"{use.output}" is named twice.')
        elif use is not None:
            uses[use.output] = use
    return tuple(uses.values())


def _read_output(entry: Place) -> OutputUse | None:
    members = entry.members(_OUTPUT_MEMBERS)
    if members is None:
        return None
    if "output" not in members:
        entry.refuse("missing", 'An output is named: {"output": "its-slug"}.')
        return None
    slug = members["output"].text(at_most=MAX_SLUG_LENGTH, blank=False)
    subject: str | None = ""
    message: str | None = ""
    cool_down: timedelta | None = DEFAULT_COOL_DOWN
    if "subject" in members:
        subject = members["subject"].text(at_most=MAX_SUBJECT_LENGTH)
    if "message" in members:
        message = members["message"].text(at_most=MAX_MESSAGE_LENGTH)
    if "at_most_every" in members:
        cool_down = members["at_most_every"].duration()
    if slug is None or subject is None or message is None or cool_down is None:
        return None
    return OutputUse(output=slug, cool_down=cool_down, subject=subject, message=message)


def _write_node(node: Node, numbers: Mapping[FactPath, int]) -> dict[str, object]:
    match node:
        case Group():
            members = [_write_node(member, numbers) for member in node.members]
            return {str(node.kind): members}
        case Negation():
            return {"not": _write_node(node.member, numbers)}
        case Spell():
            member = _write_node(node.member, numbers)
            return {**member, node.modifier.name: node.modifier.to_json()}
        case InSequence():
            return _write_sequence(node, numbers)
        case Condition():
            return _write_condition(node, numbers)


def _write_sequence(
    node: InSequence, numbers: Mapping[FactPath, int]
) -> dict[str, object]:
    written: dict[str, object] = {
        "sequence": [_write_node(step, numbers) for step in node.steps],
        "within": render_duration(node.within),
    }
    if node.without is not None:
        written["without"] = _write_node(node.without, numbers)
    return written


def _write_condition(
    condition: Condition, numbers: Mapping[FactPath, int]
) -> dict[str, object]:
    written: dict[str, object] = {
        "fact": numbers[condition.fact],
        "op": condition.op,
    }
    if condition.window is not None:
        written |= condition.window.to_json()
    wanted = condition.wanted
    if isinstance(wanted, OtherFact):
        written["value"] = _write_fact(wanted, numbers)
    elif wanted is not None:
        name = "by" if isinstance(wanted, Amount) else "value"
        written[name] = wanted.to_json()
    if isinstance(wanted, Scores):
        written |= _write_scores(wanted)
    if condition.ignore_case:
        written["ignore_case"] = True
    if condition.zone:
        written["zone"] = condition.zone
    if condition.since is not None:
        written["since"] = str(condition.since)
    return written


def _write_scores(wanted: Scores) -> dict[str, object]:
    written: dict[str, object] = {}
    if wanted.direction is not Direction.EITHER:
        written["direction"] = str(wanted.direction)
    if wanted.by is not None:
        written["by"] = wanted.by.to_json()
    return written


def _write_fact(
    wanted: OtherFact, numbers: Mapping[FactPath, int]
) -> dict[str, object]:
    written: dict[str, object] = {"fact": numbers[wanted.fact]}
    if wanted.times != 1:
        written["times"] = wanted.times
    if wanted.plus != 0:
        written["plus"] = wanted.plus
    return written


def _write_output(use: OutputUse) -> dict[str, object]:
    written: dict[str, object] = {"output": use.output}
    if use.subject:
        written["subject"] = use.subject
    if use.message:
        written["message"] = use.message
    written["at_most_every"] = render_duration(use.cool_down)
    return written
