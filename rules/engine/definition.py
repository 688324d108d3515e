"""The native definition: reading one, and writing it back in its canonical form."""

from collections.abc import Mapping
from datetime import timedelta

from rules.engine.conditions import ConditionReader, Watched, parse_fact
from rules.engine.durations import render_duration
from rules.engine.errors import DefinitionInvalid, Problem
from rules.engine.operands import Amount, OtherFact, Ports
from rules.engine.paths import FactPath
from rules.engine.places import Place
from rules.engine.specification import (
    Condition,
    Group,
    Mode,
    Negation,
    Node,
    OutputUse,
    RuleKind,
    Severity,
    Specification,
)

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
    "include",
    "no_data",
    "active",
    "expires_at",
    "outputs",
)
_NOT_OFFERED = ("recover", "no_data", "active", "expires_at")
_MODES = {
    RuleKind.SIGNAL: (Mode.EVERY_MATCH, Mode.ON_ENTER),
    RuleKind.STATE: (Mode.ON_ENTER,),
}
_MODES_PLANNED = (
    "again_if_moved",
    "once",
    "once_per_key",
    "remind_every",
    "on_window_close",
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
    _refuse_what_is_not_offered(members)
    kind = _read_kind(members.get("kind"))
    name = _read_name(root, members.get("name"))
    facts, when = _read_conditions(root, members, workspace, ports)
    mode, announces_resolve = _read_raise(members.get("raise"), kind)
    severity = _read_severity(members.get("severity"))
    include = _read_include(members.get("include"), workspace)
    outputs = _read_outputs(members.get("outputs"))
    if problems or when is None:
        raise DefinitionInvalid(problems)
    return Specification(
        kind=kind,
        name=name,
        facts=facts,
        when=when,
        mode=mode,
        announces_resolve=announces_resolve,
        severity=severity,
        include=include,
        outputs=outputs,
    )


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
        "raise": _write_raise(specification),
        "severity": str(specification.severity),
        "include": [str(fact) for fact in specification.include],
        "outputs": [_write_output(use) for use in specification.outputs],
    }


def _refuse_what_is_not_offered(members: Mapping[str, Place]) -> None:
    for name in _NOT_OFFERED:
        if name in members and members[name].value is not None:
            members[name].refuse(
                "not_offered", f'"{name}" is not offered yet; leave it out.'
            )
    if "hold" in members and members["hold"].duration():
        members["hold"].refuse(
            "not_offered", '"hold" is not offered yet; leave it out.'
        )


def _read_kind(place: Place | None) -> RuleKind:
    kind = RuleKind.SIGNAL if place is None else place.choice(RuleKind)
    return kind or RuleKind.SIGNAL


def _read_name(root: Place, place: Place | None) -> str:
    if place is None:
        root.refuse("missing", 'A rule needs a "name".')
        return ""
    name = place.text(at_most=MAX_NAME_LENGTH, blank=False) or ""
    if not name.isprintable():
        place.refuse("bad_text", "A name is one line without control characters.")
    return name.strip()


def _read_conditions(
    root: Place, members: Mapping[str, Place], workspace: str, ports: Ports
) -> tuple[tuple[FactPath, ...], Node | None]:
    watched = Watched(workspace)
    listed = _read_watch(members.get("watch"))
    if listed is not None:
        for place in listed.items():
            watched.add(place)
    if "when" not in members:
        root.refuse("missing", 'A rule needs "when", its conditions.')
        return (), None
    noted = len(root.problems)
    when = ConditionReader(watched, ports).read(members["when"])
    if listed is not None and len(root.problems) == noted:
        watched.refuse_unused(listed)
    return tuple(watched.paths), when


def _read_watch(place: Place | None) -> Place | None:
    members = None if place is None else place.members(("facts",))
    return None if members is None else members.get("facts")


def _read_raise(place: Place | None, kind: RuleKind) -> tuple[Mode, bool]:
    default = _MODES[kind][0]
    members = {} if place is None else place.members(("mode", "resolved")) or {}
    mode: Mode | None = default
    if "mode" in members:
        mode = members["mode"].choice(Mode, _MODES_PLANNED)
        if mode is not None and mode not in _MODES[kind]:
            allowed = ", ".join(_MODES[kind])
            members["mode"].refuse(
                "mode_not_for_kind", f"A {kind} rule cannot be {mode}; use {allowed}."
            )
    announces = kind is RuleKind.STATE
    if "resolved" in members:
        if kind is RuleKind.SIGNAL:
            members["resolved"].refuse(
                "not_for_signal",
                "A signal rule has no end to announce; leave this out, or make a state"
                " rule.",
            )
        announces = members["resolved"].flag() is True
    return mode or default, announces


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
        case Condition():
            return _write_condition(node, numbers)


def _write_condition(
    condition: Condition, numbers: Mapping[FactPath, int]
) -> dict[str, object]:
    written: dict[str, object] = {
        "fact": numbers[condition.fact],
        "op": condition.op,
    }
    wanted = condition.wanted
    if isinstance(wanted, OtherFact):
        written["value"] = _write_fact(wanted, numbers)
    elif wanted is not None:
        name = "by" if isinstance(wanted, Amount) else "value"
        written[name] = wanted.to_json()
    if condition.ignore_case:
        written["ignore_case"] = True
    if condition.zone:
        written["zone"] = condition.zone
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


def _write_raise(specification: Specification) -> dict[str, object]:
    written: dict[str, object] = {"mode": str(specification.mode)}
    if specification.kind is RuleKind.STATE:
        written["resolved"] = specification.announces_resolve
    return written


def _write_output(use: OutputUse) -> dict[str, object]:
    written: dict[str, object] = {"output": use.output}
    if use.subject:
        written["subject"] = use.subject
    if use.message:
        written["message"] = use.message
    written["at_most_every"] = render_duration(use.cool_down)
    return written
