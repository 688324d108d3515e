"""Telling again of what stays open: after a time, or once its value has moved."""

from datetime import datetime, timedelta

from tests.rules.engine.reference.comparing import rises
from tests.rules.engine.reference.episodes import (
    Episodes,
    Named,
    Place,
    Timer,
    Told,
)
from tests.rules.engine.reference.reading import every, feed_every
from tests.rules.engine.reference.truth import Moment


class Reminders(Episodes):
    """Adds reminders to what is known of rules and keys."""

    def _remind_by_time(
        self, named: Named, moment: Moment, at: datetime, until: datetime, place: Place
    ) -> list[Told]:
        if named not in self.open or not self._rhythm(named):
            return []
        self._remind_next(named, at, until)
        if self.timers[Timer(*named, "remind")] <= until:
            return []
        return self._remind(named, moment, at, place)

    def _remind_next(self, named: Named, at: datetime, until: datetime) -> None:
        """Go on to the next turn, or to the last one that has come meanwhile."""
        rhythm = self._rhythm(named)
        if rhythm:
            due = at + rhythm
            while due + rhythm <= until:
                due += rhythm
            self._set(named, "remind", due)

    def _rhythm(self, named: Named) -> timedelta:
        written = self.rules[named[0]].definition.get("raise", {}).get("remind_every")
        return every(written or 0)

    def _remind_if_moved(
        self, moment: Moment, here: Told, at: datetime, *, counts: bool
    ) -> list[Told]:
        named = here.rule_id, here.key
        raising = self.rules[named[0]].definition.get("raise", {})
        if "again_if_moved" not in raising:
            return []
        last, by = self.told_at.get(named), raising["again_if_moved"]
        if rises(moment.leading(), last, "change", by) != "true":
            return []
        if (*named, "(feed)", at) == self._last_telling(named):
            return []
        reminded = self._remind(named, moment, at, (here.seq, here.ord))
        if counts:
            self.counts[named[0]]["sent"] += any(one.told for one in reminded)
        return reminded

    def _last_telling(self, named: Named) -> object:
        told = [one for one in self.tellings if one[:3] == (*named, "(feed)")]
        return told[-1] if told else None

    def _remind(
        self, named: Named, moment: Moment, at: datetime, place: Place
    ) -> list[Told]:
        """Tell all whose cool-down is over, unless the alert is about to end."""
        rule, opened = self.rules[named[0]], self.open[named]
        if named in self.since:
            return []
        told = self._tell(rule, *named, at)
        feed = self._tell_one(*named, "(feed)", feed_every(rule.definition), at)
        if not told and not feed:
            return []
        know = dict.fromkeys((*opened.told, *told))
        self.open[named] = opened._replace(told=tuple(know))
        self.told_at[named] = moment.leading()
        seq, ord_ = place
        reminded = opened._replace(kind="reminded", severity="", told=told)
        return [reminded._replace(seq=seq, ord=ord_)]

    def _watch_reminders(
        self, named: Named, moment: Moment, at: datetime, *, was_open: bool
    ) -> None:
        raising = self.rules[named[0]].definition.get("raise", {})
        if named not in self.open:
            return
        if self._rhythm(named) and Timer(*named, "remind") not in self.timers:
            self._set(named, "remind", at + self._rhythm(named))
        if "again_if_moved" in raising and self.told_at.get(named) is None:
            self.told_at[named] = moment.leading()
        if not was_open and {"remind_every", "again_if_moved"} & raising.keys():
            self.tellings.append((*named, "(feed)", at))
