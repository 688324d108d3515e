"""How bad an alert is: as bad as the worst step that is so."""

from datetime import datetime

from tests.rules.engine.reference.episodes import Told
from tests.rules.engine.reference.reading import Definition
from tests.rules.engine.reference.reminders import Reminders
from tests.rules.engine.reference.truth import Moment

RISING = ("info", "warning", "critical")


def severity(moment: Moment, carried: str = "") -> str:
    """Name the worst step that is true; one that is unknown keeps whoever is on it."""
    for name in reversed(RISING):
        truth = moment.steps.get(name, "false")
        if truth == "true" or (truth == "unknown" and name == carried):
            return name
    return plain(moment.definition)


def plain(definition: Definition) -> str:
    """Name the rule's own severity."""
    return str(definition.get("severity", "warning"))


class Ladders(Reminders):
    """Adds the severities of alerts to what is known of rules and keys."""

    def _begin_severity(self, moment: Moment, begun: Told) -> Told:
        found = severity(moment)
        begun = begun._replace(severity=found)
        if begun.kind == "opened":
            named = begun.rule_id, begun.key
            self.severities[named] = [found]
        return begun

    def _change_severity(
        self, moment: Moment, here: Told, at: datetime, *, counts: bool
    ) -> list[Told]:
        """Go to another step; all are told of what is worse than it ever was."""
        named = here.rule_id, here.key
        definition = self.rules[here.rule_id].definition
        if not definition.get("ladder") or named in self.since:
            return []
        known = self.severities.setdefault(named, [plain(definition)])
        before, now = known[-1], severity(moment, known[-1])
        if now == before:
            return []
        worse = RISING.index(now) > RISING.index(before)
        told: tuple[str, ...] = ()
        if worse:
            worst = max(map(RISING.index, known))
            told = self._tell(
                self.rules[here.rule_id], *named, at, all_=RISING.index(now) > worst
            )
        known.append(now)
        if counts:
            self.counts[here.rule_id]["sent"] += bool(told)
        opened = self.open[named]
        know = dict.fromkeys((*opened.told, *told))
        self.open[named] = opened._replace(told=tuple(know))
        kind = "escalated" if worse else "eased"
        changed = opened._replace(kind=kind, severity=now, told=told)
        return [changed._replace(seq=here.seq, ord=here.ord)]
