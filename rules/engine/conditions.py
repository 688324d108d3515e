"""Reading the tree of conditions, and the list of facts that it speaks of."""

from collections.abc import Mapping, Sequence

from rules.engine.errors import FactPathInvalid, UnknownOperator
from rules.engine.modifiers import (
    LONGEST_SPAN,
    MODIFIERS,
    read_modifier,
    read_span,
)
from rules.engine.nodes import (
    Condition,
    Group,
    GroupKind,
    InSequence,
    Negation,
    Node,
    Spell,
)
from rules.engine.operand_reading import REFUSED, OperandReader
from rules.engine.operands import Ports
from rules.engine.operators import Operator, Option, find_operator
from rules.engine.paths import FactPath
from rules.engine.places import Place
from rules.engine.window_reading import read_window, refuse_no_number

MAX_CONDITIONS = 50
MAX_DEPTH = 6
MAX_STEPS = 10
MAX_FACT_LENGTH = 4_000

_CONDITION = ("fact", "op", "over", "within", "value", "by", *Option)
_CONDITION_PLANNED = ("within",)
_GROUPS = ("all", "any", "not", "sequence")
_SEQUENCE = ("sequence", "within", "without")


class Watched:
    """The facts of a rule, each once, in the order in which the author named them."""

    def __init__(self, workspace: str) -> None:
        self.paths: list[FactPath] = []
        self._workspace = workspace
        self._listed: list[FactPath | None] = []
        self._used: set[FactPath] = set()

    def add(self, place: Place) -> None:
        """Take in an entry of ``watch.facts``; conditions name it by its number."""
        self._listed.append(self._parse(place))

    def resolve(self, place: Place) -> FactPath | None:
        """Find the fact that a condition names, by number or by path."""
        if isinstance(place.value, int) and not isinstance(place.value, bool):
            path = self._numbered(place, place.value)
        else:
            path = self._parse(place)
        if path is not None:
            self._used.add(path)
        return path

    def refuse_unused(self, place: Place) -> None:
        """Note the listed facts that no condition reads."""
        for number, path in enumerate(self._listed):
            if path is not None and path not in self._used:
                place.at(number, path).refuse(
                    "unused_fact",
                    f"No condition reads {path}. Use it in one, or name it in"
                    ' "include" to have its value delivered.',
                )

    def _numbered(self, place: Place, number: int) -> FactPath | None:
        if 0 <= number < len(self._listed):
            return self._listed[number]
        place.refuse(
            "no_such_fact",
            f'There is no fact number {number}; "watch" lists {len(self._listed)},'
            " counted from 0.",
        )
        return None

    def _parse(self, place: Place) -> FactPath | None:
        path = parse_fact(place, self._workspace)
        if path is None:
            return None
        for known in self.paths:
            if known.identity == path.identity:
                return known
        self.paths.append(path)
        return path


def parse_fact(place: Place, workspace: str) -> FactPath | None:
    """Read one fact path that rules of a workspace may watch."""
    text = place.text(at_most=MAX_FACT_LENGTH, blank=False)
    if text is None:
        return None
    try:
        return FactPath.parse(text, workspace)
    except FactPathInvalid as error:
        place.refuse("bad_fact", str(error))
        return None


class ConditionReader:
    """Reads nodes until the limits of depth and number are reached."""

    def __init__(self, watched: Watched, ports: Ports) -> None:
        self._watched = watched
        self._ports = ports
        self._conditions = 0

    def read(self, place: Place, *, depth: int = 0) -> Node | None:
        """Read a condition or a group; ``None`` once a problem is noted."""
        if isinstance(place.value, Mapping):
            modifiers = [name for name in MODIFIERS if name in place.value]
            if modifiers:
                return self._read_spell(place, place.value, modifiers, depth=depth)
            for name in _GROUPS:
                if name in place.value:
                    return self._read_group(place, name, depth=depth + 1)
        return self._read_condition(place)

    def _read_spell(
        self,
        place: Place,
        written: Mapping[str, object],
        names: Sequence[str],
        *,
        depth: int,
    ) -> Node | None:
        name = names[0]
        for other in names[1:]:
            place.at(other, written[other]).refuse(
                "one_modifier",
                f'Beside "{name}" there is no room for "{other}"; put what has the one'
                ' into a group, {"all": [...]}, and say the other of that.',
            )
        modifier = read_modifier(place.at(name, written[name]), name)
        bare = {one: inside for one, inside in written.items() if one not in names}
        member = self.read(place.at_value(bare), depth=depth)
        if modifier is None or member is None:
            return None
        return Spell(member=member, modifier=modifier)

    def _read_group(self, place: Place, name: str, *, depth: int) -> Node | None:
        known = _SEQUENCE if name == "sequence" else (name,)
        members = place.members(known, _CONDITION_PLANNED)
        if members is None:
            return None
        inside = members[name]
        if depth > MAX_DEPTH:
            inside.refuse(
                "too_deep", f"Groups are nested at most {MAX_DEPTH} deep; flatten them."
            )
            return None
        if name == "sequence":
            return self._read_sequence(place, members, depth=depth)
        if name == "not":
            member = self.read(inside, depth=depth)
            return None if member is None else Negation(member=member)
        return self._read_members(inside, GroupKind(name), depth=depth)

    def _read_sequence(
        self, place: Place, members: Mapping[str, Place], *, depth: int
    ) -> InSequence | None:
        steps = [
            self.read(step, depth=depth)
            for step in members["sequence"].items(at_most=MAX_STEPS)
        ]
        listed = members["sequence"].value
        if isinstance(listed, list) and len(listed) < 2:
            members["sequence"].refuse("too_few", "A sequence has at least two steps.")
        without = None
        if "without" in members:
            without = self.read(members["without"], depth=depth)
        if "within" not in members:
            place.refuse("missing", 'Say within how long: "within": "10m".')
            return None
        within = read_span(members["within"], at_most=LONGEST_SPAN)
        found = tuple(step for step in steps if step is not None)
        if within is None or len(found) < 2:
            return None
        return InSequence(steps=found, within=within, without=without)

    def _read_members(
        self, place: Place, kind: GroupKind, *, depth: int
    ) -> Group | None:
        if place.value == []:
            place.refuse(
                "empty_group",
                f'"{kind}" has no conditions; add one or remove the group.',
            )
            return None
        nodes = [self.read(member, depth=depth) for member in place.items()]
        members = tuple(node for node in nodes if node is not None)
        return Group(kind=kind, members=members) if members else None

    def _read_condition(self, place: Place) -> Condition | None:
        self._conditions += 1
        if self._conditions > MAX_CONDITIONS:
            if self._conditions == MAX_CONDITIONS + 1:
                place.refuse(
                    "too_many_conditions",
                    f"A rule has at most {MAX_CONDITIONS} conditions; split it.",
                )
            return None
        members = place.members(_CONDITION, _CONDITION_PLANNED)
        if members is None:
            return None
        for name in ("fact", "op"):
            if name not in members:
                place.refuse("missing", f'A condition needs "{name}".')
        fact = self._watched.resolve(members["fact"]) if "fact" in members else None
        operator = _read_operator(members["op"]) if "op" in members else None
        if operator is None:
            return None
        return self._read_sides(place, members, fact, operator)

    def _read_sides(
        self,
        place: Place,
        members: Mapping[str, Place],
        fact: FactPath | None,
        operator: Operator,
    ) -> Condition | None:
        reader = OperandReader(operator, self._ports, self._watched.resolve)
        wanted = reader.read(place, members)
        before = len(place.problems)
        if operator.extends and "within" not in members:
            place.refuse(
                "missing",
                f'Say within how long: {{"op": "{operator.id}", "within": "1d"}}; what'
                " was longer ago is not remembered.",
            )
        if operator.deviates and "over" not in members:
            place.refuse(
                "missing",
                'Say beside which values: {"op": "anomaly", "over": {"last": 50},'
                ' "value": 3.5}, or over a "length" of time.',
            )
        window = read_window(operator, members)
        if window is not None and operator.measures and wanted is not REFUSED:
            refuse_no_number(wanted, members)
        if fact is None or wanted is REFUSED or len(place.problems) > before:
            return None
        return Condition(
            fact=fact,
            op=operator.id,
            wanted=wanted,
            ignore_case=reader.ignore_case,
            zone=reader.zone,
            since=reader.since,
            read_time=self._ports.read_time,
            window=window,
        )


def _read_operator(place: Place) -> Operator | None:
    if not isinstance(place.value, str):
        place.refuse("wrong_type", 'An operator is a text such as "lte" or "<=".')
        return None
    try:
        return find_operator(place.value)
    except UnknownOperator as error:
        place.refuse("unknown_operator", str(error))
        return None
