"""How the API reference writes names, paths and descriptions."""

from __future__ import annotations

import re

from django import template
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

_CODE = re.compile(r"`([^`]+)`")
# Where a long name may go on in the next line: after a dot, before a slash.
_BREAKS = re.compile(r"(?<=\.)|(?=/)")


@register.filter
def coded(text: str) -> SafeString:
    """Draw what stands between backticks as code; all else is text."""
    return mark_safe(_CODE.sub(r"<code>\1</code>", escape(text)))  # noqa: S308 - escaped


@register.filter
def breakable(name: str) -> SafeString:
    """Let a path or the name of an inner field run over several lines."""
    return mark_safe(_BREAKS.sub("<wbr>", conditional_escape(name)))  # noqa: S308 - escaped


@register.filter
def below_workspace(path: str) -> str:
    """Shorten a path to what tells it from others."""
    _, _, below = path.partition("/workspaces/{workspace}/")
    return f"/{below}" if below else path.removeprefix("/api/v1")
