"""Arrays that grow in place, seen both by numpy and by plain Python.

A batch of events works on ``array``; a single event works on ``view``, a memoryview of
the same memory, because one element of an array costs plain Python several times more
than one of a memoryview.
"""

from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Number = TypeVar("Number", bound=np.generic)
Integer = TypeVar("Integer", bound=np.integer[Any])  # Any: of every width

Floats = NDArray[np.float64]
Longs = NDArray[np.int64]
Ints = NDArray[np.int32]
Bytes = NDArray[np.int8]
Flags = NDArray[np.bool_]

_LEAST = 16


class Buffer(Generic[Number]):
    """A one-dimensional array with room to grow; new elements hold ``fill``.

    ``array`` and ``view`` are replaced when it grows: take them anew after ``reach``.
    """

    __slots__ = ("_fill", "array", "view")

    def __init__(self, kind: type[Number], fill: float = 0) -> None:
        self._fill = fill
        self.array: NDArray[Number] = np.full(0, fill, dtype=kind)
        self.view: memoryview[Any] = self.array.data  # Any: of every format

    def reach(self, size: int) -> None:
        """Have room for at least so many elements."""
        if size > len(self.array):
            self.resize(max(size, len(self.array) * 3 // 2, _LEAST))

    def resize(self, size: int) -> None:
        """Have room for exactly so many elements; those beyond are lost."""
        grown = np.full(size, self._fill, dtype=self.array.dtype)
        kept = min(size, len(self.array))
        grown[:kept] = self.array[:kept]
        self.replace(grown)

    def replace(self, array: NDArray[Number]) -> None:
        """Put other memory in its place."""
        self.array = np.ascontiguousarray(array)
        self.view = self.array.data

    @property
    def nbytes(self) -> int:
        """Give the size of the memory."""
        return self.array.nbytes


def distinct(values: NDArray[Integer]) -> NDArray[Integer]:
    """Give each of some integers once, in order.

    ``np.unique`` hashes integers, which takes up to fifty times as long as sorting.
    """
    ordered = np.sort(values)
    is_new = np.empty(len(ordered), dtype=np.bool_)
    is_new[:1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_new[1:])
    return ordered[is_new]
