"""Whose facts a rule reads, and what their columns are called.

Events of all keys that run one instance are put together in the lane's order as if they
were one key's, with a column for each field of each of them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Self

from rules.engine import (
    PLAIN_SERIES,
    AllSeries,
    FactPath,
    Specification,
    Subject,
    subject_of,
)

#: As many have room in the bits of what records say of an event.
MOST_OWN = 15


class Source(NamedTuple):
    """The keys of a series, each for itself, or one of them as it is stored."""

    series: str
    key: str | None

    def under(self, key: str) -> Subject:
        """Name the subject that is read under a key."""
        return self.series, key if self.key is None else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Whose facts a rule reads.

    Events of the ``own`` run it, the leading one's first; ``beside`` any key they are
    named keys, whose facts are read alone. ``asked`` are the fields of each of which
    conditions are, ``carried`` those that events of a series are to bring.
    """

    own: tuple[Source, ...]
    beside: tuple[Source, ...]
    asked: Mapping[Source, tuple[str, ...]]
    carried: Mapping[str, tuple[str, ...]]
    _series: AllSeries

    @classmethod
    def of(cls, spec: Specification, series: AllSeries) -> Self | None:
        """Find whose facts a rule reads; none if columns cannot put them together."""
        own = _distinct(_source(one, series) for one in spec.triggers)
        every = _distinct(_source(one, series) for one in spec.facts)
        forms = {series.get(one.series, PLAIN_SERIES).folds for one in own}
        if len(own) > MOST_OWN or (spec.any_key and len(forms) > 1):
            return None
        asked = [(_source(one, series), one.root) for one in spec.facts]
        return cls(
            own=own,
            beside=tuple(one for one in every if one not in own),
            asked={one: _roots(root for s, root in asked if s == one) for one in every},
            carried={
                name: _roots(root for s, root in asked if s.series == name)
                for name in {one.series for one in every}
            },
            _series=series,
        )

    @property
    def is_single(self) -> bool:
        """Tell whether there are no others than one."""
        return len(self.own) == 1 and not self.beside

    @property
    def series(self) -> frozenset[str]:
        """Name the series of which events are to be looked at."""
        return frozenset(self.carried)

    @property
    def names(self) -> dict[str, tuple[int, str]]:
        """Name the columns of the own: of which one, by its number, and what field."""
        return {
            self.column(one, root): (number, root)
            for number, one in enumerate(self.own)
            for root in self.carried[one.series]
        }

    @property
    def asked_of_own(self) -> frozenset[str]:
        """Name the columns that run the rule."""
        return frozenset(
            self.column(one, root) for one in self.own for root in self.asked[one]
        )

    def column(self, source: Source, root: str) -> str:
        """Name the column of a field; that of a rule on one source is called so."""
        if self.is_single:
            return root
        return f"{source.series}:{'*' if source.key is None else source.key}:{root}"

    def name(self, fact: FactPath) -> str:
        """Name the column of a fact."""
        return self.column(_source(fact, self._series), fact.root)


def _source(fact: FactPath, series: AllSeries) -> Source:
    if fact.any_key:
        return Source(fact.series, None)
    return Source(*subject_of(fact, "", series))


def _distinct(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(dict.fromkeys(sources))


def _roots(roots: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(roots)))
