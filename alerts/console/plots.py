"""Small pictures of a row of numbers, as points of an SVG; their words stand beside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

WIDTH = 240
HEIGHT = 48
#: Between two bars, as a share of what each has.
_GAP = 0.2


@dataclass(frozen=True, slots=True)
class Bar:
    """A rectangle; `tone` chooses its colour."""

    x: float
    y: float
    width: float
    height: float
    tone: str


def line(values: Sequence[float], *, most: float = 0) -> str:
    """Return a polyline's points from left to right; `most` is at least the top."""
    top = max(most, *values, 1e-9) if values else 1.0
    step = WIDTH / max(len(values) - 1, 1)
    return " ".join(
        f"{place * step:.1f},{_y(value, top):.1f}" for place, value in enumerate(values)
    )


def bars(stacks: Sequence[Sequence[tuple[str, float]]]) -> list[Bar]:
    """Return the rectangles of stacked bars; each stack is tones with their numbers."""
    top = max([sum(number for _, number in stack) for stack in stacks], default=0)
    room = WIDTH / max(len(stacks), 1)
    return [
        bar
        for place, stack in enumerate(stacks)
        for bar in _stacked(stack, place * room, room * (1 - _GAP), top or 1)
    ]


def _stacked(
    stack: Sequence[tuple[str, float]], x: float, width: float, top: float
) -> Iterator[Bar]:
    floor = float(HEIGHT)
    for tone, number in stack:
        if number:
            # What is there at all is seen, however little it is beside the rest.
            height = max(number / top * HEIGHT, 1)
            floor -= height
            yield Bar(
                round(x, 1), round(floor, 1), round(width, 1), round(height, 1), tone
            )


def _y(value: float, top: float) -> float:
    return HEIGHT - 1 - value / top * (HEIGHT - 2)
