"""What a rule says at one event, over the whole history."""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.rules.engine.reference import spells
from tests.rules.engine.reference.comparing import (
    changed,
    compare,
    folded,
    is_number,
    rises,
    said,
    side,
    side_in,
)
from tests.rules.engine.reference.moments import Found, bare, tumbles
from tests.rules.engine.reference.reading import (
    Definition,
    all_conditions,
    every,
    fact_of,
    facts_of,
)
from tests.rules.engine.reference.windows import (
    JUST,
    Timed,
    counted,
    in_force,
    inside,
    length_of,
    moved,
    take,
    unusual,
)

CROSSINGS = {"cross_up": (1,), "cross_down": (-1,), "cross": (1, -1)}
RECORDS = {"new_high": 1, "new_low": -1}
MOVES = {
    *CROSSINGS,
    *RECORDS,
    *("rise", "fall", "change", "changed", "changed_to"),
    *("becomes_true", "becomes_false"),
}


class Moment(Found):
    """One rule at one event, and what it says there."""

    def truth(self, node: Definition) -> str:
        """Judge a tree: true, false or unknown."""
        for name in spells.MODIFIERS:
            if name in node:
                inside = {one: node[one] for one in node if one != name}
                return self.lasting(name, node, self.truth(inside))
        if "not" in node:
            opposite = {"true": "false", "false": "true"}
            return opposite.get(self.truth(node["not"]), "unknown")
        for kind, decides, otherwise in (
            ("all", "false", "true"),
            ("any", "true", "false"),
        ):
            if kind in node:
                truths = {self.truth(one) for one in node[kind]}
                if decides in truths:
                    return decides
                return "unknown" if "unknown" in truths else otherwise
        return self.in_sequence(node) if "sequence" in node else self.ask(node)

    def in_sequence(self, node: Definition) -> str:
        """Judge a sequence, at an event alone; two that are alike see the same."""
        steps = tuple(self.truth(step) for step in node["sequence"])
        between = self.truth(node["without"]) if "without" in node else "false"
        if not self.is_event:
            return "false"
        seen = self.courses.setdefault(repr(node), [])
        if repr(node) not in self.noted:
            self.noted.add(repr(node))
            seen.append(spells.Course(self.at, steps, between))
        return spells.in_sequence(seen, node["within"])

    def lasting(self, name: str, node: Definition, truth: str) -> str:
        """Judge a modifier; two that are written alike see the same."""
        called = f"{name} {node!r}"
        seen = self.seen.setdefault(called, [])
        if called not in self.noted:
            self.noted.add(called)
            seen.append(spells.Seen(self.at, truth, self.is_event))
        answer = spells.ask(name, node[name], seen)
        is_state = self.definition.get("kind") == "state"
        self.wakes += answer.wakes
        self.wakes += [end for end in answer.ends if is_state or end != self.at]
        return answer.truth

    def ask(self, node: Definition) -> str:
        """Judge one condition."""
        fact = fact_of(node["fact"], self.definition)
        left = self.newest(fact)
        op = node["op"]
        if "over" in node or "within" in node:
            return self.ask_over(node, self.now)
        if op in ("is_missing", "is_present"):
            return said((left is None) == (op == "is_missing"))
        if op == "is_absent":
            carried = self.of(fact) == self.subject and fact[2] in self.events(fact)[-1]
            return said(not carried)
        if op == "silent":
            return self.is_silent(fact, every(node["value"]))
        if op in MOVES:
            return self.moved(node, fact, left)
        wanted = self.wanted(node)
        if node.get("ignore_case"):
            left, wanted = folded(left), folded(wanted)
        return compare(left, op, wanted, self.at)

    @property
    def now(self) -> datetime:
        """Give the end of windows that slide."""
        return max(self.at, self.clock)

    def ask_over(self, node: Definition, now: datetime) -> str:
        """Judge a condition over a window that ends at an instant."""
        if node["op"] == "anomaly":
            return self.ask_unusual(node)
        if tumbles(node):
            return self.ask_closed(node)
        if node["op"] in RECORDS:
            return self.ask_record(node, now)
        if "within" in node:
            length = every(node["within"])
            values = in_force(self.timed(node), length, now)
            return moved(values, now - length, node["op"], node["by"])
        over = node["over"]
        members = inside(self.timed(node), over, now)
        taken = take([value for _, value in members], over["take"])
        if node["op"] in CROSSINGS:
            return self.crossed(node, taken, [])
        return compare(taken, node["op"], self.wanted(node), self.at)

    def ask_record(self, node: Definition, now: datetime) -> str:
        """Tell whether the event's value passes all others of the time up to now."""
        fact = fact_of(node["fact"], self.definition)
        found, length = self.newest(fact), every(node["within"])
        carried = self.of(fact) == self.subject and fact[2] in self.events(fact)[-1]
        known = self.timed(node, own=not carried)
        others = [value for _, value in in_force(known, length, now)]
        if not is_number(found) or not others:
            return "unknown"
        way = RECORDS[node["op"]]
        return said(carried and all(side(found, one) == way for one in others))

    def ask_unusual(self, node: Definition) -> str:
        """Tell whether the newest value is unusual: what was said as it came stands."""
        fact = fact_of(node["fact"], self.definition)
        if self.of(fact) != self.subject or fact[2] not in self.events(fact)[-1]:
            return self.unusual.get(repr(node), "unknown")
        answer, found = "unknown", self.newest(fact)
        if is_number(found):
            others = inside(self.timed(node, own=False), node["over"], self.now)
            answer = unusual(Fraction(found), [one for _, one in others], node)
        if self.keeps:
            self.unusual[repr(node)] = answer
        return answer

    def ask_closed(self, node: Definition) -> str:
        """Judge a condition over windows that follow one another."""
        row, is_state = self.row(node), self.definition.get("kind") == "state"
        closes = row.is_known and row.end + self.lateness == self.at
        self.wakes += [self.at] if closes else []
        self.await_closing(node)
        self.has_closed = self.has_closed or (closes and not self.is_event)
        waits = self.definition.get("raise", {}).get("mode") == "on_window_close"
        is_constant = not isinstance(node.get("value"), dict)
        within = None if is_state else row.start_of(self.at)
        if not waits and is_constant and row.is_surely(node, within):
            return "true"
        if not row.is_known or not (is_state or (closes and not self.is_event)):
            return "unknown"
        taken = row.taken(row.end - row.length)
        if node["op"] in CROSSINGS:
            return self.crossed(node, taken, [])
        return compare(taken, node["op"], self.wanted(node), self.at)

    def note_values(self) -> None:
        """Note what comes, and what time does, while the rule does not run."""
        for node in all_conditions(self.definition):
            if tumbles(node):
                self.row(node)
                self.await_closing(node)
            elif node["op"] == "anomaly" and self.is_event:
                self.ask_unusual(bare(node))

    def timed(self, node: Definition, *, kept: bool = False, own: bool = True) -> Timed:
        """Give the values that count and their times, since the rule was turned on."""
        fact = fact_of(node["fact"], self.definition)
        subject = self.of(fact)
        began = self.began.get(subject, 0)
        events = list(zip(self.times[subject], self.history[subject], strict=True))
        if not own or (kept and not self.keeps and subject == self.subject):
            events.pop()
        brought = [(at, one[fact[2]]) for at, one in events[began:] if fact[2] in one]
        return counted(brought, node.get("over", {}).get("take", "extremes"))

    def sliding(self) -> list[Definition]:
        """Give a state rule's conditions over windows that values leave by time."""
        if self.definition.get("kind") != "state":
            return []
        return [
            bare(node)
            for node in all_conditions(self.definition)
            if length_of(node) and node["op"] not in {*RECORDS, "anomaly"}
            if not tumbles(node)
        ]

    def leaving(self) -> list[datetime]:
        """Give the instants to come at which values leave windows."""
        return [
            at + length_of(node)
            for node in self.sliding()
            for at, _ in self.timed(node, kept=True)
            if self.now - length_of(node) < at <= self.now
        ]

    def has_lapsed(self) -> bool:
        """Tell whether a value that leaves just now turns a condition."""
        if self.at <= self.clock:
            return False
        turned = False
        for node in self.sliding():
            said_then = self.ask_and_forget(node, self.now - JUST)
            turned = turned or said_then != self.ask_and_forget(node, self.now)
        return turned

    def ask_and_forget(self, node: Definition, now: datetime) -> str:
        """Judge a condition over a window, and remember no side of it."""
        sides = dict(self.sides)
        answer = self.ask_over(node, now)
        self.sides.clear()
        self.sides.update(sides)
        return answer

    def is_silent(self, fact: tuple[str, str, str], least: timedelta) -> str:
        """Tell whether nothing was heard of the key for so long."""
        seen = self.watermarks.get(self.of(fact))
        if seen is None:
            return "false"
        self.wakes.append(seen + least)
        return said(self.at - seen >= least)

    def leading(self) -> object:
        """Give the value of the fact that an alert is about."""
        facts = facts_of(self.definition)
        starred = [fact for fact in facts if fact[1] == "*"]
        return self.newest((starred or facts)[0])

    def moved(self, node: Definition, fact: tuple[str, str, str], left: Any) -> str:
        """Compare with what the fact was before the event."""
        op = node["op"]
        before = self.values(fact, before=True)
        if "since" in node:
            if is_number(left):
                self.bases.setdefault(repr(node), left)
            return rises(left, self.bases.get(repr(node)), op, node["by"])
        if op in ("rise", "fall", "change"):
            return rises(left, before[-1] if before else None, op, node["by"])
        known = [value for value in before if value is not None]
        if op in CROSSINGS:
            return self.crossed(node, left, known)
        return changed(left, known[-1] if known else None, op, node.get("value"))

    def crossed(self, node: Definition, left: Any, known: list[Any]) -> str:
        """Tell whether the side on which the fact was last is another one now."""
        wanted = self.wanted(node)
        is_kept = isinstance(node["value"], dict) or "over" in node
        came_from = self.came.setdefault(repr(node), self.sides.get(repr(node)))
        if came_from is None:
            came_from = side_in(known, wanted)
        stands = side(left, wanted)
        if is_kept and (stands or came_from):
            self.sides[repr(node)] = stands or came_from or 0
        if came_from is None or stands is None:
            return "unknown"
        return said(stands == -came_from and stands in CROSSINGS[node["op"]])

    def climb(self) -> None:
        """Judge the steps of the ladder."""
        for step in self.definition.get("ladder", ()):
            self.steps[step["is"]] = self.truth(step["when"])

    def begin_anew(self, node: Definition) -> None:
        """Let a move since the last alert begin where its fact is now."""
        left = self.newest(fact_of(node["fact"], self.definition))
        if is_number(left):
            self.bases[repr(bare(node))] = left


def recovery_of(moment: Moment, truth: str) -> str:
    """Say whether what ends an alert is true."""
    recover = moment.definition.get("recover", {})
    if "when" in recover:
        return moment.truth(recover["when"])
    return {"true": "false", "false": "true"}.get(truth, "unknown")
