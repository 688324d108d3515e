"""Why a condition is true, false or unknown, in the words a person would use."""

from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import NamedTuple

from rules.engine.bands import Baseline, say_doubt, say_found
from rules.engine.contents import Contents
from rules.engine.nodes import Condition
from rules.engine.operands import Amount, Constant, OtherFact, Scores
from rules.engine.operators import Operand, Operator
from rules.engine.paths import FactPath
from rules.engine.values import (
    FieldType,
    Number,
    Truth,
    Value,
    distance,
    is_number,
    show,
    type_of,
)
from rules.engine.windows import COUNTING, MAX_MEMBERS
from rules.engine.wording import say_amount, say_wanted

_READ = Context(prec=12, rounding=ROUND_HALF_EVEN, traps=[])


class Reason(NamedTuple):
    """What was found of one condition, ready to be said.

    A tuple, as one is made for every alert: a third of what a frozen dataclass costs.
    """

    condition: Condition
    key: str
    truth: Truth
    found: Value
    before: Value
    wanted: Value
    contents: Contents | None = None
    baseline: Baseline | None = None

    @property
    def operator(self) -> Operator:
        """Give the operator of the condition."""
        return self.condition.operator

    def say(self) -> str:
        """Say it: ``latestPrice is 309.20, at or below 310 (by 0.80)``."""
        scores, found = self.condition.wanted, self.found
        if isinstance(scores, Scores) and is_number(found):
            return f"{self._name} {self._say_unusual(found, scores)}"
        return self._say_compared()

    def _say_compared(self) -> str:
        if self.truth is None:
            return f"{self._name} {self._doubt}" if self._is_left else self._doubt
        if self.condition.op == "is_absent":
            return f"{self._name} is {'not ' if self.truth else ''}in the event"
        if self.found is None:
            return f"{self._name} has no value"
        if self.operator.operand is Operand.NOTHING and not self.operator.looks_back:
            return f"{self._name} is {show(self.found)}"
        if self.truth and self.condition.op == "eq" and not self._other:
            return f"{self._name} is {show(self.wanted)}"
        return f"{self._name} {self._state}, {self._relation}{self._apart}"

    def _say_unusual(self, found: Number, scores: Scores) -> str:
        window = self.condition.window
        if self.truth is None or self.baseline is None:
            least = window.at_least if window else 0
            return say_doubt(found, scores, self.baseline, least)
        return say_found(found, scores, self.baseline, truth=self.truth)

    @property
    def _other(self) -> FactPath | None:
        wanted = self.condition.wanted
        return wanted.fact if isinstance(wanted, OtherFact) else None

    @property
    def _name(self) -> str:
        name = name_fact(self.condition.fact, self.key)
        window = self.condition.window
        if window is None or self.operator.deviates:
            return name
        return window.say(name)

    @property
    def _state(self) -> str:
        if self.contents is not None and not self.operator.reaches:
            return f"is {_show_taken(self.found)}{self._of_how_many}"
        if self.operator.extends:
            return f"is {show(self.found)} against {show(self.before)}"
        if self.operator.looks_back:
            return f"went from {show(self.before)} to {show(self.found)}"
        return f"is {show(self.found)}"

    @property
    def _of_how_many(self) -> str:
        window = self.condition.window
        if window is None or self.contents is None:
            return ""
        said = []
        if window.take not in COUNTING:
            count = self.contents.count
            said.append(f"{count} value{'' if count == 1 else 's'}")
        if not self.contents.is_final:
            said.append("so far")
        if window.tumbles:
            said.append(self.contents.say_extent())
        return f" ({', '.join(said)})" if said else ""

    @property
    def _relation(self) -> str:
        phrase = self.operator.phrase
        wanted = say_wanted(self.operator, self.condition.wanted, self._name_other)
        value = show(self.wanted) if self._other else ""
        since = "since the last alert" if self.condition.since else ""
        window = self.condition.window
        if window is not None and self.operator.reaches:
            since = window.say_extent()
        words = (phrase if self.truth else f"not {phrase}", wanted, value, since)
        return " ".join(word for word in words if word)

    @property
    def _apart(self) -> str:
        """Say how far two numbers lie apart, where one bounds the other."""
        if not (is_number(self.found) and is_number(self.wanted)):
            return ""
        if not self.operator.compares_alike or self.operator.looks_back:
            return ""
        apart = distance(self.found, self.wanted)
        shown = show(apart) if self.contents is None else _show_taken(apart)
        return f" (by {shown})" if apart else ""

    def _name_other(self, path: FactPath) -> str:
        """Call the fact on the right side, by its dataset too where that is another."""
        name = name_fact(path, self.key)
        same = path.series == self.condition.fact.series
        return name if same else f"{path.dataset} {name}"

    @property
    def _is_left(self) -> bool:
        """Tell whether it is the left side that leaves the truth open."""
        if self.found is None or not self._takes(self.found):
            return True
        return self._other is None or self._is_window_open

    @property
    def _is_window_open(self) -> bool:
        """Tell whether it is the window, not what was taken of it, that is in doubt."""
        contents, operator = self.contents, self.operator
        if contents is None or operator.deviates:
            return False
        if not (contents.is_whole and contents.is_final):
            return True
        return self.found is None and not operator.reaches

    @property
    def _doubt(self) -> str:
        """Say what about which side leaves the truth open."""
        if self._is_left:
            return self._doubt_of_left
        assert self._other is not None  # noqa: S101 - the other side is why
        name = self._name_other(self._other)
        if self.wanted is None:
            return f"{name} has no value"
        if not self._takes(self.wanted):
            return f"{name} {self._no_such_type(self.wanted)}"
        types = type_of(self.found), type_of(self.wanted)
        return f"{self._name} is a {types[0]} and {name} a {types[1]}"

    @property
    def _doubt_of_left(self) -> str:
        if self._is_window_open and self.contents is not None:
            return _doubt_of_window(self.contents, _show_taken(self.found))
        if self.found is None:
            return "has no value"
        if not self._takes(self.found):
            return self._no_such_type(self.found)
        if self.operator.looks_back:
            return self._doubt_of_past
        wanted = self.condition.wanted
        if self.operator.types == {FieldType.DATE} or not isinstance(wanted, Constant):
            return f"is {show(self.found)}, which is no time"
        types = type_of(self.found), type_of(wanted.value)
        return f"is a {types[0]} and {show(self.wanted)} a {types[1]}"

    @property
    def _doubt_of_past(self) -> str:
        if self.before is None:
            return "had no value before"
        wanted = self.condition.wanted
        if isinstance(wanted, Amount) and wanted.is_percent and self.before == 0:
            return f"was 0, of which no {say_amount(wanted)} can be told"
        return f"was {show(self.before)}, from which it cannot be told"

    def _takes(self, value: Value) -> bool:
        """Tell whether the operator can be asked of a value of this type."""
        types = {
            FieldType.TEXT if one is FieldType.DATE else one
            for one in self.operator.types
        }
        if type_of(value) is FieldType.NUMBER:
            return is_number(value) and FieldType.NUMBER in types
        return type_of(value) in types

    def _no_such_type(self, value: Value) -> str:
        types = " or ".join(sorted(self.operator.types))
        return f"is {show(value)}, which is no {types}"


def _show_taken(value: Value) -> str:
    """Show what was taken of a window; of an average not all 34 digits are read."""
    if isinstance(value, Decimal) and len(value.as_tuple().digits) > _READ.prec:
        return show(_READ.plus(value))
    return show(value)


def _doubt_of_window(contents: Contents, found: str) -> str:
    if not contents.is_final:
        so_far = found if contents.count else "nothing"
        final = f"{contents.final_at:%Y-%m-%d %H:%M:%S %Z}"
        return f"is {so_far} so far, and final at {final} ({contents.say_extent()})"
    if contents.is_whole:
        return "cannot be told: it holds no value"
    return f"cannot be told: it held more than {MAX_MEMBERS} values"


def name_fact(path: FactPath, key: str) -> str:
    """Call a fact by its field, and by its key too where that is another one."""
    if path.named_key in (None, key):
        return path.field
    return f"{path.named_key} {path.field}"
