"""The words of a column: short texts and booleans, each kept once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rules.columns.buffers import Flags, Ints, Longs
from rules.engine import Value

Word = str | bool
UNKEPT = -1
"""In place of a code: of an event that carried no word, or one that is not kept."""
MOST_WORDS, LONGEST_WORD = 10_000, 200


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a column, and the codes of its rows: their places among them.

    ``codes`` are empty where no row has a word that is kept.
    """

    known: Sequence[Word]
    codes: Ints

    def only(self, rows: Longs) -> "Words":
        """Leave some rows alone, in another order maybe."""
        return Words(self.known, self.codes[rows]) if len(self.codes) else self

    def at(self, row: int) -> Word | None:
        """Give the word of a row; none if it has none that is kept."""
        code = int(self.codes[row]) if len(self.codes) else UNKEPT
        return None if code == UNKEPT else self.known[code]

    def unkept(self, count: int) -> Flags:
        """Tell which of so many rows have no word."""
        if not len(self.codes):
            return np.ones(count, dtype=np.bool_)
        unkept: Flags = self.codes == UNKEPT
        return unkept


NO_WORDS = Words((), np.zeros(0, dtype=np.int32))


def chain_words(parts: Sequence[tuple[Words, int]]) -> Words:
    """Put the words of stretches together that have so many rows."""
    if not any(len(words.codes) for words, _ in parts):
        return NO_WORDS
    numbered: dict[Word, int] = {}
    codes = []
    for words, count in parts:
        known = [_number(numbered, word) for word in words.known]
        # What has no word is the last of all, which is where the code of that points.
        renamed = np.array([*known, UNKEPT], dtype=np.int32)
        own = words.codes if len(words.codes) else _none_of(count)
        codes.append(renamed[own])
    return Words(list(numbered), np.concatenate(codes))


def _number(numbered: dict[Word, int], word: Word) -> int:
    """Give the code of a word, a new one while there is room."""
    known = numbered.get(word)
    if known is None and len(numbered) < MOST_WORDS:
        known = numbered[word] = len(numbered)
    return UNKEPT if known is None else known


@dataclass(slots=True)
class Wording:
    """The words of a column on their way, and which the rows have."""

    numbered: dict[Word, int] = field(default_factory=dict)
    codes: dict[int, int] = field(default_factory=dict)

    def put(self, row: int, value: Value) -> None:
        """Take in what is no number."""
        if isinstance(value, str) and len(value) > LONGEST_WORD:
            return
        if isinstance(value, str | bool):
            self.codes[row] = _number(self.numbered, value)

    def done(self, count: int) -> Words:
        """Give the words of so many rows."""
        if not self.codes:
            return NO_WORDS
        codes = _none_of(count)
        codes[list(self.codes)] = list(self.codes.values())
        return Words(list(self.numbered), codes)


def _none_of(count: int) -> Ints:
    return np.full(count, UNKEPT, dtype=np.int32)
