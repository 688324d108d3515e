"""Templates that people write: Liquid with a closed set of tags and filters.

A template is untrusted and runs in a worker that others wait for, so everything in it
is bounded: the length of its text, what a loop may run through, what it may remember
and write, and its time. It sees plain values only. The filters are our own, because
the library's turn decimals into 0, and some build texts of any length
(`date: "%999999999d"`, `replace`, `join` over a range).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from functools import lru_cache

from liquid import BoundTemplate, Environment
from liquid.builtin.content import Literal
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.comment_tag import CommentTag
from liquid.builtin.tags.for_tag import BreakTag, ContinueTag, ForTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError

from alerts.templating.filters import FILTERS, Filter, FilterFailed, plain

MAX_SOURCE_LENGTH = 8_000
MAX_OUTPUT_BYTES = 64 * 1024
_LOCAL_BYTES = 64 * 1024
_SECONDS = 0.25
# A loop may run through so many characters of template in all, and no loop longer.
_LOOPED_CHARACTERS = 100_000
_MOST_ITERATIONS = 500
#: Templates that are kept as read: of the longest that is a megabyte each.
_KEPT = 32

_TAGS = (
    Literal,
    Output,
    Illegal,
    IfTag,
    UnlessTag,
    CaseTag,
    ForTag,
    BreakTag,
    ContinueTag,
    AssignTag,
    CommentTag,
)

# The library raises these, besides its own, on what a hostile template makes it do.
_FAILURES = (
    LiquidError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class TemplateInvalid(ValueError):
    """A template that cannot be read or rendered; the text is for its author."""


class _Clock(threading.local):
    """When the template that a thread renders has to be done.

    By the thread's own time: a busy machine must not make a good template fail.
    """

    ends_at = 0.0


_CLOCK = _Clock()


class _Environment(Environment):
    """What one template may do; its loops may go the fewer rounds the longer it is."""

    block_nesting_limit = 10
    context_depth_limit = 10
    local_namespace_limit = _LOCAL_BYTES
    output_stream_limit = MAX_OUTPUT_BYTES

    def __init__(self, source: str) -> None:
        # Nested loops multiply, and every round walks the body again.
        rounds = _LOOPED_CHARACTERS // max(len(source), 1)
        self.loop_iteration_limit = min(  # type: ignore[misc] # read from instances
            rounds, _MOST_ITERATIONS
        )
        super().__init__()

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        """Register the closed set, each filter with an eye on the time."""
        for tag in _TAGS:
            self.add_tag(tag)
        for name, apply in FILTERS.items():
            self.add_filter(name, _timed(apply))


def _timed(apply: Filter) -> Filter:
    def timed(value: object, *arguments: object) -> object:
        if time.thread_time() > _CLOCK.ends_at:
            raise FilterFailed("it takes too long")
        return apply(plain(value), *map(plain, arguments))

    return timed


def check_template(source: str) -> None:
    """Read a template without rendering it.

    Raises:
        TemplateInvalid: with what is wrong, and in which line.
    """
    template = _parse(source)
    unknown = sorted(set(template.analyze().filters) - set(FILTERS))
    if unknown:
        raise TemplateInvalid(
            f"The template names a filter {unknown[0]!r} that does not exist. "
            f"There are {', '.join(FILTERS)}."
        )


def render_template(source: str, values: Mapping[str, object]) -> str:
    """Render a template over plain values; a name that is not there gives nothing.

    Raises:
        TemplateInvalid: it cannot be read, fails on these values, or takes too much.
    """
    template = _kept(source)
    _CLOCK.ends_at = time.thread_time() + _SECONDS
    try:
        return template.render(**{name: plain(value) for name, value in values.items()})
    except _FAILURES as error:
        raise TemplateInvalid(_sentence(error)) from None


def _parse(source: str) -> BoundTemplate:
    if len(source) > MAX_SOURCE_LENGTH:
        raise TemplateInvalid(
            f"The template has more than {MAX_SOURCE_LENGTH} characters."
        )
    try:
        return _Environment(source).from_string(source)
    except _FAILURES as error:
        raise TemplateInvalid(_sentence(error)) from None


# A template is rendered for each of its messages, and reading it takes longer than
# that. What was read is a ring of objects as well, which only the collector would find.
_kept = lru_cache(maxsize=_KEPT)(_parse)


def _sentence(error: BaseException) -> str:
    line = ""
    if isinstance(error, LiquidError):
        place = error.context()
        line = f" in line {place[0]}" if place else ""
        what = error.message if isinstance(error.message, str) else str(error)
    else:
        what = str(error)
    return f"The template does not work{line}: {what[:200] or type(error).__name__}."
