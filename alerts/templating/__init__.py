"""Rendering of the subjects and messages that people write."""

from alerts.templating.template import (
    MAX_OUTPUT_BYTES,
    MAX_SOURCE_LENGTH,
    TemplateInvalid,
    check_template,
    render_template,
)

__all__ = [
    "MAX_OUTPUT_BYTES",
    "MAX_SOURCE_LENGTH",
    "TemplateInvalid",
    "check_template",
    "render_template",
]
