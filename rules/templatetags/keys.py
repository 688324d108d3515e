"""A filter that writes keys as people know them: `{{ alert.key|key_name }}`."""

from __future__ import annotations

from django import template

from rules.engine import key_name

register = template.Library()
register.filter(key_name)
