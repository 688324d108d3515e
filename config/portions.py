"""Long lists, a portion at a time: one statement takes so many values and no more."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

_One = TypeVar("_One")


def portions(listed: Sequence[_One], most: int) -> Iterator[Sequence[_One]]:
    """Give a list in its order, at most so many of it at once."""
    for first in range(0, len(listed), most):
        yield listed[first : first + most]
